//! A difference between two graphs.

use crate::graph::NodeId;

/// How a node differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It is only in the first graph.
    Removed,
    /// It is only in the second graph.
    Added,
    /// It is in both and differs.
    Changed,
}

/// One changed property of a node: `shape [100, 50] → [128, 50]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The property: `shape`, `name`, `scope`, `values`, `operand 1`, or the name of an attribute.
    pub what: String,
    /// Its old value; empty if there was none.
    pub before: String,
    /// Its new value; empty if there is none.
    pub after: String,
}

/// One node that differs between the graphs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// How it differs.
    pub kind: ChangeKind,
    /// The node in the first graph, unless it was added.
    pub before: Option<NodeId>,
    /// The node in the second graph, unless it was removed.
    pub after: Option<NodeId>,
    /// The description of the node, as in messages.
    pub node: String,
    /// The changed properties of a node that is in both.
    pub changes: Vec<Change>,
}
