//! Who recorded a node, as what tells groups apart.

use crate::graph::{Graph, NodeId, Origin};

/// Who recorded a node: the program, the reverse pass, or an optimiser.
pub(in crate::view) fn origin(graph: &Graph, id: NodeId) -> u8 {
    match graph.node(id).origin() {
        Origin::Forward => 0,
        Origin::Backward(_) => 1,
        Origin::Update => 2,
    }
}

/// What is added to the name of a scope for the nodes that the program did not record itself.
pub(in crate::view) fn suffix(origin: u8) -> &'static str {
    ["", " backward", " update"][usize::from(origin.min(2))]
}
