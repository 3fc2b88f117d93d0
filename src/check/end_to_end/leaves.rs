//! End to end: the gradient of each leaf against differences of the output.

use crate::base::shape::unravel;
use crate::check::end_to_end::groups::{LeafGroups, MANY};
use crate::check::end_to_end::output::{EndToEnd, at_ties};
use crate::check::end_to_end::rows::GradientRow;
use crate::check::measure::element::Compared;
use crate::check::measure::function::{Function, Moves};
use crate::check::measure::judge::Judge;
use crate::check::measure::steps::{rms, start};
use crate::check::random::{Random, positions, roundings};
use crate::check::replay::Replay;
use crate::check::replay::columns::LinearColumn;
use crate::check::report::fault::{Fault, Stage};
use crate::check::report::mode::Mode;
use crate::check::report::parameter::ParameterReport;
use crate::error::Result;
use crate::tape::Var;

/// Elements on which moving the result of a linear op is compared with computing it.
const LINEAR_SAMPLES: usize = 32;

impl<'t> EndToEnd<'_, 't> {
    /// Fills in the reports of leaves that the loss depends on; what is wrong with an op's claim to be linear besides.
    pub(crate) fn leaves(
        &self,
        leaves: &[Var<'t>],
        gradients: &[&[f64]],
        reports: &mut [&mut ParameterReport],
        random: &mut Random,
    ) -> Result<Vec<Fault>> {
        if let Mode::Quick { probes } = self.check.mode
            && leaves.len() > MANY
        {
            LeafGroups::new(self, probes, leaves, gradients)?.run(reports, random)?;
            return Ok(Vec::new());
        }
        let mut faults = Vec::new();
        for ((leaf, gradient), report) in leaves.iter().zip(gradients).zip(reports) {
            faults.extend(self.leaf(*leaf, gradient, report, random)?);
        }
        Ok(faults)
    }

    /// Fills in the report of one leaf, which the loss depends on; what is wrong with an op's claim to be linear besides.
    fn leaf(
        &self,
        leaf: Var<'t>,
        gradient: &[f64],
        report: &mut ParameterReport,
        random: &mut Random,
    ) -> Result<Option<Fault>> {
        if gradient.is_empty() {
            report.close();
            return Ok(None);
        }
        let (name, shape) = (format!("{leaf:?}"), report.shape.clone());
        let row = GradientRow { name: &name, shape: &shape, gradient, scale: self.scale, right: self.right };
        let mut judge = self.judge();
        if let Mode::Quick { probes } = self.check.mode {
            let mut replay = self.replay(leaf, false)?;
            row.probes(probes, &mut replay, &mut judge, report, random, at_ties)?;
            self.note_unsteady(&judge);
            return Ok(None);
        }
        let mut replay = self.replay(leaf, true)?;
        let fault = self.untrue_claim(leaf, &shape, &replay, &judge, random)?;
        if fault.is_some() {
            replay = self.replay(leaf, false)?;
        }
        let steps = row.steps(self.check.mode, &mut replay, &mut judge, random)?;
        report.step = steps.usual();
        let mut answers = row.answers_by(self.check.threads, &mut replay, &mut judge, &steps)?;
        answers.iter_mut().for_each(|answer| *answer = at_ties(*answer));
        row.count(&answers, report);
        self.note_unsteady(&judge);
        Ok(fault)
    }

    fn replay(&self, leaf: Var<'t>, linear: bool) -> Result<Replay> {
        Replay::new(self.loss, &[leaf], &self.comparisons, linear)
    }

    /// That the results of ops that are linear in the leaf rise by their columns, on some elements; or what is wrong.
    ///
    /// Held against the result itself: what comes after it may make much of a rounding.
    fn untrue_claim(
        &self,
        leaf: Var<'t>,
        shape: &[usize],
        moved: &Replay,
        judge: &Judge,
        random: &mut Random,
    ) -> Result<Option<Fault>> {
        for column in moved.linear() {
            if let Some(problem) = self.untrue_column(leaf, shape, column, judge, random)? {
                let graph = self.loss.tape().graph();
                let fault = Fault::new(Stage::Claim, &graph, column.result, Some(column.operand), problem);
                return Ok(Some(fault));
            }
        }
        Ok(None)
    }

    fn untrue_column(
        &self,
        leaf: Var<'t>,
        shape: &[usize],
        column: &LinearColumn,
        judge: &Judge,
        random: &mut Random,
    ) -> Result<Option<String>> {
        let result = Var::new(self.loss.tape(), column.result);
        let mut computed = Replay::new(result, &[leaf], &[], false)?;
        let point = computed.point().to_vec();
        let largest = |numbers: &[f64]| numbers.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let (rms, size) = (rms(&point), largest(computed.base()));
        for element in positions(point.len(), LINEAR_SAMPLES, random) {
            let mut gains = vec![0.0; computed.base().len()];
            column.walk(element, &mut |place, gain| gains[place] += gain);
            // Sums of as many terms may have cancelled.
            let error = 4.0 * f64::EPSILON * (size + point.len() as f64 * largest(&gains) * largest(&point));
            computed.move_element(element);
            let step = start(point[element].abs().max(rms));
            let right = computed.at(step)?;
            let above = computed.numbers().to_vec();
            let left = computed.at(-step)?;
            let below = computed.numbers().to_vec();
            let untrue = |noise: &[f64]| {
                let rises = above.iter().zip(&below).zip(&gains).zip(noise);
                rises.enumerate().find_map(|(place, (((above, below), gain), noise))| {
                    let (claimed, rise) = (gain * (right.t - left.t), above - below);
                    let compared = Compared { backprop: claimed, numeric: rise, error: error + noise };
                    (compared.is_number() && judge.disagrees(compared)).then_some((place, claimed, rise))
                })
            };
            let mut found = untrue(&vec![0.0; gains.len()]);
            if found.is_some() {
                // Terms that cancel leave their roundings, however large the operand and the result are.
                found = untrue(&noise(&mut computed, random)?);
            }
            if let Some((place, claimed, rise)) = found {
                return Ok(Some(format!(
                    "its `Op::column` says that moving element {:?} by {step:e} changes element {:?} of its result by \
                     {claimed:e}, and it changes by {rise:e}",
                    unravel(element, shape),
                    unravel(place, &result.shape()),
                )));
            }
        }
        Ok(None)
    }
}

/// By how much each number moves where all elements of the point do, by a rounding each.
fn noise(f: &mut Replay, random: &mut Random) -> Result<Vec<f64>> {
    let mut most = vec![0.0_f64; f.base().len()];
    for _ in 0..4 {
        f.move_along(roundings(f.point(), None, random));
        f.at(1.0)?;
        let changes = f.numbers().iter().zip(f.base()).map(|(now, base)| (now - base).abs());
        most.iter_mut().zip(changes).for_each(|(most, change)| *most = most.max(change));
    }
    Ok(most)
}
