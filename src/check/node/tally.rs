//! What the rule of one operand is held against, and what its answers say together.

use crate::check::measure::element::{Element, Reason};
use crate::check::measure::question::{Answer, Question};
use crate::check::measure::steps::Reach;
use crate::check::report::verdict::Verdict;

/// What all derivatives of one operand are measured with.
#[derive(Clone, Copy)]
pub(super) struct RuleBounds<'a> {
    pub(super) dx: &'a [f64],
    pub(super) rounding: f64,
    pub(super) uncertain: f64,
    pub(super) quantum: f64,
    /// By how much each of `dx` is uncertain besides, if that has been looked at.
    pub(super) unstable: &'a [f64],
    pub(super) kinks: bool,
    pub(super) elementwise: bool,
}

impl RuleBounds<'_> {
    pub(super) fn question(self, backprop: f64, reach: Reach, uncertain: f64) -> Question {
        let Self { rounding, quantum, kinks, .. } = self;
        let greatest = self.dx.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let slope = if greatest > 0.0 && greatest.is_finite() { greatest } else { 1.0 };
        Question { backprop, reach, plain: None, rounding, uncertain, slope, quantum, kinks }
    }

    /// The question of one of the derivatives.
    pub(super) fn element(self, element: usize, reach: Reach) -> Question {
        let unstable = self.unstable.get(element).copied().unwrap_or(0.0);
        self.question(self.dx[element], reach, self.uncertain + unstable)
    }

    /// The question of the derivative along a direction of so many elements, whose roundings average out.
    pub(super) fn along(self, backprop: f64, reach: Reach, count: usize) -> Question {
        let unstable = self.unstable.iter().map(|u| u * u).sum::<f64>().sqrt();
        self.question(backprop, reach, self.uncertain * (count as f64).sqrt() + 2.0 * unstable)
    }
}

/// What differences said of one operand.
pub(super) struct Tally {
    pub(super) verdict: Verdict,
    pub(super) passed: usize,
    pub(super) unresolved: usize,
    /// Whether nothing fails, and what is unresolved is hidden by rounding.
    pub(super) right: bool,
}

/// How an operand is moved.
#[derive(Debug, Clone, Copy)]
pub(super) enum Motion {
    /// One element by itself.
    Element(usize),
    /// All elements, along a random direction.
    Along,
}

/// Whether an answer is only that elements tie.
pub(super) fn is_tied(answer: &Answer) -> bool {
    answer.at_kink && answer.compared.backprop.is_finite()
}

impl Default for Tally {
    fn default() -> Self {
        Self { verdict: Verdict::Unresolved, passed: 0, unresolved: 0, right: true }
    }
}

impl Tally {
    /// What all answers say of an operand with so many derivatives.
    pub(super) fn of(answers: &[(Motion, Answer)], dx: &[f64]) -> Self {
        let mut tally = Self::default();
        if dx.is_empty() {
            tally.verdict = Verdict::Pass;
        }
        answers.iter().for_each(|&(_, answer)| tally.take(answer));
        tally
    }

    pub(super) fn take(&mut self, answer: Answer) {
        match answer.element {
            Element::Pass | Element::Zero | Element::Rounding => self.passed += 1,
            Element::Unresolved(reason) => {
                self.unresolved += 1;
                self.right &= reason == Reason::Rounding;
            }
            Element::Kink => {}
            Element::Fail => self.right = false,
        }
        self.verdict = match answer.element {
            Element::Fail => Verdict::Fail,
            _ if self.verdict == Verdict::Fail => Verdict::Fail,
            Element::Kink => Verdict::Kink,
            _ if self.verdict == Verdict::Kink => Verdict::Kink,
            // As for a leaf: too little is too little.
            _ if self.unresolved * 5 > self.passed + self.unresolved => Verdict::Unresolved,
            _ => Verdict::Pass,
        };
    }
}
