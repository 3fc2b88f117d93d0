//! Constant folding: what depends on constants alone is computed once, when the plan is compiled.

use super::Held;
use super::merge::Merged;
use crate::graph::{Graph, NodeId};
use crate::kernel::{Input, Inputs, Output, View, gather};
use crate::shape::{Layout, size};
use crate::tape::{Op, Precision};
use std::sync::Arc;

/// Elements of a result at most: a long array is not worth keeping where it is quickly made again.
const LONG: usize = 1 << 16;

/// A node whose numbers are known when the plan is compiled.
struct Known<F> {
    numbers: Vec<F>,
    /// Whether they lie in another node's array already.
    view: bool,
}

/// The numbers of the constants of a plan, and of what was computed from them.
pub(super) struct Folded<F> {
    /// For every node, the place of its numbers in the list.
    places: Vec<u32>,
    known: Vec<Known<F>>,
}

impl<F: Precision> Folded<F> {
    const UNKNOWN: u32 = u32::MAX;

    /// The constants alone, or, with `fold`, all that depends on nothing else.
    pub(super) fn new(graph: &Graph, ops: &[Arc<dyn Op>], merged: &Merged, held: &Held, fold: bool) -> Self {
        let mut folded = Self { places: vec![Self::UNKNOWN; graph.len()], known: Vec::new() };
        for &id in &merged.nodes {
            let node = graph.node(id);
            let known = if held.contains_key(&id) {
                None
            } else if let Some(exact) = node.constant() {
                Some(Known { numbers: exact.iter().map(|&x| F::of(x)).collect(), view: false })
            } else if fold && node.leaf().is_none() {
                folded.compute(graph, ops, merged, id)
            } else {
                None
            };
            if let Some(known) = known {
                folded.places[id.index()] = folded.known.len() as u32;
                folded.known.push(known);
            }
        }
        folded
    }

    fn known(&self, id: NodeId) -> Option<&Known<F>> {
        self.known.get(self.places[id.index()] as usize)
    }

    /// The numbers of a node that is known and no view of another.
    pub(super) fn get(&self, id: NodeId) -> Option<&[F]> {
        self.known(id).filter(|k| !k.view).map(|k| &k.numbers[..])
    }

    /// The numbers of a node whose operands are known.
    fn compute(&self, graph: &Graph, ops: &[Arc<dyn Op>], merged: &Merged, id: NodeId) -> Option<Known<F>> {
        let node = graph.node(id);
        let len = size(node.shape());
        let known = |x: NodeId| self.known(merged.of(x));
        // Scalar graphs are long, and most nodes have an operand that is not known.
        if len > LONG || !node.read_inputs().all(|(_, x)| known(x).is_some()) {
            return None;
        }
        let op = &*ops[graph.record(id).op.0 as usize];
        let stretched = op.elementwise();
        let operands: Vec<(Vec<F>, Layout)> = node
            .inputs()
            .iter()
            .map(|&x| {
                let layout = Layout::contiguous(graph.node(x).shape());
                let numbers = known(x).map_or(&[][..], |k| &k.numbers);
                if !stretched {
                    return (numbers.to_vec(), layout);
                }
                let (wide, mut copy) = (layout.broadcast(node.shape()), vec![F::zero(); len]);
                gather(View::new(numbers, 0, &wide.shape, &wide.strides), 0, &mut copy);
                (copy, Layout::contiguous(&[len]))
            })
            .collect();
        let mut y = vec![F::zero(); len];
        if let Some(layout) =
            operands.first().and_then(|(numbers, x)| op.view(x, node.shape()).filter(|_| !numbers.is_empty()))
        {
            gather(View::new(&operands[0].0, layout.offset, &layout.shape, &layout.strides), 0, &mut y);
            return Some(Known { numbers: y, view: true });
        }
        let inputs: Vec<Input<'_, F>> = operands
            .iter()
            .zip(node.inputs())
            .enumerate()
            .map(|(i, ((numbers, layout), &x))| match node.op().reads(i) {
                true => Input::Real(View::new(numbers, 0, &layout.shape, &layout.strides)),
                false => Input::Shape(graph.node(x).shape()),
            })
            .collect();
        let flat = [len];
        let shape = if stretched { &flat[..] } else { node.shape() };
        F::kernel(op).run(Inputs::new(&inputs), Output { data: &mut y, shape, threads: 1 });
        Some(Known { numbers: y, view: false })
    }
}
