//! What a plan was given: for drawings of its run.

use crate::graph::NodeId;
use crate::plan::InputSlot;
use crate::plan::Plan;
use crate::tape::Precision;
use ndarray::{ArrayD, IxDyn};
use std::sync::Arc;

impl<F: Precision> Plan<F> {
    /// Whether the plan reads a node as an index input.
    pub(crate) fn reads_indices(&self, node: NodeId) -> bool {
        self.indices.binary_search_by_key(&node, |slot| slot.id).is_ok()
    }

    /// What inputs and index inputs were last fed.
    pub(crate) fn given(
        &self,
    ) -> (impl Iterator<Item = (NodeId, ArrayD<F>)>, impl Iterator<Item = (NodeId, ArrayD<usize>)>) {
        (self.inputs.iter().filter_map(InputSlot::given), self.indices.iter().filter_map(InputSlot::given))
    }

    /// What its vars are known by: see [`Var::is_of`].
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
