//! The graph: a flat, append-only list of nodes, plain data without values, closures or precision.
//!
//! Every node's inputs have smaller ids, so that evaluating, differentiating, drawing and dropping are loops over
//! the list. Nothing here knows what an op computes; that is the business of [`Op`](crate::Op).

mod attributes;
mod consumers;
mod node;
mod pattern;
mod petgraph;
mod serial;
mod site;

pub use attributes::{Attribute, Attributes};
pub use node::{EdgeId, Kind, Leaf, Node, NodeId, OpRecord, Origin};
pub use petgraph::{Edge, Edges, Neighbors};
pub use serial::Located;

use crate::error::{Error, first_of};
use crate::location::Location;
use crate::shown::{CELL, LIST, shown};
use consumers::Consumers;
use indexmap::IndexSet;
use node::{OpId, ShapeId, SiteId};
use rustc_hash::{FxBuildHasher, FxHashSet};
use site::Site;
use std::collections::BTreeMap;
use std::sync::OnceLock;

pub(crate) use node::{OpId as OpIndex, Record, ShapeId as ShapeIndex};
pub(crate) use pattern::{Owner, Pattern, Room};
pub(crate) use site::Callers;

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
    nodes: Vec<Record>,
    /// Inputs of nodes that have more than two, one run after another.
    wide_inputs: Vec<NodeId>,
    ops: Vec<OpRecord>,
    /// How many of them, from the first, were read from a file, where each was found by its record alone.
    read_ops: usize,
    shapes: IndexSet<Box<[usize]>, FxBuildHasher>,
    scopes: IndexSet<String, FxBuildHasher>,
    locations: IndexSet<Location, FxBuildHasher>,
    sites: IndexSet<Site, FxBuildHasher>,
    /// Values of the constant leaves, one after another.
    constants: Vec<f64>,
    names: BTreeMap<NodeId, String>,
    consumers: OnceLock<Consumers>,
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

    /// A node.
    ///
    /// # Panics
    ///
    /// If the graph has no node of this id.
    #[track_caller]
    pub fn node(&self, id: NodeId) -> Node<'_> {
        match self.get(id) {
            Some(node) => node,
            None => panic!("graph: there is no node {id}; it has {} nodes", self.len()),
        }
    }

    /// A node, or `None` if the graph has no node of this id.
    pub fn get(&self, id: NodeId) -> Option<Node<'_>> {
        self.nodes.get(id.index()).map(|record| Node { graph: self, id, record })
    }

    /// All nodes in topological order, the order in which they were recorded.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = Node<'_>> + ExactSizeIterator + Clone {
        self.nodes.iter().enumerate().map(|(i, record)| Node { graph: self, id: NodeId::new(i), record })
    }

    /// The ids of all nodes in topological order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator + Clone + use<> {
        (0..self.nodes.len()).map(NodeId::new)
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
        self.consumers.get_or_init(|| Consumers::of(self)).of_node(id)
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

    /// Marks every node that `outputs` depend on, themselves included; O(|V| + |E|).
    ///
    /// # Panics
    ///
    /// If the graph has no node of an id.
    #[track_caller]
    pub fn ancestors(&self, outputs: impl IntoIterator<Item = NodeId>) -> Vec<bool> {
        self.marked(outputs, |node| node.inputs().iter().copied())
    }

    /// Marks every node whose elements `outputs` are computed from, themselves included: as
    /// [`ancestors`](Self::ancestors), but for operands that only lend their shape.
    ///
    /// # Panics
    ///
    /// If the graph has no node of an id.
    #[track_caller]
    pub fn read_by(&self, outputs: impl IntoIterator<Item = NodeId>) -> Vec<bool> {
        self.read_by_unless(outputs, |_| false)
    }

    /// As [`read_by`](Self::read_by), where the elements of `held` nodes are known and computed from nothing.
    #[track_caller]
    pub(crate) fn read_by_unless(
        &self,
        outputs: impl IntoIterator<Item = NodeId>,
        held: impl Fn(NodeId) -> bool,
    ) -> Vec<bool> {
        self.marked(outputs, |node| {
            let inputs = (!held(node.id())).then(|| node.read_inputs());
            inputs.into_iter().flatten().map(|(_, x)| x)
        })
    }

    /// Marks `outputs` and, from the end, what `inputs` gives of each marked node.
    #[track_caller]
    fn marked<'g, I: Iterator<Item = NodeId>>(
        &'g self,
        outputs: impl IntoIterator<Item = NodeId>,
        inputs: impl Fn(Node<'g>) -> I,
    ) -> Vec<bool> {
        let mut marked = vec![false; self.len()];
        // A loop, not a closure: the panic names the caller's line.
        for id in outputs {
            self.node(id);
            marked[id.index()] = true;
        }
        // Every input comes before its node, so nothing past the last output is marked.
        let end = marked.iter().rposition(|&m| m).map_or(0, |last| last + 1);
        for node in self.nodes().take(end).rev() {
            if marked[node.id().index()] {
                inputs(node).for_each(|x| marked[x.index()] = true);
            }
        }
        marked
    }

    /// How messages name a node: its id, its name or op, and its shape; a long name is cut.
    ///
    /// # Panics
    ///
    /// If the graph has no node of this id.
    #[track_caller]
    pub fn describe(&self, id: NodeId) -> String {
        let node = self.node(id);
        let what = node.name().map_or_else(
            || shown(&node.op().to_string(), LIST).into_owned(),
            |name| format!("`{}`", shown(name, CELL)),
        );
        let kind = if node.kind() == Kind::Index { " of indices" } else { "" };
        format!("{id} {what} {:?}{kind}", node.shape())
    }

    /// How messages name the operands of an op: `x0 = n1 `w` [3], x1 = …`.
    pub(crate) fn describe_operands(&self, x: &[NodeId]) -> String {
        first_of(x.iter().enumerate().map(|(i, &id)| format!("x{i} = {}", self.describe(id))))
    }

    /// The error for a node whose op refuses the numbers of its operands.
    pub(crate) fn refused(&self, what: &'static str, id: NodeId, problem: String) -> Error {
        let node = self.node(id);
        let operands = self.describe_operands(node.inputs());
        Error::Refused { what, node: self.describe(id), problem, operands, location: node.place() }
    }
}

/// What a node to be appended consists of besides its inputs; all of it interned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    pub(crate) op: OpId,
    pub(crate) shape: ShapeId,
    pub(crate) site: SiteId,
    pub(crate) origin: Origin,
}

/// Appending and interning: for the tape alone, which checks what it appends.
impl Graph {
    pub(crate) fn new() -> Self {
        let mut graph = Self { ops: OpRecord::leaves(), ..Self::default() };
        graph.shape_id(&[]);
        graph.scope_id("");
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

    /// As [`push`](Self::push) for one or two inputs, if there is nothing to do but to write; else `None`, and nothing is
    /// done.
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
    fn forget_consumers(&mut self) {
        if self.consumers.get().is_some() {
            self.consumers.take();
        }
    }

    /// The number that a constant of rank 0 is.
    #[inline]
    pub(crate) fn number(&self, constant: &Record) -> f64 {
        self.constants[constant.pair()[0].index()]
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
    fn twin(&self) -> Option<&OpRecord> {
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

    /// Every leaf's new shape put in, and every other node's as `infer` says; for another batch size.
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
