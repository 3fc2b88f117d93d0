//! What the recorded reverse pass knows of each node.

use crate::graph::{NodeId, OpIndex, Origin, Stamp};
use crate::ops::{AddSlices, Unslice};
use crate::tape::Recorder;
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The adjoint state of a node: whether it leads to a var that is asked for, and the cotangent that it has so far. As one
/// number, 0 and 1 and then the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AdjointState(u32);

impl AdjointState {
    /// It does not lead to a var that is asked for: it gets no cotangent.
    pub(super) const INACTIVE: Self = Self(0);
    /// It does, and has no cotangent yet.
    pub(super) const EMPTY: Self = Self(1);
    /// The least that has a cotangent.
    pub(super) const FIRST: Self = Self(2);

    /// It has this cotangent so far.
    #[inline]
    pub(super) fn with(cotangent: NodeId) -> Self {
        Self::of_number(cotangent.index() as u32)
    }

    /// The cotangent that it has so far.
    #[inline]
    pub(super) fn cotangent(self) -> Option<NodeId> {
        (self.0 >= Self::FIRST.0).then(|| NodeId::new(self.number() as usize))
    }

    /// Which of the three it is, from 0.
    #[inline(always)]
    pub(super) fn which(self) -> usize {
        self.0.min(Self::FIRST.0) as usize
    }

    /// The cotangent's number; any other if it has none, of which [`of_number`](Self::of_number) makes the same again.
    #[inline(always)]
    pub(super) fn number(self) -> u32 {
        self.0.wrapping_sub(Self::FIRST.0)
    }

    #[inline(always)]
    pub(super) fn of_number(number: u32) -> Self {
        Self(number.wrapping_add(Self::FIRST.0))
    }
}

/// For each node whose contributions so far are all zero outside of a part, more than one of them: these, in their order.
///
/// Other contributions are added to their sum, one after another, and none is gathered after them: so each element is the sum of
/// the same terms in the same order as where each contribution is added by itself.
#[derive(Debug, Default)]
pub(crate) struct GatheredSlices(BTreeMap<NodeId, Vec<NodeId>>);

/// The op of a node, if it is what a slice of an array hands back to that.
fn slice_of(recorder: &Recorder, part: NodeId) -> Option<&Unslice> {
    let op: &dyn Any = &*recorder.ops[recorder.graph.record(part).op.0 as usize];
    op.downcast_ref()
}

impl GatheredSlices {
    /// The first node for which something is.
    pub(super) fn first(&self) -> Option<NodeId> {
        self.0.keys().next().copied()
    }

    /// Gathers a contribution, if it and all before it are of slices; whether it did. Nodes of which `same` gives the same node
    /// are equal.
    pub(crate) fn gather(
        &mut self,
        recorder: &Recorder,
        same: impl Fn(NodeId) -> NodeId,
        node: NodeId,
        sum: NodeId,
        part: NodeId,
    ) -> bool {
        let is_of_node =
            |part| recorder.graph.node(part).inputs().get(1).is_some_and(|&array| same(array) == same(node));
        let fits = |part| slice_of(recorder, part).is_some() && is_of_node(part);
        if !fits(part) || !self.0.contains_key(&node) && !fits(sum) {
            return false;
        }
        self.0.entry(node).or_insert_with(|| vec![sum]).push(part);
        true
    }

    /// The op that adds up what was gathered for a node, and its operands, if something was.
    pub(crate) fn sum(&mut self, recorder: &mut Recorder, node: NodeId) -> Option<(OpIndex, Vec<NodeId>)> {
        let parts = self.0.remove(&node)?;
        let ops = parts.iter().filter_map(|&part| slice_of(recorder, part));
        let ranges = ops.flat_map(|op| op.ranges.iter().copied()).collect();
        let values = parts.iter().map(|&part| recorder.graph.node(part).inputs()[0]);
        let inputs: Vec<NodeId> = std::iter::once(node).chain(values).collect();
        Some((recorder.intern_listed(Arc::new(AddSlices { ranges }), inputs.len()), inputs))
    }

    /// Records the sum of what was gathered for a node, if something was.
    pub(super) fn add_up(&mut self, recorder: &mut Recorder, node: NodeId) -> Option<NodeId> {
        let (op, inputs) = self.sum(recorder, node)?;
        let record = recorder.graph.record(node);
        let stamp = Stamp { op, shape: record.shape, site: record.site, origin: Origin::Backward(node) };
        Some(recorder.graph.push(stamp, &inputs))
    }
}
