//! Convolution and pooling: padding, windows that slide over axes, and what is composed of them.

mod convolution;
mod fold;
mod options;
pub(super) mod pad;
pub(super) mod pool;
mod pooling;
pub(super) mod windows;

pub use options::{ConvOptions, Padding, PerAxis, PoolOptions};
