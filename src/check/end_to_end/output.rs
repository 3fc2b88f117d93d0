//! An output whose gradients are checked, and what all of its leaves have in common.

use crate::check::end_to_end::rows::Magnitudes;
use crate::check::measure::element::{Element, Reason};
use crate::check::measure::judge::Judge;
use crate::check::measure::question::Answer;
use crate::check::settings::Check;
use crate::graph::NodeId;
use crate::tape::Var;
use std::cell::Cell;

/// What all leaves of a check have in common.
pub(crate) struct EndToEnd<'c, 't> {
    pub(crate) check: &'c Check<'t>,
    pub(crate) loss: Var<'t>,
    /// The nodes that tell one branch from another.
    pub(crate) comparisons: Vec<NodeId>,
    pub(crate) scale: Magnitudes,
    /// How much rounding there is in the output, as far as it is known.
    pub(crate) roundoff: f64,
    /// Whether every node is right, and the backward graph is made of their rules.
    pub(crate) right: bool,
    /// Whether a derivative has come out otherwise when it was measured again.
    pub(crate) unsteady: Cell<bool>,
}

impl EndToEnd<'_, '_> {
    pub(crate) fn judge(&self) -> Judge {
        Judge::new(self.check.tolerance).of_noisy(self.roundoff)
    }

    /// Takes over from a judge whether what it measured again was another.
    pub(crate) fn note_unsteady(&self, judge: &Judge) {
        self.unsteady.set(self.unsteady.get() || judge.is_unsteady());
    }
}

/// At a tie several pieces may meet, and what the chain rule makes of their subgradients need not lie between the slopes
/// to both sides (Kakade and Lee, 'Provably correct automatic subdifferentiation', 2018): that is no proof of a fault.
/// Each node is judged on its own.
pub(crate) fn at_ties(answer: Answer) -> Answer {
    match answer.element {
        Element::Fail if answer.at_kink && answer.compared.backprop.is_finite() => {
            Answer { element: Element::Unresolved(Reason::Tie), ..answer }
        }
        _ => answer,
    }
}
