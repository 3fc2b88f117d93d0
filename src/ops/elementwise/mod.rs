//! Elementwise maths: rows, each an op; the powers and `where`; and what evaluators know by name.

mod chain;
pub(super) mod functions;
pub(super) mod known;
mod number;
pub(super) mod power;
mod propagate;
mod rows;
mod rule_blocks;
mod scalar;
pub(super) mod select;

pub(crate) use chain::Chain;
pub(crate) use propagate::{CotangentTarget, RuleArguments};
pub(crate) use scalar::Scalar;
