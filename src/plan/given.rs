//! What a plan was given: for drawings of its run.

use super::compiled::Plan;
use super::find::by_node;
use super::slots::InputSlot;
use crate::graph::NodeId;
use crate::tape::Precision;
use ndarray::{ArrayD, IxDyn};
use std::sync::Arc;

impl<F: Precision> Plan<F> {
    /// Whether the plan reads a node as an index input.
    pub(crate) fn reads_indices(&self, node: NodeId) -> bool {
        by_node(&self.indices, node).is_some()
    }

    /// What inputs and index inputs were last fed.
    pub(crate) fn given(
        &self,
    ) -> (impl Iterator<Item = (NodeId, ArrayD<F>)>, impl Iterator<Item = (NodeId, ArrayD<usize>)>) {
        (self.inputs.iter().filter_map(InputSlot::given), self.indices.iter().filter_map(InputSlot::given))
    }

    /// The identity of its tape: see [`Var::is_of`](crate::Var::is_of).
    pub(crate) fn tape_id(&self) -> Arc<()> {
        self.tape_id.clone()
    }
}

impl<T: Copy + Send> InputSlot<T> {
    /// Its node and its numbers, if it was fed.
    fn given(&self) -> Option<(NodeId, ArrayD<T>)> {
        let numbers = ArrayD::from_shape_vec(IxDyn(&self.shape), self.values.clone());
        self.fed.then(|| {
            (self.id, numbers.unwrap_or_else(|e| unreachable!("the buffer has the input's size: {e}")))
        })
    }
}
