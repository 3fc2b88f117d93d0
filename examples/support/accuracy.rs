//! How many images of MNIST a network gets right.

use chainrule::data::mnist::{PIXELS, Split};
use chainrule::nn::accuracy;
use chainrule::{Plan, PlanOptions, Precision, State, Tape, Var};
use ndarray::{Array1, s};

/// A pixel as a number from 0 to 1.
pub(crate) fn pixel<F: Precision>(byte: u8) -> F {
    F::of(f64::from(byte)) / F::of(255.0)
}

/// A second plan on the state of a training: the scores of many images at once.
pub(crate) struct Accuracy<'s, F: Precision> {
    scores: Plan<F>,
    rows: usize,
    split: &'s Split,
    labels: Array1<usize>,
}

impl<'s, F: Precision> Accuracy<'s, F> {
    /// Of a network that takes images as rows of pixels.
    pub(crate) fn new(
        forward: impl for<'t> Fn(Var<'t>) -> Var<'t>,
        split: &'s Split,
        options: PlanOptions,
    ) -> chainrule::Result<Self> {
        let rows = split.len().min(1000);
        let tape = Tape::new();
        let scores = forward(tape.input("x", [rows, PIXELS]));
        let scores = Plan::compile_with([scores], [], options)?;
        Ok(Self { scores, rows, split, labels: split.classes() })
    }

    /// The fraction of images whose greatest score is at their digit.
    pub(crate) fn of(&mut self, state: &mut State<F>) -> chainrule::Result<f64> {
        let (all, mut right) = (self.split.len(), 0.0);
        for first in (0..all).step_by(self.rows) {
            // The last chunk may be shorter than the plan's batch; the rows after it repeat the last image and do not count.
            let chosen: Vec<usize> = (first..first + self.rows).map(|i| i.min(all - 1)).collect();
            let count = self.rows.min(all - first);
            self.scores.feed_rows("x", self.split.images(), &chosen, pixel)?;
            let scores = self.scores.run(state)?.nth(0);
            let labels = self.labels.slice(s![first..first + count]);
            right += accuracy(scores.slice(s![..count, ..]), labels) * count as f64;
        }
        Ok(right / all as f64)
    }
}
