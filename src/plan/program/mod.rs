//! Programs: elementwise ops that are computed together.

mod builder;
mod call;
mod interpret;
mod register;
mod span;

pub(crate) use builder::{Applied, Builder};
pub(crate) use interpret::{Accesses, Instruction, Memory, Program, Register};
