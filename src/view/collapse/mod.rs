//! Rolling up: which nodes of a large graph are drawn as one box.
//!
//! The ops are put in an order in which every scope is one run of neighbours ([`tree`]); repetitions in it are folded
//! ([`fold`]), and what is still too long is cut where few values cross ([`cut`]). A picture shows some of the groups
//! so found closed and the others opened ([`view`]). Whatever is closed is a run of neighbours in one topological
//! order, so that boxes never depend on each other in a circle.

mod compare;
mod cut;
mod fold;
pub(in crate::view) mod origin;
pub(in crate::view) mod tree;
pub(in crate::view) mod visible;
