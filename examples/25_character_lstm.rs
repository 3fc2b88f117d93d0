//! cargo run --example 25_character_lstm
//!
//! A long short-term memory learns to predict the next character of the licence of this repository. Its loss is compared with
//! that of the best table of pairs of characters, and it continues a beginning with characters drawn from what it predicts.
//!
//! ```text
//! loss 1.61, of the best table of pairs 2.23
//! given: apache license version 2.0, janu
//! writes: rrt ention or for contsif; and bifitht tha. ys s
//! ```

use chainrule::Result;
use chainrule::nn::{Affine, Embedding, Lstm, Sequential};

#[path = "support/characters.rs"]
mod characters;

fn main() -> Result<()> {
    let text = characters::Text::licence();
    let net = Sequential::new()
        .push(Embedding::new(text.characters(), 24))
        .push(Lstm::new(24, 64))
        .push(Affine::new(64, text.characters()));
    characters::train_and_write(&text, &net, 100)
}
