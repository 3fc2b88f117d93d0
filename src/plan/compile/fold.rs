//! Constant folding: what depends on constants alone is computed once, when the plan is compiled.

use super::merge::{Held, Merged};
use crate::base::shape::{Layout, size};
use crate::error::{Error, Result};
use crate::eval::{Computation, Storage, compute};
use crate::graph::{Graph, Kind, Node, NodeId};
use crate::kernel::flush_subnormals;
use crate::tape::{Op, OperandView, Operands, Precision};
use std::sync::Arc;

/// Elements of a folded array at most: a longer one is computed again sooner than it is worth keeping.
const LONG: usize = 1 << 16;

/// The numbers of a node that depends on constants alone.
enum FoldedValue<F> {
    /// The numbers, in row-major order.
    Numbers(Vec<F>),
    /// The index of another node's numbers, and the layout among them of this one's. A view stays one, as in values and in
    /// steps, since a kernel may round by the layout of its operands.
    View(u32, Layout),
}

/// The constants of a plan, and what was computed from them.
pub(crate) struct FoldedConstants<F> {
    /// For every node, its index among the values.
    indices: Vec<u32>,
    values: Vec<FoldedValue<F>>,
}

impl<F: Precision> FoldedConstants<F> {
    const UNKNOWN: u32 = u32::MAX;

    /// The constants alone, or, with `fold`, all that depends on nothing else; with `flush`, subnormal results as 0.
    ///
    /// # Errors
    ///
    /// If an op refuses its operands.
    pub(crate) fn new(
        graph: &Graph,
        ops: &[Arc<dyn Op>],
        merged: &Merged,
        held: &Held,
        fold: bool,
        flush: bool,
    ) -> Result<Self> {
        let mut folded = Self { indices: vec![Self::UNKNOWN; graph.len()], values: Vec::new() };
        for &id in &merged.nodes {
            let node = graph.node(id);
            let value = if held.contains_key(&id) {
                None
            } else if let Some(exact) = node.constant() {
                Some(FoldedValue::Numbers(exact.iter().map(|&x| F::of(x)).collect()))
            } else if fold && node.leaf().is_none() {
                let mut value = folded.compute(graph, ops, merged, id)?;
                if let Some(FoldedValue::Numbers(numbers)) = value.as_mut().filter(|_| flush) {
                    flush_subnormals(numbers);
                }
                value
            } else {
                None
            };
            if let Some(value) = value {
                folded.indices[id.index()] = folded.values.len() as u32;
                folded.values.push(value);
            }
        }
        Ok(folded)
    }

    fn value(&self, id: NodeId) -> Option<&FoldedValue<F>> {
        self.values.get(self.indices[id.index()] as usize)
    }

    /// The numbers of a folded node that is no view of another.
    pub(crate) fn get(&self, id: NodeId) -> Option<&[F]> {
        match self.value(id) {
            Some(FoldedValue::Numbers(numbers)) => Some(numbers),
            _ => None,
        }
    }

    /// The index of the numbers that hold a folded node's, and its layout among them.
    fn located(&self, graph: &Graph, id: NodeId) -> Option<(u32, Layout)> {
        Some(match self.value(id)? {
            FoldedValue::Numbers(_) => (self.indices[id.index()], Layout::contiguous(graph.node(id).shape())),
            FoldedValue::View(root, layout) => (*root, layout.clone()),
        })
    }

    /// The value of a node whose operands are folded.
    fn compute(
        &self,
        graph: &Graph,
        ops: &[Arc<dyn Op>],
        merged: &Merged,
        id: NodeId,
    ) -> Result<Option<FoldedValue<F>>> {
        let node = graph.node(id);
        let len = size(node.shape());
        // The usual case first: most nodes have an operand that is not folded.
        if len > LONG
            || node.kind() == Kind::Index
            || !node.read_inputs().all(|(_, x)| self.value(merged.of(x)).is_some())
        {
            return Ok(None);
        }
        let op = &*ops[graph.record(id).op.0 as usize];
        let mut storage = FoldStorage { folded: self, graph, merged, node, scratch: Vec::new() };
        compute(op, node.shape(), Kind::Real, &mut storage).map(Some)
    }

    /// The numbers at an index.
    fn numbers(&self, index: u32) -> &[F] {
        match &self.values[index as usize] {
            FoldedValue::Numbers(numbers) => numbers,
            FoldedValue::View(..) => unreachable!("views are of numbers, not of views"),
        }
    }
}

/// Where the operands of a node that is folded lie, and what its value becomes.
struct FoldStorage<'p, F> {
    folded: &'p FoldedConstants<F>,
    graph: &'p Graph,
    merged: &'p Merged,
    node: Node<'p>,
    scratch: Vec<F>,
}

impl<'p, F: Precision> FoldStorage<'p, F> {
    /// An operand; of one that is not folded, the shape alone is read.
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

impl<F: Precision> Storage<F> for FoldStorage<'_, F> {
    type Stored = FoldedValue<F>;
    const WHAT: &'static str = "compile";

    fn first(&self) -> Option<OperandView<'_, F>> {
        let &x = self.node.inputs().first()?;
        self.folded.value(self.merged.of(x)).map(|_| self.operand(x))
    }

    fn operands(&mut self) -> (Operands<'_, F>, &mut Vec<F>) {
        (self.node.inputs().iter().map(|&x| self.operand(x)).collect(), &mut self.scratch)
    }

    fn view(&mut self, layout: Layout) -> Result<FoldedValue<F>> {
        let first = self.folded.located(self.graph, self.merged.of(self.node.inputs()[0]));
        let (root, _) = first.unwrap_or_else(|| unreachable!("a view is of an operand that is folded"));
        Ok(FoldedValue::View(root, layout))
    }

    fn number(&mut self, number: F) -> Result<FoldedValue<F>> {
        Ok(FoldedValue::Numbers(vec![number]))
    }

    fn array(&mut self, len: usize, kernel: impl Computation<F>) -> Result<FoldedValue<F>> {
        let mut y = vec![F::zero(); len];
        let (x, scratch) = self.operands();
        kernel(x, &mut y, scratch).map_err(|problem| self.refused(problem))?;
        Ok(FoldedValue::Numbers(y))
    }

    fn indices(&mut self, _: Vec<usize>) -> Result<FoldedValue<F>> {
        unreachable!("results of indices are not folded")
    }

    fn refused(&self, problem: String) -> Error {
        self.graph.refused(Self::WHAT, self.node.id(), problem)
    }
}
