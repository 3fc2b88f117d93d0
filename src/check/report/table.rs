//! A report as text: a table, then every fault with its place.

use crate::check::report::Report;
use crate::check::report::mode::Mode;
use crate::check::report::parameter::ParameterReport;
use crate::check::report::verdict::Verdict;
use crate::check::report::worst::{Source, further};
use crate::shown::{CELL, shown};
use std::fmt;

const HEADER: [&str; 12] = [
    "parameter",
    "shape",
    "pass",
    "zero",
    "≈ 0",
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
        let rows: Vec<[String; 12]> = self.parameters.iter().map(cells).collect();
        let width = |k: usize| {
            let cells = rows.iter().map(|row| row[k].chars().count());
            cells.chain([HEADER[k].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..HEADER.len()).map(width).collect();
        let line = |f: &mut fmt::Formatter<'_>, cells: [&str; 12]| {
            let mut text = String::new();
            for (k, cell) in cells.into_iter().enumerate() {
                // Words to the left, numbers to the right.
                match k {
                    0 | 1 | 11 => text += &format!("{cell:<0$}  ", widths[k]),
                    _ => text += &format!("{cell:>0$}  ", widths[k]),
                }
            }
            writeln!(f, "{}", text.trim_end())
        };
        if !rows.is_empty() {
            line(f, HEADER)?;
        }
        for row in &rows {
            line(f, row.each_ref().map(String::as_str))?;
        }
        if let (Mode::Quick { probes }, Some(unseen)) = (self.mode, self.unseen) {
            writeln!(
                f,
                "{probes} probes for each parameter: one lost element goes unseen with probability {unseen:.1e}"
            )?;
        }
        if let Some(first) = self.held.first() {
            let more = match self.held.len() {
                1 => String::new(),
                n => format!(", and {} more", n - 1),
            };
            writeln!(f, "held constant, gradients and differences alike: {first}{more}")?;
        }
        for parameter in &self.parameters {
            explain(parameter, self.source, f)?;
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

fn cells(p: &ParameterReport) -> [String; 12] {
    let figure = |x: f64| if p.compared() == 0 { "–".to_owned() } else { format!("{x:.2e}") };
    [
        shown(&p.name, CELL).into_owned(),
        shown(&format!("{:?}", p.shape), CELL).into_owned(),
        p.passed.to_string(),
        p.zeros.to_string(),
        p.rounded.to_string(),
        p.failed.to_string(),
        p.unresolved.to_string(),
        p.kinks.len().to_string(),
        figure(p.mean_abs),
        figure(p.max_abs),
        figure(p.max_rel),
        p.verdict.to_string(),
    ]
}

/// Lines that say why a leaf did not pass, and what else is worth knowing of it.
fn explain(p: &ParameterReport, source: Source, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let name = shown(&p.name, CELL);
    if p.verdict.passes() {
        return match &p.note {
            Some(note) => writeln!(f, "{name}: {note}"),
            None => Ok(()),
        };
    }
    write!(f, "{name}: {}", p.verdict)?;
    // What passes may be further off than what fails, if its gradient is much larger.
    match (p.failing.first().or(p.worst.as_ref()), p.verdict) {
        (_, Verdict::Unreached) => f.write_str(": the output does not depend on it"),
        (Some(worst), _) => write!(f, ": max |Δ| at {}", worst.by(source)),
        (None, _) => Ok(()),
    }?;
    f.write_str("\n")?;
    f.write_str(&further(p.failing.get(1..).unwrap_or_default(), p.failed, source))?;
    for reason in &p.reasons {
        writeln!(f, "  unresolved: {reason}")?;
    }
    for (what, text) in [("note", &p.note), ("hint", &p.hint)] {
        if let Some(text) = text {
            writeln!(f, "  {what}: {text}")?;
        }
    }
    Ok(())
}
