//! A report as text: a table, then every fault with its place.

use super::mode::Mode;
use super::report::{ParameterReport, Report, Verdict};
use crate::shown::{CELL, shown};
use std::fmt;

const HEADER: [&str; 11] = [
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

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.order > 1 {
            writeln!(f, "order {}:", self.order)?;
        }
        let rows: Vec<[String; 11]> = self.parameters.iter().map(cells).collect();
        let width = |k: usize| {
            let cells = rows.iter().map(|row| row[k].chars().count());
            cells.chain([HEADER[k].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..HEADER.len()).map(width).collect();
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
        line(f, HEADER)?;
        for row in &rows {
            line(f, row.each_ref().map(String::as_str))?;
        }
        if let (Mode::Quick { probes }, Some(unseen)) = (self.mode, self.unseen) {
            writeln!(
                f,
                "{probes} probes for each parameter: one lost element goes unseen with probability {unseen:.1e}"
            )?;
        }
        for parameter in self.parameters.iter().filter(|p| p.verdict > Verdict::Kink) {
            explain(parameter, f)?;
        }
        for fault in &self.faults {
            writeln!(f, "{}: {fault}", fault.stage)?;
        }
        match &self.next {
            Some(next) => next.fmt(f),
            None => Ok(()),
        }
    }
}

fn cells(p: &ParameterReport) -> [String; 11] {
    let figure = |x: f64| if p.compared() == 0 { "–".to_owned() } else { format!("{x:.2e}") };
    [
        shown(&p.name, CELL).into_owned(),
        shown(&format!("{:?}", p.shape), CELL).into_owned(),
        p.passed.to_string(),
        p.zeros.to_string(),
        p.failed.to_string(),
        p.unresolved.to_string(),
        p.kinks.len().to_string(),
        figure(p.mean_abs),
        figure(p.max_abs),
        figure(p.max_rel),
        p.verdict.to_string(),
    ]
}

/// A line that says why a leaf did not pass.
fn explain(p: &ParameterReport, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}: {}", shown(&p.name, CELL), p.verdict)?;
    match (&p.worst, p.verdict) {
        (_, Verdict::Unreached) => writeln!(f, ": the output does not depend on it"),
        (Some(worst), _) => writeln!(f, ": max |Δ| at {worst}"),
        (None, _) => writeln!(f),
    }?;
    match &p.hint {
        Some(hint) => writeln!(f, "  hint: {hint}"),
        None => Ok(()),
    }
}
