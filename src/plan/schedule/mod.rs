//! What a plan does: as plain data, and as a table.

mod data;
mod describe;
mod table;

pub use data::{Schedule, ScheduledLeaf, ScheduledStep, Slot, Write};
#[cfg(feature = "draw")]
pub(crate) use table::bytes;
