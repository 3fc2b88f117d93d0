//! Checks of functions that are not on a tape, and of their derivatives.

pub mod forms;
pub(crate) mod function_check;
mod moving;
mod noise;
mod run;
