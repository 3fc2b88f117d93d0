//! Layers that keep training regular: normalisations, dropout.

mod batch_norm;
mod dropout;
mod norm;

pub use batch_norm::BatchNorm;
pub use dropout::Dropout;
pub use norm::{GroupNorm, LayerNorm, Ones, RmsNorm};
