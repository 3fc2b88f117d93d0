//! The live nodes of a graph, as the passes share them.

use super::classify::{Class, Classes};
use super::merge::Merged;
use crate::graph::{Graph, NodeId};
use crate::tape::Op;
use std::sync::Arc;

/// The live nodes of a graph, and what is known of them.
#[derive(Clone, Copy)]
pub(crate) struct LiveGraph<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) ops: &'a [Arc<dyn Op>],
    pub(crate) merged: &'a Merged,
    pub(crate) classes: &'a Classes,
    pub(crate) reads: &'a ReadOperands,
    /// Nodes that must have an array of their own.
    pub(crate) pinned: &'a [bool],
}

/// The operands whose elements live nodes read, as their representatives. Several passes go through them.
pub(crate) struct ReadOperands {
    all: Vec<NodeId>,
    /// The index of the first operand of each node.
    starts: Vec<u32>,
}

impl ReadOperands {
    /// Those of the nodes that are computed.
    pub(crate) fn new(graph: &Graph, merged: &Merged, classes: &Classes) -> Self {
        let mut reads = Self { all: Vec::new(), starts: vec![0; graph.len() + 1] };
        let mut next = 0;
        for &id in &merged.nodes {
            let before = reads.all.len() as u32;
            reads.starts[next..=id.index()].fill(before);
            if matches!(classes.of(id), Class::Elementwise | Class::Kernel) {
                reads.all.extend(graph.node(id).read_inputs().map(|(_, x)| merged.of(x)));
            }
            next = id.index() + 1;
        }
        let all = reads.all.len() as u32;
        reads.starts[next..].fill(all);
        reads
    }

    /// The operands that a node reads, in their order.
    #[inline]
    pub(crate) fn of(&self, id: NodeId) -> &[NodeId] {
        let i = id.index();
        &self.all[self.starts[i] as usize..self.starts[i + 1] as usize]
    }
}

impl LiveGraph<'_> {
    /// The op of a node.
    #[inline]
    pub(crate) fn op(&self, id: NodeId) -> &dyn Op {
        &*self.ops[self.graph.record(id).op.0 as usize]
    }

    /// Whether one node is elementwise and has the shape of another, so that the other can read it in the same program.
    #[inline]
    pub(crate) fn joins(&self, x: NodeId, y: NodeId) -> bool {
        self.classes.of(x) == Class::Elementwise && self.graph.record(x).shape == self.graph.record(y).shape
    }
}
