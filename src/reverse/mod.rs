//! Reverse-mode differentiation: rules of ops, gradients as recorded nodes, and gradients as numbers.

mod adjoint;
mod ask;
mod derivatives;
#[cfg(feature = "draw")]
mod formula;
mod gradients;
mod memory;
#[cfg(feature = "draw")]
mod notation;
mod patterns;
mod record;
mod rule;
mod rules;
mod same_rules;
mod sweep;

pub(crate) use adjoint::GatheredSlices;
pub use gradients::Gradients;
pub(crate) use rule::{RuleInputs, RuleStep};
