//! The origin of a node, by which groups are kept apart.

use crate::graph::{Graph, NodeId, Origin};

/// Who recorded a node: 0 the program, 1 the reverse pass, 2 an optimiser.
pub(in crate::view) fn origin(graph: &Graph, id: NodeId) -> u8 {
    match graph.node(id).origin() {
        Origin::Forward => 0,
        Origin::Backward(_) => 1,
        Origin::Update => 2,
    }
}

/// The suffix to the name of a scope for nodes that the program did not record itself.
pub(in crate::view) fn suffix(origin: u8) -> &'static str {
    ["", " backward", " update"][usize::from(origin.min(2))]
}
