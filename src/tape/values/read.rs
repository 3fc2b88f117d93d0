//! What the recorder says of values: those given to leaves, and those computed.

use super::OperandView;
use crate::error::Result;
use crate::graph::NodeId;
use crate::tape::op::{Op, Recorder};
use ndarray::ArrayD;

impl Recorder {
    /// Gives a leaf its value.
    pub(in super::super) fn give(&mut self, id: NodeId, value: &ArrayD<f64>) -> Result<()> {
        self.values.set(id, value.shape(), value.iter().copied())
    }

    /// The numbers of an input, if it was fed.
    pub(crate) fn fed(&self, id: NodeId) -> Option<&[f64]> {
        self.values.fed(self.graph.node(id))
    }

    /// The indices of an index input, if it was fed.
    pub(crate) fn fed_indices(&self, id: NodeId) -> Option<&[usize]> {
        self.values.fed_indices(self.graph.node(id))
    }

    /// The op of a node that is no leaf.
    pub(crate) fn op(&self, id: NodeId) -> &dyn Op {
        &*self.ops[self.graph.record(id).op.0 as usize]
    }

    /// Whether a node's value was computed or given.
    pub(crate) fn is_known(&self, id: NodeId) -> bool {
        self.values.has(id)
    }

    /// Where the value of a node that was computed lies; nowhere, where nothing is known but its shape.
    pub(crate) fn locate(&self, id: NodeId) -> OperandView<'_> {
        self.values.locate(self.graph.node(id))
    }
}
