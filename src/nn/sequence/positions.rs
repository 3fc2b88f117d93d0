//! Where a token stands.

use crate::Var;
use crate::nn::Layer;
use ndarray::Array2;

/// `pos / base^(2i / width)` for each position and each i below half the width.
fn angles(tokens: usize, width: usize, base: f64) -> Array2<f64> {
    Array2::from_shape_fn((tokens, width / 2), |(pos, i)| {
        pos as f64 / base.powf(2.0 * i as f64 / width as f64)
    })
}

/// Adds what tells positions apart to tokens `[…, tokens, width]`: `sin(pos / 10000^(2i / width))` to number 2i of each, and
/// the cosine to number 2i + 1.
///
/// Vaswani and others 2017, *Attention is all you need*, section 3.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SinusoidalPositions;

impl Layer for SinusoidalPositions {
    fn kind(&self) -> &str {
        "positions"
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let shape = x.shape();
        let &[.., tokens, width] = shape.as_slice() else {
            panic!("positions are added to tokens […, tokens, width], got shape {shape:?}");
        };
        let table = Array2::from_shape_fn((tokens, width), |(pos, i)| {
            let angle = pos as f64 / 10_000_f64.powf((i - i % 2) as f64 / width as f64);
            if i % 2 == 0 { angle.sin() } else { angle.cos() }
        });
        x + x.tape().constant(table)
    }
}

/// Turns pairs of numbers i and i + width / 2 of tokens `[…, tokens, width]` by the angle `pos / 10000^(2i / width)`, so that
/// products of two tokens depend on their distance.
///
/// Su, Lu, Pan, Murtadha, Wen and Liu 2021, *RoFormer*, eq. 34, with the pairs of GPT-NeoX and Llama.
#[track_caller]
pub(super) fn rotated(x: Var<'_>) -> Var<'_> {
    let (shape, tape) = (x.shape(), x.tape());
    let (tokens, width) = (shape[shape.len() - 2], shape[shape.len() - 1]);
    let angles = angles(tokens, width, 10_000.0);
    let (cos, sin) = (tape.constant(angles.mapv(f64::cos)), tape.constant(angles.mapv(f64::sin)));
    let [a, b] = x.split([width / 2; 2], -1);
    tape.concat(&[a * cos - b * sin, b * cos + a * sin], -1)
}
