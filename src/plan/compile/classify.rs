//! How the nodes of a plan are computed: not at all, as views, element by element, or by kernels.

use super::merge::{Held, Merged};
use crate::base::shape::Layout;
use crate::graph::{Graph, NodeId};
use crate::tape::Op;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// How a node is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A leaf, or a node whose numbers are given or folded.
    Source,
    /// Some elements of another node's array.
    View,
    /// Computed element by element, in a program.
    Elementwise,
    /// Computed by a kernel.
    Kernel,
}

/// The classes of live nodes, and the layouts of views.
pub(crate) struct Classes {
    of: Vec<Class>,
    views: FxHashMap<NodeId, (NodeId, Layout)>,
}

impl Classes {
    /// `folded` says which nodes were computed when the plan was compiled.
    pub(crate) fn new(
        graph: &Graph,
        ops: &[Arc<dyn Op>],
        elementwise: &[bool],
        merged: &Merged,
        held: &Held,
        folded: impl Fn(NodeId) -> bool,
    ) -> Self {
        let mut classes = Self { of: vec![Class::Source; graph.len()], views: FxHashMap::default() };
        for &id in &merged.nodes {
            let node = graph.node(id);
            if node.leaf().is_some() || held.contains_key(&id) || folded(id) {
                continue;
            }
            let op = graph.record(id).op.0 as usize;
            let class = if elementwise[op] {
                Class::Elementwise
            } else {
                let view = node.inputs().first().and_then(|&x| {
                    let x = merged.of(x);
                    let (root, layout) = classes.located(graph, x);
                    Some((root, ops[op].view(&layout, node.shape())?))
                });
                match view {
                    Some(view) => {
                        classes.views.insert(id, view);
                        Class::View
                    }
                    None => Class::Kernel,
                }
            };
            classes.of[id.index()] = class;
        }
        classes
    }

    #[inline]
    pub(crate) fn of(&self, id: NodeId) -> Class {
        self.of[id.index()]
    }

    /// The node whose array holds a node's elements.
    #[inline]
    pub(crate) fn root(&self, id: NodeId) -> NodeId {
        match self.of(id) {
            Class::View => self.views[&id].0,
            _ => id,
        }
    }

    /// The node whose array holds a node's elements, and their layout in it.
    pub(crate) fn located(&self, graph: &Graph, id: NodeId) -> (NodeId, Layout) {
        match self.views.get(&id) {
            Some((root, layout)) => (*root, layout.clone()),
            None => (id, Layout::contiguous(graph.node(id).shape())),
        }
    }
}
