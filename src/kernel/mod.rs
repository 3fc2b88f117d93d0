//! Loops over numbers, which know nothing of graphs; kernels of ops and all evaluators call them.
//!
//! Read `view` (strided views), `gather` (copies to contiguous buffers) and `lanes` (vectorised elementwise loops) first;
//! then `math` (elementary functions), `special` (the gamma function and its kin), `sum` (pairwise sums) and `matmul`, which
//! calls GEMM libraries by way of `product` and computes `remainder` columns itself, and `contract`, which makes products over
//! any axes of them. `parts` splits work for threads; `fetch` prefetches.

mod contract;
mod fetch;
mod gather;
mod lanes;
mod lines;
pub mod math;
mod matmul;
mod parts;
mod product;
mod remainder;
pub(crate) mod special;
mod sum;
mod view;

pub(crate) use contract::{Labels, contract, contract_scratch};
pub(crate) use fetch::fetch;
pub(crate) use gather::{convert, copy, gather, scatter};
pub(crate) use lanes::{
    Block, Blocks, LANES, Lane, Lanes, WIDTH, filled_up, flush_subnormals, in_blocks, map_blocks, vectorize,
};
pub use lanes::{map, map_in_place};
pub use lines::{LineMut, for_each_line};
pub(crate) use matmul::matmul;
pub(crate) use parts::{MOST_THREADS, Share, chunks_in_parts, in_parts};
pub(crate) use product::LONG_PRODUCT;
pub(crate) use sum::{Line, fold, log_sum_exp_rows, reduce_axes, sum_axes, sum_blocks};
pub use view::{Input, Inputs, Output, View};
