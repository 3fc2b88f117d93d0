//! What the check of an op has found.

use crate::check::report::Report;
use crate::check::report::fault::Fault;
use crate::check::report::verdict::Verdict;
use crate::check::report::worst::LISTED;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What the check of an op has found, case by case. Displays as a count, then every case that failed.
#[must_use = "a report that nobody reads hides what it found; ask `passed()`"]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpReport {
    /// The op with its attributes.
    pub op: String,
    /// All cases.
    pub cases: Vec<OpCase>,
    /// What the op keeps that its attributes seem not to list: ops of its type that differ there would be refused on one
    /// tape. No fault by itself, since it may be the same in all ops of the type.
    #[serde(default)]
    pub note: Option<String>,
}

/// An op on operands of some shapes and layout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpCase {
    /// The shapes of the operands, and how they lie.
    pub operands: String,
    /// What the check of it has found.
    pub report: Report,
}

impl OpCase {
    /// The first fault in one line, or the leaf that failed.
    fn what_is_wrong(&self) -> String {
        if let Some(fault) = self.report.first_fault() {
            let operand = fault.operand.map(|operand| format!("operand {operand}: ")).unwrap_or_default();
            let hint = fault.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
            return format!("{operand}{}{hint}", fault.problem);
        }
        let orders = std::iter::successors(Some(&self.report), |report| report.next.as_deref());
        let mut leaves = orders.flat_map(|report| report.parameters.iter().map(move |p| (report.order, p)));
        match leaves.find(|(_, p)| p.verdict == Verdict::Fail) {
            Some((order, p)) => format!("the derivative of order {order} by {} differs", p.name),
            None => "the gradients differ".to_owned(),
        }
    }

    /// Whether no rule and no gradient was found wrong; numbers too small to be told from rounding do not count here.
    #[must_use]
    pub fn passed(&self) -> bool {
        let fails = |report: &Report| {
            !report.faults.is_empty() || report.parameters.iter().any(|p| p.verdict == Verdict::Fail)
        };
        let mut report = Some(&self.report);
        while let Some(order) = report {
            if fails(order) {
                return false;
            }
            report = order.next.as_deref();
        }
        true
    }
}

impl OpReport {
    /// Whether every case passed, and at least one had something to say, if there is anything to differentiate: whether
    /// the [verdict](Self::verdict) is a pass.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.verdict().passes()
    }

    /// The verdict on all cases: [`Fail`](Verdict::Fail) if one failed, [`Unresolved`](Verdict::Unresolved) if none had
    /// anything to say, else [`Pass`](Verdict::Pass).
    pub fn verdict(&self) -> Verdict {
        let nodes = || self.cases.iter().flat_map(|case| &case.report.nodes);
        let says = nodes().next().is_none() || nodes().any(|node| node.verdict == Verdict::Pass);
        match says {
            _ if !self.cases.iter().all(OpCase::passed) => Verdict::Fail,
            true => Verdict::Pass,
            false => Verdict::Unresolved,
        }
    }

    /// The first fault of the first case that has one.
    pub fn first_fault(&self) -> Option<&Fault> {
        self.cases.iter().find_map(|case| case.report.first_fault())
    }
}

impl fmt::Display for OpReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed: Vec<&OpCase> = self.cases.iter().filter(|case| !case.passed()).collect();
        let (passed, all) = (self.cases.len() - failed.len(), self.cases.len());
        writeln!(f, "op {}: {passed} of {all} cases pass", self.op)?;
        if self.verdict() == Verdict::Unresolved {
            writeln!(f, "{}", Verdict::Unresolved.sentence())?;
        }
        if let Some(note) = &self.note {
            writeln!(f, "note: {note}")?;
        }
        let Some((first, others)) = failed.split_first() else { return Ok(()) };
        // One report tells most; the others are a line each.
        write!(f, "on {}:\n{}", first.operands, first.report)?;
        for case in others.iter().take(LISTED - 1) {
            writeln!(f, "on {}: {}", case.operands, case.what_is_wrong())?;
        }
        match others.len().saturating_sub(LISTED - 1) {
            0 => Ok(()),
            more => writeln!(f, "and {more} more cases"),
        }
    }
}
