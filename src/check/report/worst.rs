//! Elements whose derivatives differ, and what reports call these.

use serde::{Deserialize, Serialize};
use std::fmt;

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

/// An element with both its derivatives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Worst {
    /// Its place in the leaf; empty for a probe.
    pub index: Vec<usize>,
    /// The derivative that was checked: by backpropagation, or as it was given.
    #[serde(with = "chainrule_base::written::number")]
    pub backprop: f64,
    /// The derivative by differences.
    #[serde(with = "chainrule_base::written::number")]
    pub numeric: f64,
}

impl Worst {
    /// How far the two are apart; NaN is worse than anything.
    pub(crate) fn off(&self) -> f64 {
        let difference = (self.backprop - self.numeric).abs();
        if difference.is_nan() { f64::INFINITY } else { difference }
    }

    /// The same in the words for gradients of some source.
    pub(crate) fn by(&self, source: Source) -> String {
        format!("{:?}: {source} {:e}, numeric {:e}", self.index, self.backprop, self.numeric)
    }
}

impl fmt::Display for Worst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.by(Source::Backprop))
    }
}

/// How many elements a report lists of a leaf or an operand whose derivative is wrong.
pub(crate) const LISTED: usize = 5;

/// Puts an element among those that are listed, if it is one of the furthest off; of several that are equally far off,
/// the first stay.
pub(crate) fn list(listed: &mut Vec<Worst>, worst: Worst) {
    let place = listed.partition_point(|other| other.off() >= worst.off());
    if place < LISTED {
        listed.insert(place, worst);
        listed.truncate(LISTED);
    }
}

/// Lines for elements that differ, but for the first of all, which stands above them; then how many more there are of so
/// many in all.
pub(crate) fn further(failing: &[Worst], all: usize, source: Source) -> String {
    let mut text = String::new();
    for element in failing {
        text += &format!("  {}\n", element.by(source));
    }
    if all > failing.len() + 1 {
        text += &format!("  and {} more\n", all - failing.len() - 1);
    }
    text
}
