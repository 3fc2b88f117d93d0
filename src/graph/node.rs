//! Nodes as they are read.

use super::ids::{Kind, NodeId};
use super::record::{Leaf, OpRecord, Origin, Record};
use super::storage::Graph;
use crate::error::{Error, first_of};
use crate::location::Location;
use crate::shown::{CELL, LIST, shown};

impl Graph {
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

/// A node of a graph: what was recorded, not what it is worth.
#[derive(Debug, Clone, Copy)]
pub struct Node<'g> {
    pub(super) graph: &'g Graph,
    pub(super) id: NodeId,
    pub(super) record: &'g Record,
}

impl<'g> Node<'g> {
    /// The graph that it is a node of.
    pub fn graph(self) -> &'g Graph {
        self.graph
    }

    /// Its id.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// Its op with attributes.
    pub fn op(self) -> &'g OpRecord {
        self.graph.op_record(self.record.op)
    }

    /// Another node of its graph.
    pub(crate) fn of_same_graph(self, id: NodeId) -> Self {
        self.graph.node(id)
    }

    /// Its inputs in operand order; a node used twice is listed twice.
    #[inline]
    pub fn inputs(self) -> &'g [NodeId] {
        match self.op().arity {
            n @ 0..=2 => &self.record.inputs[..n],
            n => &self.graph.wide_inputs[self.record.inputs[0].index()..][..n],
        }
    }

    /// The inputs whose elements it reads, each with its operand position.
    pub fn read_inputs(self) -> impl Iterator<Item = (usize, NodeId)> + use<'g> {
        let op = self.op();
        self.inputs().iter().copied().enumerate().filter(|&(operand, _)| op.reads(operand))
    }

    /// The sizes of its axes.
    pub fn shape(self) -> &'g [usize] {
        self.graph.shape_of(self.record.shape)
    }

    /// Its name, if it was given one.
    pub fn name(self) -> Option<&'g str> {
        self.graph.names.get(&self.id).map(String::as_str)
    }

    /// The path of scopes it was recorded in, such as `affine1`; empty at the top.
    pub fn scope(self) -> &'g str {
        self.graph.scope_at(self.graph.site(self.record.site).scope)
    }

    /// The line that recorded it; `None` in a graph loaded without locations.
    pub fn location(self) -> Option<&'g Location> {
        self.graph.locations.get_index(self.graph.site(self.record.site).location as usize)
    }

    /// The line that recorded it, or a word that says it is not known.
    pub(crate) fn place(self) -> Location {
        self.location().cloned().unwrap_or_else(|| Location { file: "(unknown)".into(), line: 0, column: 0 })
    }

    /// Why it was recorded.
    pub fn origin(self) -> Origin {
        self.record.origin()
    }

    /// What leaf it is, if it is one.
    pub fn leaf(self) -> Option<Leaf> {
        Leaf::of_op(self.record.op)
    }

    /// Whether its values are real numbers or indices.
    pub fn kind(self) -> Kind {
        if self.leaf() == Some(Leaf::Index) { Kind::Index } else { self.record.shape.kind() }
    }

    /// The values of a constant, in row-major order.
    pub fn constant(self) -> Option<&'g [f64]> {
        (self.leaf() == Some(Leaf::Constant)).then(|| {
            &self.graph.constants[self.record.inputs[0].index()..][..crate::base::shape::size(self.shape())]
        })
    }
}
