//! The graph as it is stored: nodes in a list, tables of what many of them share, and how both grow.

use super::consumers::Consumers;
use super::ids::{EdgeId, Kind, NodeId, OpId, ShapeId, SiteId};
#[cfg(feature = "draw")]
use super::record::Leaf;
use super::record::{OpRecord, Record, Site, Stamp};
use crate::location::Location;
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashSet};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The nodes recorded on a tape, as plain data: `Send`, `Sync`, cloneable, serialisable.
///
/// Node order is topological order. A node costs 24 bytes; ops with their attributes, shapes, scopes and source
/// lines are kept once however many nodes use them.
///
/// [`petgraph`](::petgraph)'s visit traits are implemented on `&Graph`, so its algorithms run on the graph itself:
///
/// ```
/// let tape = chainrule::Tape::new();
/// let x = tape.leaf("x", 3.0);
/// let y = x * x;
/// let graph = tape.graph();
/// let order = petgraph::algo::toposort(&*graph, None).unwrap();
/// assert_eq!(order, [x.id(), y.id()]);
/// assert_eq!(graph.node(y.id()).inputs(), [x.id(), x.id()]); // two edges
/// ```
#[derive(Debug, Clone, Default)]
pub struct Graph {
    pub(super) nodes: Vec<Record>,
    /// Inputs of nodes that have more than two, one run after another.
    pub(super) wide_inputs: Vec<NodeId>,
    pub(super) ops: Vec<OpRecord>,
    /// How many of them, from the first, were read from a file, where each was found by its record alone.
    pub(super) read_ops: usize,
    pub(super) shapes: IndexSet<Box<[usize]>, FxBuildHasher>,
    pub(super) scopes: IndexSet<String, FxBuildHasher>,
    pub(super) locations: IndexSet<Location, FxBuildHasher>,
    pub(super) sites: IndexSet<Site, FxBuildHasher>,
    /// Values of the constant leaves, one after another.
    pub(super) constants: Vec<f64>,
    pub(super) names: BTreeMap<NodeId, String>,
    pub(super) consumers: OnceLock<Consumers>,
}

impl Graph {
    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing has been recorded.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The edges that leave a node: each consumer once for every operand position it has this node in, by consumer
    /// and position.
    ///
    /// The index behind it is built in O(|V| + |E|) at the first call and dropped when a node is appended.
    ///
    /// # Panics
    ///
    /// If the graph has no node of this id.
    #[track_caller]
    pub fn consumers(&self, id: NodeId) -> &[EdgeId] {
        self.node(id);
        self.consumers
            .get_or_init(|| Consumers::of(self.nodes().map(|node| (node.id(), node.inputs()))))
            .of_node(id)
    }

    /// The number of edges: operands of all nodes together.
    pub fn edge_count(&self) -> usize {
        self.nodes().map(|n| n.inputs().len()).sum()
    }

    /// The leaf or named node called `name`, the first one recorded; O(names).
    pub fn named(&self, name: &str) -> Option<NodeId> {
        self.names.iter().find(|(_, n)| *n == name).map(|(&id, _)| id)
    }

    /// The same nodes as an owned petgraph `DiGraph`: node weights are ids, edge weights operand positions.
    ///
    /// petgraph keeps a node's edges in no order that says which operand they are, hence the weights.
    pub fn to_petgraph(&self) -> ::petgraph::graph::DiGraph<NodeId, usize> {
        let mut copy = ::petgraph::graph::DiGraph::with_capacity(self.len(), self.edge_count());
        for node in self.nodes() {
            let target = copy.add_node(node.id());
            for (operand, input) in node.inputs().iter().enumerate() {
                copy.add_edge(::petgraph::graph::NodeIndex::new(input.index()), target, operand);
            }
        }
        copy
    }
}

/// Appending and interning: for the tape alone, which checks what it appends.
impl Graph {
    pub(crate) fn new() -> Self {
        let mut graph = Self { ops: OpRecord::leaves(), ..Self::default() };
        graph.shape_id(&[]);
        graph.scope_id("");
        graph
    }

    /// The first `len` nodes, with all of the tables.
    #[cfg(feature = "draw")]
    pub(crate) fn prefix(&self, len: usize) -> Graph {
        let mut graph = self.clone();
        let dropped = self.nodes.get(len..).unwrap_or_default();
        let constant = dropped.iter().find(|record| Leaf::of_op(record.op) == Some(Leaf::Constant));
        graph.nodes.truncate(len);
        graph.constants.truncate(constant.map_or(self.constants.len(), |record| record.pair()[0].index()));
        graph.names.retain(|id, _| id.index() < len);
        graph.consumers = OnceLock::new();
        graph
    }

    /// Forgets the nodes and keeps the memory and everything interned.
    pub(crate) fn clear(&mut self) {
        self.nodes.clear();
        self.wide_inputs.clear();
        self.constants.clear();
        self.names.clear();
        self.consumers.take();
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, stamp: Stamp, inputs: &[NodeId]) -> NodeId {
        let id = NodeId::new(self.nodes.len());
        let operands = match *inputs {
            [] => [NodeId::default(); 2],
            [a] => [a, a],
            [a, b] => [a, b],
            _ => [self.push_wide(inputs), NodeId::default()],
        };
        self.append(Record::new(stamp, operands));
        id
    }

