//! Layers of sequences: embeddings, recurrent layers, attention.

mod attention;
mod embedding;
mod positions;
mod recurrent;
mod stacked;
mod transformer;

pub use attention::MultiHeadAttention;
pub use embedding::Embedding;
pub use positions::SinusoidalPositions;
pub use recurrent::{Gru, Lstm, Rnn};
pub use stacked::{Recurrent, Stacked};
pub use transformer::TransformerBlock;
