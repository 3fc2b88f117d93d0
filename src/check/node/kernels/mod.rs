//! The kernels of all nodes, each held against itself.

mod batch;
pub(crate) mod judge;
mod precision;
mod recorded;
mod rounding;
mod steady;
mod trial;
