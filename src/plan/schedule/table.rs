//! A schedule as a table.

use super::data::{Schedule, ScheduledStep, Slot};
use crate::plan::compiled::Plan;
use crate::shown::{CELL, LIST, shown};
use crate::tape::Precision;
use std::fmt;

/// Bytes as people read them.
pub(crate) fn bytes(n: usize) -> String {
    let n = n as f64;
    match n {
        _ if n < 1024.0 => format!("{n} B"),
        _ if n < 1024.0 * 1024.0 => format!("{:.1} KiB", n / 1024.0),
        _ => format!("{:.1} MiB", n / (1024.0 * 1024.0)),
    }
}

impl ScheduledStep {
    /// The names of its ops on one line; of many, the first and how many there are.
    pub fn summary(&self) -> String {
        const MOST: usize = 8;
        let more = self.count.saturating_sub(MOST);
        let first = self.ops.iter().take(MOST).map(|op| shown(op, CELL)).collect::<Vec<_>>().join(" ");
        if more == 0 { first } else { format!("{first} … {more} more") }
    }
}

impl Schedule {
    /// Precision, threads, and how much there is to do.
    pub(crate) fn title(&self) -> String {
        let threads =
            if self.threads == 1 { "one thread".to_owned() } else { format!("{} threads", self.threads) };
        format!(
            "plan in {} for {threads}: {} nodes in {} steps",
            self.precision,
            self.nodes,
            self.steps.len()
        )
    }

    /// A step as a row of the table; each cell is cut to what a line has room for.
    fn row(&self, (i, step): (usize, &ScheduledStep)) -> [String; 5] {
        let reads = step.reads.iter().map(|&slot| self.slot(slot)).collect::<Vec<_>>().join(" ");
        let writes = step.writes.iter().map(|w| match (&w.updates, w.start, w.in_place_of) {
            (Some(name), None, _) => format!("`{}` in place", shown(name, CELL)),
            (Some(name), Some(_), _) => format!("r{}, at the end to `{}`", w.result, shown(name, CELL)),
            (None, _, Some(other)) => format!("r{} in place of r{other}", w.result),
            (None, Some(start), None) => format!("r{} {} at {}", w.result, bytes(w.bytes), bytes(start)),
            (None, None, None) => format!("r{} {} of indices", w.result, bytes(w.bytes)),
        });
        let writes = writes.collect::<Vec<_>>().join(", ");
        let parts = if step.parts > 1 { format!(", in {} parts", step.parts) } else { String::new() };
        [i.to_string(), step.summary(), format!("{:?}", step.shape), reads, writes + &parts]
            .map(|cell| shown(&cell, LIST).into_owned())
    }

    fn slot(&self, slot: Slot) -> String {
        match slot {
            Slot::Leaf(k) => match self.leaves.get(k) {
                Some(leaf) if leaf.kind == "constant" => shown(&leaf.name, CELL).into_owned(),
                Some(leaf) => format!("`{}`", shown(&leaf.name, CELL)),
                // A schedule may come from a file.
                None => format!("leaf {k}"),
            },
            Slot::Result(k) => format!("r{k}"),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title())?;
        let ratio = if self.least == 0 { 1.0 } else { self.arena as f64 / self.least as f64 };
        let leaves = self.leaves.iter().map(|leaf| leaf.bytes).fold(0, usize::saturating_add);
        writeln!(
            f,
            "results {}, {ratio:.2} × what is alive at one time; registers {}; leaves {}",
            bytes(self.arena),
            bytes(self.registers),
            bytes(leaves)
        )?;
        let header = ["step", "computes", "shape", "reads", "writes"].map(str::to_owned);
        let rows: Vec<[String; 5]> =
            std::iter::once(header).chain(self.steps.iter().enumerate().map(|row| self.row(row))).collect();
        let widths: [usize; 4] =
            std::array::from_fn(|k| rows.iter().map(|row| row[k].chars().count()).max().unwrap_or(0));
        for [step, computes, shape, reads, writes] in &rows {
            let [a, b, c, d] = widths;
            writeln!(f, "{step:>a$}  {computes:<b$}  {shape:<c$}  {reads:<d$}  {writes}")?;
        }
        let outputs = self.outputs.iter().map(|(node, slot)| format!("{node} in {}", self.slot(*slot)));
        let outputs = outputs.collect::<Vec<_>>().join(", ");
        if outputs.is_empty() { Ok(()) } else { writeln!(f, "outputs {outputs}") }
    }
}

impl<F: Precision> fmt::Display for Plan<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.schedule().fmt(f)
    }
}
