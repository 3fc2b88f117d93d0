//! What a check has found.

use super::element::{Compared, Element};
use super::fault::Fault;
use super::mode::Mode;
use crate::graph::NodeId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a gradient check has found: leaf by leaf, node by node. Displays as a table, then every fault with its place.
#[must_use = "a report that nobody reads hides what it found; ask `passed()`"]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How derivatives were measured.
    pub mode: Mode,
    /// 1 for the gradient; 2 for the gradient's gradient.
    pub order: usize,
    /// The relative tolerance.
    #[serde(with = "crate::written::number")]
    pub tolerance: f64,
    /// Where the gradients come from that were checked.
    #[serde(default)]
    pub source: Source,
    /// The output where the gradients were checked; where there are several numbers, their sum by the cotangent.
    #[serde(with = "crate::written::number")]
    pub output: f64,
    /// One entry for each leaf, in the order they were asked for.
    pub parameters: Vec<ParameterReport>,
    /// The nodes that are constants because the graph says so, as [`stop_gradient`](crate::Var::stop_gradient) does, and
    /// that differences hold at their values too: each with the line that recorded it.
    #[serde(default)]
    pub held: Vec<String>,
    /// The nodes that were judged on their own, by id.
    pub nodes: Vec<NodeReport>,
    /// What is wrong and where, first what was found first; among nodes, the lowest id first.
    pub faults: Vec<Fault>,
    /// In [`Mode::Quick`]: how likely it is that the probes do not see that one element of all gradients, any that is
    /// not 0, has been lost. `None` where all are 0.
    #[serde(default, with = "crate::written::number")]
    pub unseen: Option<f64>,
    /// The same for the next order, if it was asked for.
    pub next: Option<Box<Report>>,
}

/// Where gradients come from, and what reports call them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The rules of the ops, put together by the reverse pass.
    #[default]
    Backprop,
    /// A formula, or another program: whatever was given to be checked.
    Analytic,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Backprop => "backprop",
            Self::Analytic => "analytic",
        })
    }
}

/// How many elements a report lists of a leaf or an operand whose derivative is wrong.
pub(super) const LISTED: usize = 5;

/// What a gradient check has found of one leaf. Figures are over the elements whose step crossed no kink; in
/// [`Mode::Quick`] the elements are probes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterReport {
    /// The leaf; `n0` where there is no graph.
    pub node: NodeId,
    /// The leaf's name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The step of most elements.
    #[serde(with = "crate::written::number")]
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
    /// The elements at a kink, whose derivative lies between those of both sides, and in [`Mode::Chapter`] those whose
    /// step crossed one.
    pub kinks: Vec<Vec<usize>>,
    /// The mean of |Δ|, the measure of 'Deep Learning from Scratch'.
    #[serde(with = "crate::written::number")]
    pub mean_abs: f64,
    /// The greatest |Δ|.
    #[serde(with = "crate::written::number")]
    pub max_abs: f64,
    /// Where |Δ| is greatest, with both numbers.
    pub worst: Option<Worst>,
    /// Elements that differ, those with the greatest |Δ| first; five at the most, of [`failed`](Self::failed) in all.
    #[serde(default)]
    pub failing: Vec<Worst>,
    /// The greatest |Δ| / M over the elements that pass or fail, which stand out of rounding; M is the greater
    /// magnitude of both numbers.
    #[serde(with = "crate::written::number")]
    pub max_rel: f64,
    /// In [`Mode::Quick`]: how likely the loss of one element that is not 0 goes unseen.
    #[serde(default, with = "crate::written::number")]
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

/// The verdict on one node's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeReport {
    /// The node.
    pub node: NodeId,
    /// The worst verdict on any of its operands.
    pub verdict: Verdict,
}

/// An element with both its derivatives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Worst {
    /// Its place in the leaf; empty for a probe.
    pub index: Vec<usize>,
    /// The derivative that was checked: by backpropagation, or as it was given.
    #[serde(with = "crate::written::number")]
    pub backprop: f64,
    /// The derivative by differences.
    #[serde(with = "crate::written::number")]
    pub numeric: f64,
}

