//! Loops over numbers: strided views, copies, elementary functions, accurate sums, the matrix product.
//!
//! Nothing here knows a graph. Kernels of ops call these functions; both evaluators go through them.

mod fetch;
mod gather;
mod lanes;
mod lines;
pub mod math;
mod matmul;
mod parts;
mod product;
mod sum;
mod thin;
mod view;

pub(crate) use fetch::fetch;
pub(crate) use gather::{convert, copy, gather};
pub(crate) use lanes::{
    Block, Blocks, LANES, Lane, Lanes, WIDTH, filled_up, in_blocks, map_blocks, vectorize,
};
pub use lanes::{map, map_in_place};
pub use lines::{LineMut, for_each_line};
pub(crate) use matmul::matmul;
pub(crate) use parts::{MOST_THREADS, Share, in_parts};
pub(crate) use product::LONG_PRODUCT;
pub(crate) use sum::{Line, log_sum_exp_rows, reduce_axes, sum_axes, sum_blocks};
pub use view::{Input, Inputs, Output, View};
