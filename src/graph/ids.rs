//! Numbers by which nodes, edges and lines of the graph's tables are named, and the kind of a node's elements.

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
