//! A check of one op by itself, on operands chosen to be hostile.

mod arrangement;
mod extremes;
mod ladder;
pub(crate) mod op_check;
mod operands;
mod points;
pub(crate) mod report;
mod run;
