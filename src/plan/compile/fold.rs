//! Constant folding: what depends on constants alone is computed once, when the plan is compiled.

use super::merge::Merged;
use crate::error::Result;
use crate::graph::{Graph, NodeId};
use crate::plan::Held;
use crate::shape::{Layout, size};
use crate::tape::{Located, Op, Operands, Precision, run};
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
pub(crate) struct Folded<F> {
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
    pub(crate) fn new(
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
    pub(crate) fn get(&self, id: NodeId) -> Option<&[F]> {
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
        if len > LONG || !node.read_inputs().all(|(_, x)| self.known(merged.of(x)).is_some()) {
            return Ok(None);
        }
        let op = &*ops[graph.record(id).op.0 as usize];
        let place_of = |&x: &NodeId| self.located(graph, merged.of(x));
        if let Some(Some((root, layout))) = node.inputs().first().map(place_of)
            && let Some(layout) = op.view(&layout, node.shape())
        {
            return Ok(Some(Known::View(root, layout)));
        }
        // Of what is not known, the shape alone is read.
        let operand = |x| match place_of(x) {
            Some((root, layout)) => Located { data: self.numbers(root), indices: None, layout },
            None => Located { data: &[], indices: None, layout: Layout::contiguous(graph.node(*x).shape()) },
        };
        let x: Operands<'_, F> = node.inputs().iter().map(operand).collect();
        let mut y = vec![F::zero(); len];
        run(op, x, node.shape(), &mut y, &mut Vec::new())
            .map_err(|problem| graph.refused("compile", id, problem))?;
        Ok(Some(Known::Numbers(y)))
    }

    /// The numbers at a place.
    fn numbers(&self, place: u32) -> &[F] {
        match &self.known[place as usize] {
            Known::Numbers(numbers) => numbers,
            Known::View(..) => unreachable!("views are of numbers, not of views"),
        }
    }
}
