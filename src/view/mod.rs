//! From a graph to a picture: which nodes, with which numbers, and how much of the structure.
//!
//! [`Draw`] draws vars of a tape with their values and gradients, by way of [`Builder`](builder::Builder), which draws any
//! graph with given [`annotations`]. Both have the same [`options`]. [`collapse`] turns parts of a large graph into boxes,
//! and [`compose`] makes the nodes and arrows. [`health()`](health::health) and [`diff()`](diff::diff) judge the numbers
//! of a graph and the differences of two, as marks and notes. Read `options`, `builder`, `compose`, `collapse`, `draw`.

mod annotations;
mod builder;
mod collapse;
mod compose;
mod diff;
mod draw;
mod files;
mod health;
mod options;
mod page;
mod plan;
mod run;

#[cfg(test)]
mod recordings;
#[cfg(test)]
mod tests;

pub use annotations::{Annotations, Summaries, Summary};
pub use builder::Builder;
pub use diff::{Change, ChangeKind, Diff, Difference, diff};
pub use draw::Draw;
pub use health::{Finding, health};
pub use options::Level;
pub use page::{LivePage, Reply, playground};
