//! Rows of a table by index.

use crate::Var;
use crate::nn::{Gaussian, Init, Layer, Parameter};
use ndarray::{ArrayD, Axis};
use rand::Rng;
use std::sync::Arc;

/// A row of numbers for each index: a var of indices of any shape to that shape and one more axis, of so many features. Its
/// parameter is `weight`, `[indices, features]`, normal numbers at first.
///
/// Gradients of an index that is repeated are summed; an index past the end is [refused](crate::Error::Refused).
///
/// ```
/// use chainrule::{Tape, nn::{Embedding, Layer}};
/// let tape = Tape::new();
/// let tokens = tape.index_input("tokens", [8, 64]);
/// assert_eq!(Embedding::new(100, 16).forward(tokens).shape(), [8, 64, 16]);
/// ```
#[derive(Debug, Clone)]
pub struct Embedding {
    weight: Parameter,
    padding: Option<usize>,
}

/// A table with a row of zeros.
#[derive(Debug)]
struct ZeroRow(Arc<dyn Init>, usize);

impl Init for ZeroRow {
    fn draw(&self, shape: &[usize], rng: &mut dyn Rng) -> ArrayD<f64> {
        let mut table = self.0.draw(shape, rng);
        table.index_axis_mut(Axis(0), self.1).fill(0.0);
        table
    }
}

impl Embedding {
    /// Of so many indices and features.
    pub fn new(indices: usize, features: usize) -> Self {
        Self { weight: Parameter::new("weight", [indices, features], Gaussian(1.0)), padding: None }
    }

    /// The same with another initialiser of its weight.
    #[must_use]
    pub fn init(self, init: impl Init + 'static) -> Self {
        let (weight, padding) = (Parameter::new("weight", self.weight.shape, init), self.padding);
        let plain = Self { weight, padding: None };
        match padding {
            Some(index) => plain.padding_idx(index),
            None => plain,
        }
    }

    /// With an index of padding, of which the row is zeros at first and gets no gradient.
    ///
    /// # Panics
    ///
    /// If the index is past the end.
    #[track_caller]
    #[must_use]
    pub fn padding_idx(mut self, index: usize) -> Self {
        let rows = self.weight.shape[0];
        assert!(index < rows, "embedding: the index {index} of padding is past the last of {rows} rows");
        self.weight.init = Arc::new(ZeroRow(self.weight.init, index));
        self.padding = Some(index);
        self
    }
}

impl Layer for Embedding {
    fn kind(&self) -> &str {
        "embedding"
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![self.weight.clone()]
    }

    fn outputs(&self, _: Option<usize>) -> Option<usize> {
        self.weight.shape.last().copied()
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let rows = self.weight.on(x.tape()).take(x, 0);
        let Some(padding) = self.padding else { return rows };
        let padded = x.to_real().equal(padding as f64).expand_dims(-1);
        padded.select(rows.stop_gradient(), rows)
    }
}
