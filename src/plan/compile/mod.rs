//! From a graph to the steps of a plan, a pass in each file.

pub(crate) mod classify;
pub(crate) mod fold;
pub(crate) mod fuse;
pub(crate) mod levels;
pub(crate) mod lower;
pub(crate) mod merge;
pub(crate) mod order;
pub(crate) mod passes;
pub(crate) mod place;
