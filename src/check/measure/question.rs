//! What is asked of a derivative, and what is answered.

use crate::check::measure::differences::Richardson;
use crate::check::measure::element::{Compared, Element};
use crate::check::measure::steps::Reach;

/// A derivative to be judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    /// What backpropagation says.
    pub(crate) backprop: f64,
    /// How far the point is moved.
    pub(crate) reach: Reach,
    /// The plain difference at this step is to be given as the numeric derivative, as the chapter does.
    pub(crate) plain: Option<f64>,
    /// A few roundings of the greatest number that has a part in y: where it cancels, its roundings stay.
    pub(crate) rounding: f64,
    /// A few roundings of the greatest number that has a part in what backpropagation says.
    pub(crate) uncertain: f64,
    /// The greatest derivative in sight: what is a thousandth of it must be seen, before anything counts as zero.
    pub(crate) slope: f64,
    /// A rounding of numbers of the size of 1 that the function may add up on the way, where y stands still though it is
    /// said to move; of larger ones, where what is moved is larger.
    pub(crate) quantum: f64,
    /// Whether the function may have kinks: not where every op on the way says that it has none.
    pub(crate) kinks: bool,
}

impl Question {
    /// A slope at a step that may be lost on the way to y, where numbers that move by less than half of their last place
    /// stand still: differences do not show it, however well they agree.
    pub(crate) fn hidden(self, step: f64) -> f64 {
        self.rounding / (8.0 * step)
    }
}

/// The verdict on a derivative, and what it rests on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) compared: Compared,
    pub(crate) element: Element,
    /// Whether the point itself lies at a kink, so that only the slopes to both sides could be had.
    pub(crate) at_kink: bool,
}

impl Answer {
    pub(super) fn new(compared: Compared, element: Element) -> Self {
        Self { compared, element, at_kink: false }
    }
}

/// Differences at the best step found so far.
pub(crate) struct Best {
    pub(crate) pair: Richardson,
    pub(crate) step: f64,
}

impl Best {
    pub(super) fn blur(&self, question: Question) -> f64 {
        self.pair.blur(question, self.step)
    }

    /// Whether rounding hides both derivatives, and would even if the point were moved by the step of its array's scale.
    pub(super) fn hides(&self, compared: Compared, question: Question) -> bool {
        let Richardson { truncation, rounding, .. } = self.pair;
        let shown = 4.0 * (rounding * self.step + question.rounding) / question.reach.first;
        question.uncertain.is_finite()
            && truncation <= rounding.max(question.uncertain)
            && compared.is_below(compared.error)
            && compared.magnitude() <= shown.max(4.0 * question.uncertain)
    }
}

impl Richardson {
    /// The error that steps are chosen by: with a part of the rounding on the way to y, which the differences at one step
    /// may not show.
    pub(super) fn blur(&self, question: Question, step: f64) -> f64 {
        self.error() + question.hidden(step)
    }

    pub(crate) fn compared(&self, question: Question) -> Compared {
        let error = self.error() + question.uncertain;
        Compared { backprop: question.backprop, numeric: self.value, error }
    }
}
