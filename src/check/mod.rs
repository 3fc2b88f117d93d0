//! The gradient checker: the recorded gradients against differences of the same graph, replayed.
//!
//! Unlike a comparison of two numbers, it owns the graph: it judges every node's rules on their own, tells which one is
//! wrong, with the source line that recorded it, and knows a kink from a fault. The chapter
//! [`how_the_checker_decides`] has its formulas and their sources.

mod end_to_end;
mod engine;
mod functions;
mod macros;
mod measure;
mod node;
mod ops;
mod preflight;
mod random;
mod replay;
mod report;
mod run;
mod settings;
#[doc = include_str!("how_the_checker_decides.md")]
pub mod how_the_checker_decides {}

pub use functions::forms;
pub use functions::function_check::FunctionCheck;
#[doc(hidden)]
pub use macros::expect_pass;
pub use ops::op_check::OpCheck;
pub use ops::report::{OpCase, OpReport};
pub use report::Report;
pub use report::fault::{Fault, Stage};
pub use report::mode::Mode;
pub use report::parameter::ParameterReport;
pub use report::verdict::{NodeReport, Verdict};
pub use report::worst::{Source, Worst};
pub use settings::Check;
