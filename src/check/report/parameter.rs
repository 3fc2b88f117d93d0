//! What a check has found of one leaf.

use crate::check::measure::element::{Compared, Element};
use crate::check::report::verdict::Verdict;
use crate::check::report::worst::{Worst, list};
use crate::graph::NodeId;
use serde::{Deserialize, Serialize};

/// What a gradient check has found of one leaf. Figures are over the elements whose step crossed no kink; in
/// [`Mode::Quick`](crate::check::Mode::Quick) the elements are probes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterReport {
    /// The leaf; `n0` where there is no graph.
    pub node: NodeId,
    /// The leaf's name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The step of most elements.
    #[serde(with = "chainrule_base::written::number")]
    pub step: f64,
    /// How many elements agree, zeros among them.
    pub passed: usize,
    /// How many have a gradient of exactly 0, and an output that does not move.
    pub zeros: usize,
    /// How many have a gradient and a difference that are both less than rounding of the output could show, in a graph of
    /// which every node is right: zero within rounding, and counted among those that agree.
    #[serde(default)]
    pub rounded: usize,
    /// How many differ.
    pub failed: usize,
    /// How many are too small to be told from rounding.
    pub unresolved: usize,
    /// The elements at a kink, whose derivative lies between those of both sides, and in
    /// [`Mode::Chapter`](crate::check::Mode::Chapter) those whose step crossed one.
    pub kinks: Vec<Vec<usize>>,
    /// The mean of |Δ|, the measure of 'Deep Learning from Scratch'.
    #[serde(with = "chainrule_base::written::number")]
    pub mean_abs: f64,
    /// The greatest |Δ|.
    #[serde(with = "chainrule_base::written::number")]
    pub max_abs: f64,
    /// Where |Δ| is greatest, with both numbers.
    pub worst: Option<Worst>,
    /// Elements that differ, those with the greatest |Δ| first; five at the most, of [`failed`](Self::failed) in all.
    #[serde(default)]
    pub failing: Vec<Worst>,
    /// The greatest |Δ| / M over the elements that pass or fail, which stand out of rounding; M is the greater
    /// magnitude of both numbers.
    #[serde(with = "chainrule_base::written::number")]
    pub max_rel: f64,
    /// In [`Mode::Quick`](crate::check::Mode::Quick): how likely the loss of one element that is not 0 goes unseen.
    #[serde(default, with = "chainrule_base::written::number")]
    pub unseen: Option<f64>,
    /// Why elements are unresolved, each reason once.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// What the numbers look like where they are wrong and tell.
    pub hint: Option<String>,
    /// What else is worth knowing of the leaf: why its derivatives are zero, or cannot be told from rounding.
    #[serde(default)]
    pub note: Option<String>,
    /// The verdict on the leaf.
    pub verdict: Verdict,
}

impl ParameterReport {
    pub(crate) fn new(node: NodeId, name: String, shape: Vec<usize>) -> Self {
        Self {
            node,
            name,
            shape,
            step: 0.0,
            passed: 0,
            zeros: 0,
            rounded: 0,
            failed: 0,
            unresolved: 0,
            kinks: Vec::new(),
            mean_abs: 0.0,
            max_abs: 0.0,
            worst: None,
            failing: Vec::new(),
            max_rel: 0.0,
            unseen: None,
            reasons: Vec::new(),
            hint: None,
            note: None,
            verdict: Verdict::Unreached,
        }
    }

    /// The number of elements or probes compared, those at kinks left out.
    pub fn compared(&self) -> usize {
        // A report may come from a file, which can hold any numbers.
        self.passed.saturating_add(self.failed).saturating_add(self.unresolved)
    }

    /// Counts one element; `mean_abs` holds the sum until [`close`](Self::close).
    pub(crate) fn count(&mut self, index: impl Fn() -> Vec<usize>, compared: Compared, element: Element) {
        let worst = |index| Worst { index, backprop: compared.backprop, numeric: compared.numeric };
        match element {
            Element::Kink => return self.kinks.push(index()),
            Element::Pass => self.passed += 1,
            Element::Zero => {
                self.passed += 1;
                self.zeros += 1;
            }
            Element::Fail => {
                self.failed += 1;
                list(&mut self.failing, worst(index()));
            }
            Element::Rounding => {
                self.passed += 1;
                self.rounded += 1;
            }
            Element::Unresolved(reason) => {
                self.unresolved += 1;
                if !self.reasons.iter().any(|known| known == reason.text()) {
                    self.reasons.push(reason.text().to_owned());
                }
            }
        }
        let difference = compared.difference();
        self.mean_abs += difference;
        // NaN is worse than anything.
        if self.worst.is_none() || difference > self.max_abs || difference.is_nan() && !self.max_abs.is_nan()
        {
            self.max_abs = difference;
            self.worst = Some(worst(index()));
        }
        if matches!(element, Element::Pass | Element::Fail) {
            let relative = compared.relative();
            self.max_rel = if relative.is_nan() { relative } else { self.max_rel.max(relative) };
        }
    }

    /// Differences of the output prove nothing where every node and the backward graph are right by themselves: the leaf is
    /// left unresolved, and does not pass.
    pub(crate) fn contradict(&mut self) {
        if self.failed > 0 {
            self.reasons.push(
                "differences of the output are off by more than its rounding explains, and every op on the way is right by \
                 itself, as is the backward graph: numbers that cancel on the way leave such differences, and so do waves \
                 shorter than a step"
                    .to_owned(),
            );
            self.unresolved += std::mem::take(&mut self.failed);
            self.verdict = Verdict::Unresolved;
            self.hint = None;
            self.failing.clear();
        }
    }

    pub(crate) fn close(&mut self) {
        let compared = self.compared();
        if compared > 0 {
            self.mean_abs /= compared as f64;
        }
        // An empty leaf has nothing to be wrong about.
        let nothing = self.passed == 0 && compared > 0;
        self.verdict = match self.failed {
            0 if nothing || self.unresolved * 5 > compared => Verdict::Unresolved,
            0 if compared == 0 && !self.kinks.is_empty() => Verdict::Kink,
            0 => Verdict::Pass,
            _ => Verdict::Fail,
        };
    }
}
