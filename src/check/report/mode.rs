//! How thoroughly a gradient is checked.

use crate::base::float::Written;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// How a check measures derivatives end to end. Whatever the mode, every node is judged on its own as well.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Every element, by the plain central difference `(f(x + h) − f(x − h)) / 2h` at a given h: the figures of
    /// 'Deep Learning from Scratch'. An element that this h does not settle is judged as in [`Full`](Self::Full).
    Chapter {
        /// The step h, in the units of the leaves.
        #[serde(with = "chainrule_base::written::number")]
        step: f64,
    },
    /// Every element, at steps chosen for each leaf, by Richardson's extrapolation with an estimate of its error.
    ///
    /// An element costs some runs of all that depends on it, so n leaves that all lead into one array of n elements cost
    /// O(n²): for very many leaves, [`Quick`](Self::Quick) is linear.
    Full,
    /// A few random directions for each leaf, as in [`Full`](Self::Full); the report says how likely one wrong element
    /// is to go unseen.
    ///
    /// More than 64 leaves are moved in 16 groups, each of leaves with about the same effect on the output, so that a check
    /// of n leaves costs as many evaluations as one of 16. A group that fails is halved until the wrong leaf is found; what
    /// is still open after 128 halves is unresolved.
    Quick {
        /// How many directions for each leaf, or group.
        probes: usize,
    },
}

impl Mode {
    /// The chapter's h, 1e-4.
    pub const CHAPTER: Self = Self::Chapter { step: 1e-4 };
    /// Two directions for each leaf.
    pub const QUICK: Self = Self::Quick { probes: 2 };

    /// `"chapter"`, `"full"` or `"quick"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chapter { .. } => "chapter",
            Self::Full => "full",
            Self::Quick { .. } => "quick",
        }
    }
}

/// That a check can be run with these settings.
pub(crate) fn check_settings(mode: Mode, tolerance: f64) -> Result<()> {
    if !(tolerance.is_finite() && tolerance > 0.0) {
        return Err(argument(format!("a tolerance of {} is not a positive number", Written(tolerance))));
    }
    match mode {
        Mode::Chapter { step } if !(step.is_finite() && step > 0.0) => {
            Err(argument(format!("a step of {} is not a positive number", Written(step))))
        }
        Mode::Quick { probes: 0 } => Err(argument("no probe sees anything; take at least one".to_owned())),
        _ => Ok(()),
    }
}

/// The error for what cannot be checked.
pub(crate) fn argument(problem: String) -> Error {
    Error::Argument { what: "check", problem }
}
