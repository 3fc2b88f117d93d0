//! What a check has found.

pub(crate) mod axes;
pub(crate) mod fault;
pub(crate) mod hint;
pub(crate) mod mode;
pub(crate) mod parameter;
mod table;
pub(crate) mod verdict;
pub(crate) mod worst;

use fault::Fault;
use mode::Mode;
use parameter::ParameterReport;
use serde::{Deserialize, Serialize};
use verdict::{NodeReport, Verdict};
use worst::Source;

/// What a gradient check has found: leaf by leaf, node by node. Displays as a table, then every fault with its place.
#[must_use = "a report that nobody reads hides what it found; ask `passed()`"]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How derivatives were measured.
    pub mode: Mode,
    /// 1 for the gradient; 2 for the gradient's gradient.
    pub order: usize,
    /// The relative tolerance.
    #[serde(with = "chainrule_base::written::number")]
    pub tolerance: f64,
    /// Where the gradients come from that were checked.
    #[serde(default)]
    pub source: Source,
    /// The output where the gradients were checked; where there are several numbers, their sum by the cotangent.
    #[serde(with = "chainrule_base::written::number")]
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
    #[serde(default, with = "chainrule_base::written::number")]
    pub unseen: Option<f64>,
    /// The same for the next order, if it was asked for.
    pub next: Option<Box<Report>>,
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
