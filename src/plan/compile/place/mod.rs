//! Buffer assignment.

pub(crate) mod arena;
pub(crate) mod assign;
pub(crate) mod in_place;