impl Worst {
    /// How far the two are apart; NaN is worse than anything.
    pub(super) fn off(&self) -> f64 {
        let difference = (self.backprop - self.numeric).abs();
        if difference.is_nan() { f64::INFINITY } else { difference }
    }

    /// The same in the words for gradients of some source.
    pub(super) fn by(&self, source: Source) -> String {
        format!("{:?}: {source} {:e}, numeric {:e}", self.index, self.backprop, self.numeric)
    }
}

impl fmt::Display for Worst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.by(Source::Backprop))
    }
}

/// A verdict: on a leaf or a node, or on all that a check was asked for. From good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The gradients agree.
    Pass,
    /// They agree as far as they can at a kink, or on both sides of a tie: a pass, which is told apart for leaves and
    /// nodes, and never the verdict on a whole check.
    Kink,
    /// Nothing, or too little, stands out of rounding.
    Unresolved,
    /// The output does not depend on the leaf.
    Unreached,
    /// At least one element differs.
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Kink => "kink",
            Self::Fail => "FAIL",
            Self::Unresolved => "unresolved",
            Self::Unreached => "unreached",
        })
    }
}

impl Verdict {
    /// Whether this is a pass.
    #[must_use]
    pub fn passes(self) -> bool {
        self <= Self::Kink
    }

    /// The verdict in a sentence, as assertions begin with it: `FAIL: the gradients differ`.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Pass => "pass: the gradients agree",
            Self::Kink => "kink: the gradients agree, as far as they can at a kink",
            Self::Unresolved => "unresolved: the gradients cannot be told from rounding",
            Self::Unreached => "unreached: the output does not depend on a leaf",
            Self::Fail => "FAIL: the gradients differ",
        }
    }
}

impl Report {
    /// The verdict on all leaves and nodes, the next order included: the worst of any leaf, where a kink counts as
    /// [`Pass`](Verdict::Pass), and [`Fail`](Verdict::Fail) if there is a fault.
    ///
    /// ```
    /// use chainrule::check::{Check, Verdict};
    ///
    /// let tape = chainrule::Tape::new();
    /// let (w, v) = (tape.leaf("w", 0.5), tape.leaf("v", 2.0));
    /// let report = Check::new(w.exp(), &[w, v]).run()?;
    /// assert_eq!(report.verdict(), Verdict::Unreached);
    /// assert_eq!(report.parameter("w").unwrap().verdict, Verdict::Pass);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn verdict(&self) -> Verdict {
        let leaves = self.parameters.iter().map(|p| p.verdict);
        let faults = self.faults.iter().map(|_| Verdict::Fail);
        let next = self.next.iter().map(|next| next.verdict());
        match leaves.chain(faults).chain(next).max() {
            Some(verdict) if !verdict.passes() => verdict,
            _ => Verdict::Pass,
        }
    }

    /// Whether every leaf passed, no node is at fault, and the same holds for the next order: whether the
    /// [verdict](Self::verdict) is a pass.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.verdict().passes()
    }

    /// The entry of a leaf.
    pub fn parameter(&self, name: &str) -> Option<&ParameterReport> {
        self.parameters.iter().find(|p| p.name == name)
    }

    /// The first fault: among wrong nodes the one with the lowest id, on which no other wrong node has an influence.
    pub fn first_fault(&self) -> Option<&Fault> {
        self.faults.first().or_else(|| self.next.as_ref()?.first_fault())
    }
}

impl ParameterReport {
    pub(super) fn new(node: NodeId, name: String, shape: Vec<usize>) -> Self {
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
    pub(super) fn count(&mut self, index: impl Fn() -> Vec<usize>, compared: Compared, element: Element) {
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
    pub(super) fn contradict(&mut self) {
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

    pub(super) fn close(&mut self) {
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

/// Puts an element among those that are listed, if it is one of the furthest off; of several that are equally far off,
/// the first stay.
pub(super) fn list(listed: &mut Vec<Worst>, worst: Worst) {
    let place = listed.partition_point(|other| other.off() >= worst.off());
    if place < LISTED {
        listed.insert(place, worst);
        listed.truncate(LISTED);
    }
}
