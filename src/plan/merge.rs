//! What has to be computed, each thing once: dead nodes dropped, equal ones merged.

use super::Held;
use crate::graph::{Graph, NodeId, OpIndex, ShapeIndex};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// The nodes a plan computes.
#[derive(Debug)]
pub(crate) struct Merged {
    /// Live nodes that stand for themselves, in topological order.
    pub(super) nodes: Vec<NodeId>,
    /// For every live node, the node that stands for it.
    canonical: Vec<Option<NodeId>>,
    seen: FxHashMap<Key, NodeId>,
}

impl Merged {
    /// The node whose value a live node has.
    pub(crate) fn of(&self, id: NodeId) -> NodeId {
        self.canonical[id.index()].unwrap_or(id)
    }

    /// Follows `wanted` back through the operands that are read, as far as nodes that are held, and merges nodes of
    /// one op on equal operands.
    pub(crate) fn new(graph: &Graph, wanted: impl Iterator<Item = NodeId>, held: &Held) -> Self {
        let live = graph.read_by_unless(wanted, |id| held.contains_key(&id));
        let mut merged =
            Self { nodes: Vec::new(), canonical: vec![None; graph.len()], seen: FxHashMap::default() };
        for id in graph.ids().filter(|id| live[id.index()]) {
            let first = match merged.key(graph, id).filter(|_| !held.contains_key(&id)) {
                Some(key) => *merged.seen.entry(key).or_insert(id),
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
            return constant_key(record.op, record.shape, numbers);
        }
        node.leaf().is_none().then(|| self.op_key(graph, record.op, record.shape, node.inputs()))
    }

    fn op_key(&self, graph: &Graph, op: OpIndex, shape: ShapeIndex, inputs: &[NodeId]) -> Key {
        let reads = graph.op_record(op);
        let operand = |(i, &x): (usize, &NodeId)| match reads.reads(i) {
            true => self.of(x).index() as u64,
            // Of an operand that is not read, the shape alone counts.
            false => u64::MAX - u64::from(graph.record(x).shape.0),
        };
        (op.0, shape.0, inputs.iter().enumerate().map(operand).collect())
    }

    /// The live node that is this op on these operands.
    pub(crate) fn find(
        &self,
        graph: &Graph,
        op: OpIndex,
        shape: ShapeIndex,
        inputs: &[NodeId],
    ) -> Option<NodeId> {
        self.seen.get(&self.op_key(graph, op, shape, inputs)).copied()
    }

    /// The live constant with these few numbers.
    pub(crate) fn find_constant(&self, op: OpIndex, shape: ShapeIndex, numbers: &[f64]) -> Option<NodeId> {
        self.seen.get(&constant_key(op, shape, numbers)?).copied()
    }
}

fn constant_key(op: OpIndex, shape: ShapeIndex, numbers: &[f64]) -> Option<Key> {
    // Long constants are unlikely to be equal and costly to compare.
    (numbers.len() <= 4).then(|| (op.0, shape.0, numbers.iter().map(|x| x.to_bits()).collect()))
}

/// Op, shape, and operands or numbers.
type Key = (u32, u32, SmallVec<[u64; 4]>);
