//! Programs: elementwise ops that are computed together, block by block, in registers.
//!
//! [`builder`] makes the [instructions](instruction), [`interpret`] runs them. The ops of one program round as they do alone:
//! each element goes through the same functions in the same order.

mod builder;
mod call;
mod instruction;
mod interpret;
mod register;
mod span;

pub(crate) use builder::{AppliedOp, ProgramBuilder};
pub(crate) use instruction::{AccessTimes, Instruction, Program};
pub(crate) use interpret::BlockMemory;
pub(crate) use register::Register;
