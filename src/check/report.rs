//! What a check has found.

use super::element::{Compared, Element};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a gradient check has found, leaf by leaf. Displays as a table.
#[must_use = "a report that nobody reads hides what it found; ask `passed()`"]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The step h of the central differences.
    pub step: f64,
    /// The relative tolerance.
    pub tolerance: f64,
    /// The output where the gradients were checked.
    pub output: f64,
    /// One entry for each leaf, in the order they were asked for.
    pub parameters: Vec<ParameterReport>,
}

/// What a gradient check has found of one leaf. Figures are over the elements whose step crossed no kink.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterReport {
    /// The leaf's name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// How many elements agree, zeros among them.
    pub passed: usize,
    /// How many have a gradient of exactly 0, and an output that does not move.
    pub zeros: usize,
    /// How many differ.
    pub failed: usize,
    /// How many are too small to be told from rounding.
    pub unresolved: usize,
    /// The elements whose step crossed a kink.
    pub kinks: Vec<Vec<usize>>,
    /// The mean of |Δ|, the measure of 'Deep Learning from Scratch'.
    pub mean_abs: f64,
    /// The greatest |Δ|.
    pub max_abs: f64,
    /// Where |Δ| is greatest, with both numbers.
    pub worst: Option<Worst>,
    /// The greatest |Δ| / M over the elements that pass or fail, which stand out of rounding; M is the greater
    /// magnitude of both numbers.
    pub max_rel: f64,
    /// The verdict on the leaf.
    pub verdict: Verdict,
}

/// An element with both its derivatives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Worst {
    /// Its place in the leaf.
    pub index: Vec<usize>,
    /// The derivative by backpropagation.
    pub backprop: f64,
    /// The derivative by central differences.
    pub numeric: f64,
}

/// The verdict on a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The gradients agree.
    Pass,
    /// At least one element differs.
    Fail,
    /// Nothing, or too little, stands out of rounding, or most steps crossed a kink.
    Unresolved,
    /// The output does not depend on the leaf.
    Unreached,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "FAIL",
            Self::Unresolved => "unresolved",
            Self::Unreached => "unreached",
        })
    }
}

impl Report {
    /// Whether every leaf passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.parameters.iter().all(|p| p.verdict == Verdict::Pass)
    }

    /// The entry of a leaf.
    pub fn parameter(&self, name: &str) -> Option<&ParameterReport> {
        self.parameters.iter().find(|p| p.name == name)
    }
}

impl ParameterReport {
    pub(super) fn new(name: String, shape: Vec<usize>) -> Self {
        Self {
            name,
            shape,
            passed: 0,
            zeros: 0,
            failed: 0,
            unresolved: 0,
            kinks: Vec::new(),
            mean_abs: 0.0,
            max_abs: 0.0,
            worst: None,
            max_rel: 0.0,
            verdict: Verdict::Unreached,
        }
    }

    /// The number of elements compared.
    pub fn compared(&self) -> usize {
        self.passed + self.failed + self.unresolved
    }

    /// Counts one element; `mean_abs` holds the sum until [`close`](Self::close).
    pub(super) fn count(&mut self, index: Vec<usize>, compared: Compared, element: Element) {
        match element {
            Element::Kink => return self.kinks.push(index),
            Element::Pass => self.passed += 1,
            Element::Zero => {
                self.passed += 1;
                self.zeros += 1;
            }
            Element::Fail => self.failed += 1,
            Element::Unresolved => self.unresolved += 1,
        }
        let difference = compared.difference();
        self.mean_abs += difference;
        // NaN is worse than anything.
        if self.worst.is_none() || difference > self.max_abs || difference.is_nan() && !self.max_abs.is_nan()
        {
            self.max_abs = difference;
            self.worst = Some(Worst { index, backprop: compared.backprop, numeric: compared.numeric });
        }
        if matches!(element, Element::Pass | Element::Fail) {
            let relative = compared.relative();
            self.max_rel = if relative.is_nan() { relative } else { self.max_rel.max(relative) };
        }
    }

    pub(super) fn close(&mut self) {
        let compared = self.compared();
        if compared > 0 {
            self.mean_abs /= compared as f64;
        }
        // An empty leaf has nothing to be wrong about; one with kinks alone was not checked.
        let nothing = self.passed == 0 && compared + self.kinks.len() > 0;
        self.verdict = match self.failed {
            0 if nothing || self.unresolved * 5 > compared || self.kinks.len() > compared => {
                Verdict::Unresolved
            }
            0 => Verdict::Pass,
            _ => Verdict::Fail,
        };
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = [
            "parameter",
            "shape",
            "pass",
            "zero",
            "fail",
            "unresolved",
            "kink",
            "mean |Δ|",
            "max |Δ|",
            "max rel",
            "verdict",
        ];
        let rows: Vec<[String; 11]> = self.parameters.iter().map(ParameterReport::cells).collect();
        let width = |k: usize| {
            rows.iter().map(|r| r[k].chars().count()).chain([header[k].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..header.len()).map(width).collect();
        let line = |f: &mut fmt::Formatter<'_>, cells: [&str; 11]| {
            let mut text = String::new();
            for (k, cell) in cells.into_iter().enumerate() {
                // Words to the left, numbers to the right.
                match k {
                    0 | 1 | 10 => text += &format!("{cell:<0$}  ", widths[k]),
                    _ => text += &format!("{cell:>0$}  ", widths[k]),
                }
            }
            writeln!(f, "{}", text.trim_end())
        };
        line(f, header)?;
        for row in &rows {
            line(f, row.each_ref().map(String::as_str))?;
        }
        for parameter in self.parameters.iter().filter(|p| p.verdict != Verdict::Pass) {
            parameter.explain(f)?;
        }
        Ok(())
    }
}

impl ParameterReport {
    fn cells(&self) -> [String; 11] {
        let figure = |x: f64| if self.compared() == 0 { "–".to_owned() } else { format!("{x:.2e}") };
        [
            self.name.clone(),
            format!("{:?}", self.shape),
            self.passed.to_string(),
            self.zeros.to_string(),
            self.failed.to_string(),
            self.unresolved.to_string(),
            self.kinks.len().to_string(),
            figure(self.mean_abs),
            figure(self.max_abs),
            figure(self.max_rel),
            self.verdict.to_string(),
        ]
    }

    /// A line that says why a leaf did not pass.
    fn explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.verdict)?;
        match (&self.worst, self.verdict) {
            (_, Verdict::Unreached) => writeln!(f, ": the output does not depend on it"),
            (Some(Worst { index, backprop, numeric }), _) => {
                writeln!(f, ": max |Δ| at {index:?}: backprop {backprop:e}, numeric {numeric:e}")
            }
            (None, _) => writeln!(f, ": every element's step crossed a kink"),
        }
    }
}
