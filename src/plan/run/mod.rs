//! Running the steps of a plan: [`prepare`] checks, [`replay`] goes through the steps, [`execute`] runs one of them.
//!
//! A run borrows everything: it does not allocate or lock, and writes nothing to the state before everything that can fail
//! was checked.

mod execute;
mod finite;
mod hook;
mod incremental;
mod kernel;
mod memory;
mod parallel;
mod prepare;
mod refusal;
mod replay;

pub(crate) use hook::Seen;
pub(crate) use incremental::Point;
