//! Constant folding: what depends on constants alone is computed once, when the plan is compiled.

use super::Held;
use super::merge::Merged;
use crate::error::{Error, Result};
use crate::eval::{Computation, Storage, compute};
use crate::graph::{Graph, Kind, Node, NodeId};
use crate::shape::{Layout, size};
use crate::tape::{Op, OperandView, Operands, Precision};
use std::sync::Arc;

/// Elements of a result at most: a long array is not worth keeping where it is quickly made again.
const LONG: usize = 1 << 16;

/// A node whose numbers are known when the plan is compiled.
enum Known<F> {
    /// The numbers, in row-major order.
    Numbers(Vec<F>),
    /// The place of another node's numbers in the list, and where among them those of this one lie: as for values and for
    /// steps, since a kernel may round by the layout of its operands.
    View(u32, Layout),
}

/// The numbers of the constants of a plan, and of what was computed from them.
pub(super) struct Folded<F> {
    /// For every node, its place in the list.
    places: Vec<u32>,
    known: Vec<Known<F>>,
}

impl<F: Precision> Folded<F> {
    const UNKNOWN: u32 = u32::MAX;

    /// The constants alone, or, with `fold`, all that depends on nothing else.
    ///
    /// # Errors
    ///
    /// If an op refuses its operands.
    pub(super) fn new(
        graph: &Graph,
        ops: &[Arc<dyn Op>],
        merged: &Merged,
        held: &Held,
        fold: bool,
    ) -> Result<Self> {
        let mut folded = Self { places: vec![Self::UNKNOWN; graph.len()], known: Vec::new() };
        for &id in &merged.nodes {
            let node = graph.node(id);
            let known = if held.contains_key(&id) {
                None
            } else if let Some(exact) = node.constant() {
                Some(Known::Numbers(exact.iter().map(|&x| F::of(x)).collect()))
            } else if fold && node.leaf().is_none() {
                folded.compute(graph, ops, merged, id)?
            } else {
                None
            };
            if let Some(known) = known {
                folded.places[id.index()] = folded.known.len() as u32;
                folded.known.push(known);
            }
        }
        Ok(folded)
    }

    fn known(&self, id: NodeId) -> Option<&Known<F>> {
        self.known.get(self.places[id.index()] as usize)
    }

    /// The numbers of a node that is known and no view of another.
    pub(super) fn get(&self, id: NodeId) -> Option<&[F]> {
        match self.known(id) {
            Some(Known::Numbers(numbers)) => Some(numbers),
            _ => None,
        }
    }

    /// The place of the numbers in which a known node's lie, and where.
    fn located(&self, graph: &Graph, id: NodeId) -> Option<(u32, Layout)> {
        Some(match self.known(id)? {
            Known::Numbers(_) => (self.places[id.index()], Layout::contiguous(graph.node(id).shape())),
            Known::View(root, layout) => (*root, layout.clone()),
        })
    }

    /// The numbers of a node whose operands are known.
    fn compute(
        &self,
        graph: &Graph,
        ops: &[Arc<dyn Op>],
        merged: &Merged,
        id: NodeId,
    ) -> Result<Option<Known<F>>> {
        let node = graph.node(id);
        let len = size(node.shape());
        // Scalar graphs are long, and most nodes have an operand that is not known.
        if len > LONG
            || node.kind() == Kind::Index
            || !node.read_inputs().all(|(_, x)| self.known(merged.of(x)).is_some())
        {
            return Ok(None);
        }
        let op = &*ops[graph.record(id).op.0 as usize];
        compute(
            op,
            node.shape(),
            Kind::Real,
            &mut Folding { folded: self, graph, merged, node, scratch: Vec::new() },
        )
        .map(Some)
    }

    /// The numbers at a place.
    fn numbers(&self, place: u32) -> &[F] {
        match &self.known[place as usize] {
            Known::Numbers(numbers) => numbers,
            Known::View(..) => unreachable!("views are of numbers, not of views"),
        }
    }
}

/// A node that is being folded.
struct Folding<'p, F> {
    folded: &'p Folded<F>,
    graph: &'p Graph,
    merged: &'p Merged,
    node: Node<'p>,
    scratch: Vec<F>,
}

impl<'p, F: Precision> Folding<'p, F> {
    /// Where an operand lies, if it is known; of any other, the shape alone is read.
    fn operand(&self, x: NodeId) -> OperandView<'p, F> {
        match self.folded.located(self.graph, self.merged.of(x)) {
            Some((root, layout)) => OperandView { data: self.folded.numbers(root), indices: None, layout },
            None => {
                let layout = Layout::contiguous(self.graph.node(x).shape());
                OperandView { data: &[], indices: None, layout }
            }
        }
    }
}

impl<F: Precision> Storage<F> for Folding<'_, F> {
    type Stored = Known<F>;
    const WHAT: &'static str = "compile";

    fn first(&self) -> Option<OperandView<'_, F>> {
        let &x = self.node.inputs().first()?;
        self.folded.known(self.merged.of(x)).map(|_| self.operand(x))
    }

    fn operands(&mut self) -> (Operands<'_, F>, &mut Vec<F>) {
        (self.node.inputs().iter().map(|&x| self.operand(x)).collect(), &mut self.scratch)
    }

    fn view(&mut self, layout: Layout) -> Result<Known<F>> {
        let place = self.folded.located(self.graph, self.merged.of(self.node.inputs()[0]));
        let (root, _) = place.unwrap_or_else(|| unreachable!("a view is of an operand that is known"));
        Ok(Known::View(root, layout))
    }

    fn number(&mut self, number: F) -> Result<Known<F>> {
        Ok(Known::Numbers(vec![number]))
    }

    fn array(&mut self, len: usize, kernel: impl Computation<F>) -> Result<Known<F>> {
        let mut y = vec![F::zero(); len];
        let (x, scratch) = self.operands();
        kernel(x, &mut y, scratch).map_err(|problem| self.refused(problem))?;
        Ok(Known::Numbers(y))
    }

    fn indices(&mut self, _: Vec<usize>) -> Result<Known<F>> {
        unreachable!("results of indices are not folded")
    }

    fn refused(&self, problem: String) -> Error {
        self.graph.refused(Self::WHAT, self.node.id(), problem)
    }
}