    /// As [`push`](Self::push) for one or two inputs, if appending neither reallocates nor drops the index of consumers; else
    /// `None`, and nothing is appended.
    #[inline(always)]
    pub(crate) fn push_at_once(&mut self, stamp: Stamp, inputs: [NodeId; 2]) -> Option<NodeId> {
        if self.consumers.get().is_some() {
            return None;
        }
        let len = self.nodes.len();
        if len == self.nodes.capacity() || len >= NodeId::COUNT {
            return None;
        }
        self.nodes.push(Record::new(stamp, inputs));
        Some(NodeId(len as u32))
    }

    #[cold]
    fn push_wide(&mut self, inputs: &[NodeId]) -> NodeId {
        let start = NodeId::new(self.wide_inputs.len());
        self.wide_inputs.extend_from_slice(inputs);
        start
    }

    /// Appends a constant of the stamp's shape.
    #[inline]
    pub(crate) fn push_constant(&mut self, stamp: Stamp, values: impl IntoIterator<Item = f64>) -> NodeId {
        let (id, start) = (NodeId::new(self.nodes.len()), NodeId::new(self.constants.len()));
        self.constants.extend(values);
        self.append(Record::new(stamp, [start, NodeId::default()]));
        id
    }

    #[inline(always)]
    fn append(&mut self, record: Record) {
        self.forget_consumers();
        self.nodes.push(record);
    }

    #[inline(always)]
    pub(super) fn forget_consumers(&mut self) {
        if self.consumers.get().is_some() {
            self.consumers.take();
        }
    }

    /// The number that a constant of rank 0 is.
    #[inline]
    pub(crate) fn number(&self, constant: &Record) -> f64 {
        self.constants[constant.pair()[0].index()]
    }

    /// Gives an element of a constant another number; what it was, if there is such an element.
    #[cfg(feature = "draw")]
    pub(crate) fn set_constant(&mut self, id: NodeId, element: usize, number: f64) -> Option<f64> {
        let len = self.get(id)?.constant()?.len();
        let start = self.record(id).pair()[0].index();
        Some(std::mem::replace(self.constants.get_mut(start + element).filter(|_| element < len)?, number))
    }

    pub(crate) fn set_name(&mut self, id: NodeId, name: String) {
        self.names.insert(id, name);
    }

    pub(crate) fn op_id(&mut self, record: OpRecord) -> OpId {
        self.ops.push(record);
        OpId(self.ops.len() as u32 - 1)
    }

    /// An op that nodes use and that a registry would take for another that they use: it has the same name, equal
    /// attributes and as many operands. O(|V|).
    pub(super) fn twin(&self) -> Option<&OpRecord> {
        let mut found = FxHashSet::default();
        let used = self.used_ops();
        let mut ops = self.ops.iter().enumerate().filter(|&(i, _)| used[i]);
        // The tape records an op that is the same as one of its table as that one.
        let twin =
            ops.find(|(i, op)| !found.insert((&op.name, &op.attributes, op.arity)) && *i >= self.read_ops);
        twin.map(|(_, op)| op)
    }

    /// Which ops of the table nodes use.
    pub(crate) fn used_ops(&self) -> Vec<bool> {
        let mut used = vec![false; self.ops.len()];
        self.nodes.iter().for_each(|record| used[record.op.0 as usize] = true);
        used
    }

    pub(crate) fn op_record(&self, id: OpId) -> &OpRecord {
        &self.ops[id.0 as usize]
    }

    pub(crate) fn set_op_record(&mut self, place: usize, record: OpRecord) {
        self.ops[place] = record;
    }

    pub(crate) fn op_records(&self) -> &[OpRecord] {
        &self.ops
    }

    pub(crate) fn shape_id(&mut self, shape: &[usize]) -> ShapeId {
        if let Some(i) = self.shapes.get_index_of(shape) {
            return ShapeId(i as u32);
        }
        ShapeId(self.shapes.insert_full(shape.into()).0 as u32)
    }

    pub(crate) fn shape_of(&self, id: ShapeId) -> &[usize] {
        &self.shapes[id.place()]
    }

    pub(crate) fn scope_id(&mut self, scope: &str) -> u32 {
        if let Some(i) = self.scopes.get_index_of(scope) {
            return i as u32;
        }
        self.scopes.insert_full(scope.to_owned()).0 as u32
    }

    pub(crate) fn scope_at(&self, id: u32) -> &str {
        &self.scopes[id as usize]
    }

    /// The scope of a node by its place in the table of scopes.
    pub(crate) fn scope_index(&self, id: NodeId) -> u32 {
        self.site(self.record(id).site).scope
    }

    pub(crate) fn site_id(&mut self, scope: u32, location: u32) -> SiteId {
        SiteId(self.sites.insert_full(Site { scope, location }).0 as u32)
    }

    pub(crate) fn site(&self, id: SiteId) -> Site {
        self.sites[id.0 as usize]
    }

    pub(crate) fn location_id(&mut self, location: Location) -> u32 {
        self.locations.insert_full(location).0 as u32
    }

    #[inline]
    pub(crate) fn record(&self, id: NodeId) -> &Record {
        &self.nodes[id.index()]
    }

    /// All nodes as they are stored.
    pub(crate) fn records(&self) -> &[Record] {
        &self.nodes
    }

    /// Gives every node the shape and kind that `infer` says, in order; for another batch size.
    pub(crate) fn reshape_nodes(
        &mut self,
        mut infer: impl FnMut(&Self, NodeId) -> crate::Result<(Vec<usize>, Kind)>,
    ) -> crate::Result<()> {
        for id in self.ids() {
            let (shape, kind) = infer(self, id)?;
            let shape = self.shape_id(&shape).of_kind(kind);
            self.nodes[id.index()].set_shape(shape);
        }
        Ok(())
    }
}
