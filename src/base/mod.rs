//! The floor of the crate: precisions, shapes, memory that is asked for before it is taken, and named arrays. Errors, places
//! in source code, and how texts and numbers are shown and written are those of `chainrule-base`.

pub(crate) mod alloc;
mod entries;
pub(crate) mod float;
pub(crate) mod shape;
pub(crate) mod state;
