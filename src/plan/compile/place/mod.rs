//! Buffer assignment: where results are written.

mod arena;
mod assign;
mod in_place;
mod overlap;
mod updates;

pub(crate) use assign::assign_buffers;
pub(crate) use updates::write_in_place;
