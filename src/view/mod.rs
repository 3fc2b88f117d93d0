//! From a graph to a picture: which nodes, with which numbers, and how much of the structure.
//!
//! [`Draw`] draws what is on a tape, with its values and gradients; [`Builder`](builder::Builder) draws any graph, with
//! numbers that are handed to it. Both have the same [`options`]. Large graphs are rolled up ([`collapse`]) before they are
//! written down as nodes and arrows ([`compose`]); [`health()`](health::health) reads the numbers and
//! [`diff()`](diff::diff) two graphs, and both come out as marks and notes.

mod annotations;
mod builder;
mod collapse;
mod compose;
mod diff;
mod draw;
mod expansions;
mod files;
mod health;
mod options;
mod plan;
mod run;

#[cfg(test)]
mod recordings;
#[cfg(test)]
mod tests;

pub use annotations::Annotations;
pub use builder::Builder;
pub use diff::{Change, ChangeKind, Diff, Difference, diff};
pub use draw::Draw;
pub use health::{Finding, health};
pub use options::Level;
