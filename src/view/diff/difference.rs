//! One difference of two graphs.

use crate::graph::NodeId;

/// In which way a node is different.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It is in the first graph alone.
    Removed,
    /// It is in the second graph alone.
    Added,
    /// It is in both and not the same.
    Changed,
}

/// One thing about a node that is different: `shape [100, 50] → [128, 50]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it is: `shape`, `name`, `scope`, `values`, `operand 1`, or the name of an attribute.
    pub what: String,
    /// As it was; empty if there was none.
    pub before: String,
    /// As it is; empty if there is none.
    pub after: String,
}

/// One node that is not the same in both graphs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// In which way.
    pub kind: ChangeKind,
    /// The node in the first graph, unless it was added.
    pub before: Option<NodeId>,
    /// The node in the second graph, unless it was removed.
    pub after: Option<NodeId>,
    /// What the node is, as messages name it.
    pub node: String,
    /// What has changed of a node that is in both.
    pub changes: Vec<Change>,
}
