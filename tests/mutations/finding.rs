//! What a check says of a mutation, held against where the mutation is.

use chainrule::check::{Report, Stage, Verdict};
use chainrule::{Error, NodeId};

/// Where a mutation is.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    pub(crate) stage: Stage,
    pub(crate) node: NodeId,
    /// The operand whose rule is wrong, if it is a rule.
    pub(crate) operand: Option<usize>,
    /// The node's op.
    pub(crate) op: String,
    /// The file and line that recorded the node.
    pub(crate) place: (&'static str, u32),
}

/// What a check says.
#[derive(Debug)]
pub(crate) struct Finding {
    /// Whether anything is wrong.
    pub(crate) caught: bool,
    /// Whether the first fault is the mutation's node and operand, and its line.
    pub(crate) located: bool,
    /// Whether a gradient differs end to end.
    pub(crate) differs_end_to_end: bool,
    /// What is said first.
    pub(crate) first: String,
    /// All that is said.
    pub(crate) text: String,
}

impl Finding {
    pub(crate) fn of(outcome: chainrule::Result<Report>, expected: &Expected) -> Self {
        match outcome {
            Ok(report) => Self::of_report(&report, expected),
            Err(error) => Self {
                caught: true,
                located: Self::names(&error, expected),
                differs_end_to_end: false,
                first: error.to_string(),
                text: format!("{error}\nexpected: {expected:?}"),
            },
        }
    }

    /// Whether an error names the rule: no gradient can be recorded with one that does not fit, so it stands for a report.
    fn names(error: &Error, expected: &Expected) -> bool {
        let Error::Rule { op, operand, node, location, .. } = error else { return false };
        *op == expected.op
            && Some(*operand) == expected.operand
            && node.starts_with(&format!("{} ", expected.node))
            && (&*location.file, location.line) == expected.place
    }

    fn of_report(report: &Report, expected: &Expected) -> Self {
        let first = report.first_fault();
        let located = first.is_some_and(|fault| {
            let place = fault.location.as_ref().map(|l| (&*l.file, l.line));
            (fault.stage, fault.node) == (expected.stage, expected.node)
                && (expected.operand.is_none() || fault.operand == expected.operand)
                && place == Some(expected.place)
        });
        Self {
            caught: !report.passed(),
            located,
            differs_end_to_end: report.parameters.iter().any(|p| p.verdict == Verdict::Fail),
            first: first.map_or_else(|| "no fault".to_owned(), ToString::to_string),
            text: format!("{report}\nexpected: {expected:?}"),
        }
    }
}
