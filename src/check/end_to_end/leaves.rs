//! End to end: the gradient of each leaf against differences of the output.

use crate::base::shape::unravel;
use crate::check::end_to_end::groups::{LeafGroups, MANY};
use crate::check::end_to_end::output::{EndToEnd, at_ties};
use crate::check::end_to_end::rows::GradientRow;
use crate::check::measure::element::Compared;
use crate::check::measure::function::{Function, Moves};
use crate::check::measure::judge::Judge;
use crate::check::measure::steps::{rms, start};
use crate::check::random::{Random, positions};
use crate::check::replay::Replay;
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
        let mut fault = None;
        if replay.is_linear() {
            let mut plain = self.replay(leaf, false)?;
            fault = self.untrue_claim(leaf, &shape, &mut replay, &mut plain, &judge, random)?;
            if fault.is_some() {
                replay = plain;
            }
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

    /// That moving the result of a linear op is the same as computing it, on some elements; or what is wrong.
    fn untrue_claim(
        &self,
        leaf: Var<'t>,
        shape: &[usize],
        moved: &mut Replay,
        computed: &mut Replay,
        judge: &Judge,
        random: &mut Random,
    ) -> Result<Option<Fault>> {
        let rms = rms(moved.point());
        for element in positions(moved.point().len(), LINEAR_SAMPLES, random) {
            moved.move_element(element);
            computed.move_element(element);
            let step = start(moved.point()[element].abs().max(rms));
            let (Some(a), Some(b)) = (rise(moved, step)?, rise(computed, step)?) else { continue };
            // Both are y(h) − y(−h), so that roundings count in full.
            let compared = Compared { backprop: a, numeric: b, error: 2.0 * self.scale.rounding };
            if judge.disagrees(compared) {
                let result = moved.linear_result();
                let graph = self.loss.tape().graph();
                let operand = graph.node(result).inputs().iter().position(|&x| x == leaf.id());
                let problem = format!(
                    "its `Op::column` says that moving element {:?} by {step:e} changes the output by {a:e}, and it \
                     changes by {b:e}",
                    unravel(element, shape)
                );
                return Ok(Some(Fault::new(Stage::Claim, &graph, result, operand, problem)));
            }
        }
        Ok(None)
    }
}

/// By how much the output rises from −h to h, unless a branch changes.
fn rise(f: &mut Replay, step: f64) -> Result<Option<f64>> {
    let right = f.at(step)?;
    let above = f.numbers()[0];
    let left = f.at(-step)?;
    Ok((right.smooth && left.smooth).then(|| above - f.numbers()[0]))
}
