//! Elementwise maths: rows, each an op; the powers and `where`; and what evaluators know by name.

mod chain;
pub(super) mod functions;
pub(super) mod known;
mod number;
pub(super) mod power;
mod pull;
mod rows;
mod scalar;
pub(super) mod select;

pub(crate) use chain::Chain;
use known::*;
pub(crate) use pull::{Given, Target};
pub(crate) use scalar::Scalar;
