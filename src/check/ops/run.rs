//! The cases of a check of an op, one after another.

use super::operands;
use crate::check::ops::arrangement::Arrangement;
use crate::check::ops::op_check::OpCheck;
use crate::check::ops::operands::{POSITIVE, indices};
use crate::check::ops::report::{OpCase, OpReport};
use crate::check::random::generator;
use crate::check::report::Report;
use crate::check::report::verdict::must_fail;
use crate::error::{Error, Result};
use crate::graph::Kind;
use crate::tape::identity::Unlisted;
use crate::tape::sample::{Domain, Sample};
use crate::tape::{Tape, Var};

impl OpCheck {
    /// Runs the check.
    ///
    /// # Errors
    ///
    /// If the op accepts none of the shapes, or refuses shapes that were given; [`Error::Rule`] if a rule's result does
    /// not fit its operand; [`Error::NotFinite`] if the op has no value in its domain.
    #[track_caller]
    pub fn run(&self) -> Result<OpReport> {
        let mut cases = Vec::new();
        let samples = self.samples()?;
        for sample in &samples {
            let arrangements = [
                Arrangement::Contiguous,
                Arrangement::Transposed,
                Arrangement::EverySecond,
                Arrangement::EverySecondBackwards,
                Arrangement::Stretched,
                Arrangement::UsedTwice,
                Arrangement::OneVar,
            ];
            for arrangement in arrangements {
                let report = match self.case(sample, arrangement) {
                    Err(Error::NotFinite { .. }) if self.domain.is_none() && self.op.samples().is_empty() => {
                        let positive = |(shape, _): &(Vec<usize>, Domain)| (shape.clone(), POSITIVE);
                        self.case(&Sample(sample.0.iter().map(positive).collect()), arrangement)?
                    }
                    // Of nothing, such as a mean, there may be no value.
                    Err(Error::NotFinite { .. }) if sample.0.iter().any(|(s, _)| s.contains(&0)) => None,
                    report => report?,
                };
                let operands = format!("{}, {}", operands::shapes(sample), arrangement.name());
                // Of kernels alone there is a case only where one is wrong.
                let report = report.filter(|r| !arrangement.is_of_kernels() || !r.faults.is_empty());
                cases.extend(report.map(|report| OpCase { operands, report }));
            }
        }
        if self.extremes.unwrap_or(self.shapes.is_empty() && self.domain.is_none()) {
            cases.extend(self.at_extremes(&samples)?);
            cases.extend(self.at_all_sizes(&samples)?);
        }
        // Where ordinary operands show what is wrong, these would say it again.
        if self.extremes != Some(false) && cases.iter().all(OpCase::passed) {
            cases.extend(self.at_special_points(&samples)?);
        }
        let attributes = self.op.attributes();
        let with = if attributes.is_empty() { String::new() } else { format!("({attributes})") };
        let note = Unlisted::of(&*self.op).map(|unlisted| unlisted.to_string());
        Ok(OpReport { op: format!("{}{with}", self.op.name()), cases, note })
    }

    /// Runs the check as a negative control: of an op that is known to be wrong, so that the check must fail.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); and if the check passes.
    #[track_caller]
    pub fn must_fail(&self) -> Result<OpReport> {
        let report = self.run()?;
        must_fail(report.passed(), report)
    }

    /// Checks one case, if the arrangement makes sense for it.
    #[track_caller]
    fn case(&self, sample: &Sample, arrangement: Arrangement) -> Result<Option<Report>> {
        let mut random = generator(self.seed, 3);
        let tape = Tape::new();
        let mut leaves: Vec<Var<'_>> = Vec::new();
        let mut x: Vec<Var<'_>> = Vec::new();
        for (i, (shape, domain)) in sample.0.iter().enumerate() {
            let name = format!("x{i}");
            if domain.kind() == Kind::Index {
                x.push(indices(&tape, &name, shape, *domain, &mut random));
                continue;
            }
            if let (Arrangement::OneVar, Some(&first)) = (arrangement, leaves.first()) {
                if first.shape() != *shape {
                    return Ok(None);
                }
                x.push(first);
                continue;
            }
            let (leaf, view) = arrangement.leaf(&tape, &name, shape, *domain, &mut random);
            leaves.push(leaf);
            x.push(view);
        }
        if arrangement == Arrangement::OneVar && (x.len() < 2 || leaves.len() > 1) {
            return Ok(None);
        }
        let Some(y) = self.result(&x, &leaves)? else { return Ok(None) };
        let y = if arrangement == Arrangement::UsedTwice { y * y + y } else { y };
        let check = self.check(y, &leaves, self.order.min(self.op.orders()), &mut random);
        let check = if arrangement.is_of_kernels() { check.kernels() } else { check };
        check.run().map(Some)
    }
}
