//! Collapsing: which nodes of a large graph are drawn as one box.
//!
//! [`tree`] puts the ops in a topological order in which every scope is contiguous. [`fold`] folds repetitions in it, which
//! [`compare`] verifies, and [`cut`] splits lists that are still too long where few values cross. [`visible`] chooses which
//! of the resulting groups are closed and which are open. Every closed group is contiguous in one topological order, so
//! that the quotient graph of boxes is acyclic.

mod compare;
mod cut;
mod fold;
pub(in crate::view) mod origin;
pub(in crate::view) mod tree;
pub(in crate::view) mod visible;
