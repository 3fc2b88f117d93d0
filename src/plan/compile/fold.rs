//! Constant folding: what depends on constants alone is computed once, when the plan is compiled.

use super::merge::{Held, Merged};
use crate::error::Result;
use crate::graph::{Graph, NodeId};
use crate::shape::{Layout, size};
use crate::tape::{Located, Op, Operands, Precision, run};
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
        let mut folded = Self { indices: vec![Self::UNKNOWN; graph.len()], values: Vec::new() };
        for &id in &merged.nodes {
            let node = graph.node(id);
            let value = if held.contains_key(&id) {
                None
            } else if let Some(exact) = node.constant() {
                Some(FoldedValue::Numbers(exact.iter().map(|&x| F::of(x)).collect()))
            } else if fold && node.leaf().is_none() {
                folded.compute(graph, ops, merged, id)?
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
        if len > LONG || !node.read_inputs().all(|(_, x)| self.value(merged.of(x)).is_some()) {
            return Ok(None);
        }
        let op = &*ops[graph.record(id).op.0 as usize];
        let located = |&x: &NodeId| self.located(graph, merged.of(x));
        if let Some(Some((root, layout))) = node.inputs().first().map(located)
            && let Some(layout) = op.view(&layout, node.shape())
        {
            return Ok(Some(FoldedValue::View(root, layout)));
        }
        // Of an operand that is not folded, the shape alone is read.
        let operand = |x| match located(x) {
            Some((root, layout)) => Located { data: self.numbers(root), indices: None, layout },
            None => Located { data: &[], indices: None, layout: Layout::contiguous(graph.node(*x).shape()) },
        };
        let x: Operands<'_, F> = node.inputs().iter().map(operand).collect();
        let mut y = vec![F::zero(); len];
        run(op, x, node.shape(), &mut y, &mut Vec::new())
            .map_err(|problem| graph.refused("compile", id, problem))?;
        Ok(Some(FoldedValue::Numbers(y)))
    }

    /// The numbers at an index.
    fn numbers(&self, index: u32) -> &[F] {
        match &self.values[index as usize] {
            FoldedValue::Numbers(numbers) => numbers,
            FoldedValue::View(..) => unreachable!("views are of numbers, not of views"),
        }
    }
}
