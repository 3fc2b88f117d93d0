//! Nodes as they are stored (24 bytes) and as they are read.

use super::{Attributes, Graph, Stamp};
use crate::location::Location;
use crate::written::fields;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A node's id: its position in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub(super) u32);

impl NodeId {
    /// How many there can be: so few that a node's number and two words more are one u32, as in what a reverse pass knows.
    pub(crate) const COUNT: usize = u32::MAX as usize - 2;

    /// The id of the node at a position.
    ///
    /// # Panics
    ///
    /// If the position is `u32::MAX − 2` or more, past what a graph can hold.
    #[inline]
    #[track_caller]
    pub fn new(index: usize) -> Self {
        assert!(index < Self::COUNT, "a graph holds at most {} nodes", Self::COUNT);
        Self(index as u32)
    }

    /// The node's position in the graph.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// An edge's id: the node it enters and the operand it is there, since `x * x` has two edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeId {
    /// The node that the edge enters.
    pub target: NodeId,
    /// Its operand position there, from 0.
    pub operand: usize,
}

/// Index of an op in the graph's table of ops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct OpId(pub(crate) u32);

impl OpId {
    /// Whether it is one of the leaves, which stand at the start of the table.
    #[inline]
    pub(crate) fn is_leaf(self) -> bool {
        self.0 < 4
    }
}

/// Index of a shape in the graph's table of shapes; 0 is the scalar's. The highest bit says that the elements of an op's
/// result are indices, so that nodes of one shape and another kind are nowhere taken for alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct ShapeId(pub(crate) u32);

impl ShapeId {
    pub(crate) const SCALAR: Self = Self(0);
    const OF_INDICES: u32 = 1 << 31;

    /// The same shape of elements of a kind.
    #[inline]
    pub(crate) fn of_kind(self, kind: Kind) -> Self {
        match kind {
            Kind::Real => Self(self.0 & !Self::OF_INDICES),
            Kind::Index => Self(self.0 | Self::OF_INDICES),
        }
    }

    #[inline]
    pub(crate) fn kind(self) -> Kind {
        if self.0 & Self::OF_INDICES == 0 { Kind::Real } else { Kind::Index }
    }

    /// Its place in the table.
    #[inline]
    pub(super) fn place(self) -> usize {
        (self.0 & !Self::OF_INDICES) as usize
    }
}

/// Index of a site in the graph's table of sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct SiteId(pub(super) u32);

/// What a node's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Real numbers.
    Real,
    /// Class labels or positions, never differentiated.
    Index,
}

/// What a node without inputs stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Leaf {
    /// Fed per run.
    Input,
    /// Class labels or positions, fed per run.
    Index,
    /// Named trained state.
    Parameter,
    /// A fixed array of numbers.
    Constant,
}

impl Leaf {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Input, "input"),
        (Self::Index, "index"),
        (Self::Parameter, "parameter"),
        (Self::Constant, "constant"),
    ];

    /// Leaves stand at the start of every graph's table of ops, in the order of the enum.
    #[inline]
    pub(crate) const fn op(self) -> OpId {
        OpId(self as u32)
    }

    pub(crate) fn of_op(op: OpId) -> Option<Self> {
        Self::ALL.get(op.0 as usize).map(|&(leaf, _)| leaf)
    }

    /// `"input"`, `"index"`, `"parameter"` or `"constant"`.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// Why a node was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// By the user's own call.
    #[default]
    Forward,
    /// By the reverse pass, at this node.
    Backward(NodeId),
    /// By an optimiser.
    Update,
}

impl Origin {
    const UPDATE: u32 = u32::MAX;

    #[inline]
    pub(super) fn pack(self) -> u32 {
        match self {
            Self::Forward => 0,
            Self::Backward(node) => node.0 + 1,
            Self::Update => Self::UPDATE,
        }
    }

    fn unpack(packed: u32) -> Self {
        match packed {
            0 => Self::Forward,
            Self::UPDATE => Self::Update,
            k => Self::Backward(NodeId(k - 1)),
        }
    }
}

/// An op with its attributes as the graph keeps it: names for drawing and for finding the op again when loading.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct OpRecord {
    /// The op's name in a registry, such as `matmul`.
    pub name: String,
    /// How it is drawn, such as `×`.
    pub symbol: String,
    /// What it computes, such as `y = x0 · x1`.
    pub formula: String,
    /// Its settings.
    #[serde(default)]
    pub attributes: Attributes,
    /// Its number of operands.
    pub arity: usize,
    /// The operands of which it takes the shape and reads no element.
    #[serde(default)]
    pub shape_only: Vec<usize>,
    /// Whether it is a [gate](crate::Op::gates): zero, with derivative zero, wherever its operand is negative.
    #[serde(default)]
    pub gates: bool,
}

fields! {
    OpRecord {
        name,
        symbol,
        formula,
        attributes unless Attributes::is_empty,
        arity,
        shape_only unless Vec::is_empty,
        gates unless is_false,
    }
}

fn is_false(x: &bool) -> bool {
    !x
}

impl OpRecord {
    pub(super) fn leaves() -> Vec<Self> {
        Leaf::ALL
            .iter()
            .map(|(_, name)| Self {
                name: (*name).to_owned(),
                symbol: (*name).to_owned(),
                formula: String::new(),
                attributes: Attributes::new(),
                arity: 0,
                shape_only: Vec::new(),
                gates: false,
            })
            .collect()
    }
}

impl OpRecord {
    /// Whether it reads the elements of an operand, and not its shape alone.
    pub fn reads(&self, operand: usize) -> bool {
        !self.shape_only.contains(&operand)
    }
}

impl fmt::Display for OpRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.attributes.is_empty() {
            write!(f, "({})", self.attributes)?;
        }
        Ok(())
    }
}

/// A node as stored; by default an input, for places that are to be written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Record {
    pub(crate) op: OpId,
    pub(crate) shape: ShapeId,
    /// The inputs, or the start of a run: of inputs in `wide_inputs`, or of a constant's values in `constants`.
    pub(super) inputs: [NodeId; 2],
    pub(crate) site: SiteId,
    pub(super) origin: u32,
}

// What a graph costs is mostly this.
const _: () = assert!(size_of::<Record>() == 24);

impl Record {
    #[inline]
    pub(super) fn new(stamp: Stamp, inputs: [NodeId; 2]) -> Self {
        let Stamp { op, shape, site, origin } = stamp;
        Self { op, shape, inputs, site, origin: origin.pack() }
    }

    /// The inputs of a node that has one or two; of one, that input twice, so that loops need not ask.
    #[inline]
    pub(crate) fn pair(&self) -> [NodeId; 2] {
        self.inputs
    }

    pub(super) fn set_shape(&mut self, shape: ShapeId) {
        self.shape = shape;
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::unpack(self.origin)
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
    pub(crate) fn graph(self) -> &'g Graph {
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
            &self.graph.constants[self.record.inputs[0].index()..][..crate::shape::size(self.shape())]
        })
    }
}
