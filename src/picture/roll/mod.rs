//! Rolling up: which nodes of a large graph are drawn as one box.
//!
//! The ops are put in an order in which every scope is one run of neighbours ([`tree`]); repetitions in it are folded
//! ([`fold`]), and what is still too long is cut where few values cross ([`cut`]). A picture shows some of the groups
//! so found closed and the others opened ([`view`]). Whatever is closed is a run of neighbours in one topological
//! order, so that boxes never depend on each other in a circle.

mod cut;
mod fold;
mod same;
mod tree;
mod view;

pub(super) use tree::{Tree, prefixes};
pub(super) use view::{Cell, Shown, grouped};

use crate::graph::{Graph, NodeId, Origin};

/// Who recorded a node: the program, the reverse pass, or an optimiser.
pub(super) fn origin(graph: &Graph, id: NodeId) -> u8 {
    match graph.node(id).origin() {
        Origin::Forward => 0,
        Origin::Backward(_) => 1,
        Origin::Update => 2,
    }
}

/// What is added to the name of a scope for the nodes that the program did not record itself.
pub(super) fn suffix(origin: u8) -> &'static str {
    ["", " backward", " update"][usize::from(origin.min(2))]
}
