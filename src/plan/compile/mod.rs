//! From a graph to the steps of a plan. [`passes`] has the order of the passes, a file each:
//!
//! 1. [`merge`] eliminates dead code and common subexpressions, [`fold`] folds constants;
//! 2. [`classify`] says how each node is computed, and [`live`] holds what is known so far;
//! 3. [`fuse`] makes groups of elementwise nodes, with the kernels before them, and [`order`] sorts the groups;
//! 4. [`lower`] writes each group down as a step with its program ([`levels`] for single numbers);
//! 5. [`place`] assigns buffers: in-place updates, reused operands, one arena.

mod classify;
mod fold;
mod fuse;
mod levels;
mod live;
mod lower;
mod lowering;
mod merge;
mod order;
mod passes;
mod place;
mod request;

pub(crate) use merge::{Held, Merged};
