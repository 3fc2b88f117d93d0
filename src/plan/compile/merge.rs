//! Dead-code elimination and common-subexpression elimination: what has to be computed, each thing once.

use crate::graph::{Graph, NodeId, OpIndex, ShapeIndex};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::Hasher;

/// The numbers of nodes that are not computed, in row-major order.
pub(crate) type Held = FxHashMap<NodeId, Vec<f64>>;

/// The nodes that a plan computes.
#[derive(Debug)]
pub(crate) struct Merged {
    /// Live nodes that represent themselves, in topological order.
    pub(crate) nodes: Vec<NodeId>,
    /// For every live node, its representative.
    canonical: Vec<NodeId>,
    seen: HashTable<NodeId>,
}

/// What makes two nodes equal: op, shape, and operands or numbers.
#[derive(Clone, Copy)]
struct Expression<'a> {
    op: OpIndex,
    shape: ShapeIndex,
    key: ExpressionKey<'a>,
}

#[derive(Clone, Copy)]
enum ExpressionKey<'a> {
    Operands(&'a [NodeId]),
    Numbers(&'a [f64]),
}

impl Merged {
    /// The representative of a live node.
    #[inline]
    pub(crate) fn of(&self, id: NodeId) -> NodeId {
        self.canonical[id.index()]
    }

    /// Follows `wanted` back through the operands that are read, as far as nodes that are held, and merges nodes of
    /// one op on equal operands. A node that is an identity is merged with its first operand.
    pub(crate) fn new(
        graph: &Graph,
        wanted: impl Iterator<Item = NodeId>,
        held: &Held,
        is_identity: impl Fn(NodeId) -> bool,
    ) -> Self {
        let live = graph.read_by_unless(wanted, |id| held.contains_key(&id));
        let alive = live.iter().filter(|&&live| live).count();
        let mut merged = Self {
            nodes: Vec::with_capacity(alive),
            canonical: graph.ids().collect(),
            seen: HashTable::with_capacity(alive),
        };
        for id in graph.ids().filter(|id| live[id.index()]) {
            let first = if held.contains_key(&id) {
                id
            } else if graph.node(id).leaf().is_none() && is_identity(id) {
                merged.of(graph.node(id).inputs()[0])
            } else {
                merged.first(graph, id)
            };
            merged.canonical[id.index()] = first;
            if first == id {
                merged.nodes.push(id);
            }
        }
        merged
    }

    /// The first node that is equal to this one.
    fn first(&mut self, graph: &Graph, id: NodeId) -> NodeId {
        let Some(wanted) = expression(graph, id) else { return id };
        let Self { canonical, seen, .. } = self;
        let entry = seen.entry(
            hash(graph, canonical, wanted),
            |&other| same(graph, canonical, wanted, other),
            |&other| expression(graph, other).map_or(0, |other| hash(graph, canonical, other)),
        );
        match entry {
            Entry::Occupied(found) => *found.get(),
            Entry::Vacant(free) => *free.insert(id).get(),
        }
    }

    fn lookup(&self, graph: &Graph, wanted: Expression<'_>) -> Option<NodeId> {
        let hash = hash(graph, &self.canonical, wanted);
        self.seen.find(hash, |&other| same(graph, &self.canonical, wanted, other)).copied()
    }

    /// The live node that is this op on these operands.
    pub(crate) fn find(
        &self,
        graph: &Graph,
        op: OpIndex,
        shape: ShapeIndex,
        inputs: &[NodeId],
    ) -> Option<NodeId> {
        self.lookup(graph, Expression { op, shape, key: ExpressionKey::Operands(inputs) })
    }

    /// The live constant with these few numbers.
    pub(crate) fn find_constant(
        &self,
        graph: &Graph,
        op: OpIndex,
        shape: ShapeIndex,
        numbers: &[f64],
    ) -> Option<NodeId> {
        self.lookup(graph, Expression { op, shape, key: ExpressionKey::Numbers(numbers) })
    }
}

/// The expression of a node; none for leaves but short constants, which are equal to no other node.
fn expression(graph: &Graph, id: NodeId) -> Option<Expression<'_>> {
    /// Long constants are unlikely to be equal and costly to compare.
    const SHORT: usize = 4;
    let (node, record) = (graph.node(id), graph.record(id));
    let key = match node.constant() {
        Some(numbers) => ExpressionKey::Numbers((numbers.len() <= SHORT).then_some(numbers)?),
        None => ExpressionKey::Operands(node.leaf().is_none().then(|| node.inputs())?),
    };
    Some(Expression { op: record.op, shape: record.shape, key })
}

/// What an operand counts as: its representative, or its shape alone where its elements are not read.
fn operands<'a>(
    graph: &'a Graph,
    canonical: &'a [NodeId],
    op: OpIndex,
    inputs: &'a [NodeId],
) -> impl Iterator<Item = u64> + 'a {
    let reads = graph.op_record(op);
    inputs.iter().enumerate().map(move |(i, &x)| match reads.reads(i) {
        true => canonical[x.index()].index() as u64,
        false => u64::MAX - u64::from(graph.record(x).shape.0),
    })
}

fn hash(graph: &Graph, canonical: &[NodeId], wanted: Expression<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(u64::from(wanted.op.0) << 32 | u64::from(wanted.shape.0));
    match wanted.key {
        ExpressionKey::Operands(x) => {
            operands(graph, canonical, wanted.op, x).for_each(|x| hasher.write_u64(x))
        }
        ExpressionKey::Numbers(numbers) => numbers.iter().for_each(|x| hasher.write_u64(x.to_bits())),
    }
    hasher.finish()
}

fn same(graph: &Graph, canonical: &[NodeId], a: Expression<'_>, other: NodeId) -> bool {
    let Some(b) = expression(graph, other) else { return false };
    (a.op, a.shape) == (b.op, b.shape)
        && match (a.key, b.key) {
            (ExpressionKey::Operands(x), ExpressionKey::Operands(y)) => {
                operands(graph, canonical, a.op, x).eq(operands(graph, canonical, b.op, y))
            }
            (ExpressionKey::Numbers(x), ExpressionKey::Numbers(y)) => {
                x.iter().map(|x| x.to_bits()).eq(y.iter().map(|y| y.to_bits()))
            }
            _ => false,
        }
}
