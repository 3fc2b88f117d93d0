//! What has to be computed, each thing once: dead nodes dropped, equal ones merged.

use crate::graph::{Graph, NodeId};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// The nodes a plan computes.
pub(super) struct Merged {
    /// Live nodes that stand for themselves, in topological order.
    pub(super) nodes: Vec<NodeId>,
    /// For every live node, the node that stands for it.
    canonical: Vec<Option<NodeId>>,
}

impl Merged {
    /// The node whose value a live node has.
    pub(super) fn of(&self, id: NodeId) -> NodeId {
        self.canonical[id.index()].unwrap_or(id)
    }

    /// Follows `wanted` back through the operands that are read, and merges nodes of one op on equal operands.
    pub(super) fn new(graph: &Graph, wanted: impl Iterator<Item = NodeId>) -> Self {
        let live = graph.read_by(wanted);
        let mut merged = Self { nodes: Vec::new(), canonical: vec![None; graph.len()] };
        let mut seen: FxHashMap<Key, NodeId> = FxHashMap::default();
        for id in graph.ids().filter(|id| live[id.index()]) {
            let first = match merged.key(graph, id) {
                Some(key) => *seen.entry(key).or_insert(id),
                None => id,
            };
            merged.canonical[id.index()] = Some(first);
            if first == id {
                merged.nodes.push(id);
            }
        }
        merged
    }

    fn key(&self, graph: &Graph, id: NodeId) -> Option<Key> {
        let node = graph.node(id);
        let record = graph.record(id);
        if let Some(numbers) = node.constant() {
            // Long constants are unlikely to be equal and costly to compare.
            return (numbers.len() <= 4)
                .then(|| (record.op.0, record.shape.0, numbers.iter().map(|x| x.to_bits()).collect()));
        }
        if node.leaf().is_some() {
            return None;
        }
        let operand = |(i, &x): (usize, &NodeId)| match node.op().reads(i) {
            true => self.of(x).index() as u64,
            // Of an operand that is not read, the shape alone counts.
            false => u64::MAX - u64::from(graph.record(x).shape.0),
        };
        Some((record.op.0, record.shape.0, node.inputs().iter().enumerate().map(operand).collect()))
    }
}

/// Op, shape, and operands or numbers.
type Key = (u32, u32, SmallVec<[u64; 4]>);
