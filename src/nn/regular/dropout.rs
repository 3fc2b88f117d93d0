//! Dropout.

use crate::Var;
use crate::nn::{Layer, Training};

/// Dropout: in training, each element is 0 with probability p, and else divided by 1 − p, so that its mean stays; in
/// evaluation, `y = x`. Of any shape.
///
/// Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov 2014, *Dropout: a simple way to prevent neural networks from
/// overfitting*, in the inverted form of PyTorch. With p = 0, x stays as it is; with p = 1, all is 0. What is dropped is a
/// function of the key and the step of [`Training`]: the same on any number of threads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    p: f64,
}

impl Dropout {
    /// With this probability p of an element to be dropped.
    ///
    /// # Panics
    ///
    /// If p is not from 0 to 1.
    #[track_caller]
    pub fn new(p: f64) -> Self {
        assert!((0.0..=1.0).contains(&p), "dropout: {p:?} is not a probability, which is from 0 to 1");
        Self { p }
    }
}

impl Layer for Dropout {
    fn kind(&self) -> &str {
        "dropout"
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        x
    }

    fn train<'t>(&self, x: Var<'t>, training: &mut Training<'t>) -> Var<'t> {
        if self.p == 0.0 {
            return x;
        }
        // Uniform numbers are less than 1: with p = 1, none is kept, whatever the factor.
        let factor = if self.p < 1.0 { 1.0 / (1.0 - self.p) } else { 0.0 };
        training.rand_like(x).greater_equal(self.p).select(x * factor, 0.0)
    }
}
