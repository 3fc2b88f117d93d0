//! cargo run --example 26_tiny_transformer
//!
//! A transformer of two blocks, of which each character attends to those before it, learns to predict the next character of the
//! licence of this repository. Its loss is compared with that of the best table of pairs of characters, and it continues a
//! beginning with characters drawn from what it predicts.
//!
//! ```text
//! loss 1.90, of the best table of pairs 2.23
//! given: apache license version 2.0, janu
//! writes: blle, or e pof ifor or as ooributsepredesibute a
//! ```

use chainrule::Result;
use chainrule::nn::{Affine, Embedding, LayerNorm, MultiHeadAttention, Sequential, TransformerBlock};

#[path = "support/characters.rs"]
mod characters;

/// The width of a token.
const WIDTH: usize = 32;

fn main() -> Result<()> {
    let text = characters::Text::licence();
    let block = || TransformerBlock::new(WIDTH, 64, MultiHeadAttention::new(WIDTH, 4).causal().rotary());
    let net = Sequential::new()
        .push(Embedding::new(text.characters(), WIDTH))
        .push(block())
        .push(block())
        .push(LayerNorm::new(WIDTH))
        .push(Affine::new(WIDTH, text.characters()));
    characters::train_and_write(&text, &net, 100)
}
