//! Verdicts, from good to bad.

use crate::error::{Error, Result};
use crate::graph::NodeId;
use serde::{Deserialize, Serialize};
use std::fmt;

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

/// The verdict on one node's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeReport {
    /// The node.
    pub node: NodeId,
    /// The worst verdict on any of its operands.
    pub verdict: Verdict,
}

/// The report of a check that was meant to fail.
///
/// # Errors
///
/// If it has passed.
pub(crate) fn must_fail<R: fmt::Display>(passed: bool, report: R) -> Result<R> {
    if !passed {
        return Ok(report);
    }
    Err(Error::Argument {
        what: "must_fail",
        problem: format!("the check was to find a wrong gradient, and passed\n{report}"),
    })
}
