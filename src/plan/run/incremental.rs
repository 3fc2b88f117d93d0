//! Runs near a point: what does not change there is not computed again.

use super::memory::Space;
use super::replay::Attend;
use crate::error::Result;
use crate::plan::step::{Root, Step};
use crate::plan::{Outputs, Plan};
use crate::state::State;
use crate::tape::Precision;

/// What every step of a plan computes at one point.
#[derive(Debug, Clone, Default)]
pub(crate) struct Point<F> {
    /// The results, one step after another, and where each step's begin.
    results: Vec<F>,
    starts: Vec<usize>,
    /// Whether the run that is going on has computed something else, for every result by its number.
    changed: Vec<bool>,
    /// Which inputs may be elsewhere in the run that is going on.
    moved: Vec<bool>,
}

impl<F: Precision> Plan<F> {
    /// Runs the plan, and keeps what every step computes.
    pub(crate) fn run_at(&mut self, state: &mut State<F>, point: &mut Point<F>) -> Result<Outputs<'_, F>> {
        point.results.clear();
        point.starts.clear();
        self.attended(state, &mut Keep(point))?;
        Ok(Outputs::new(self))
    }

    /// Runs the plan where only the inputs at the places `moved` differ from what they were at `point`. The result is that
    /// of [`run`](Self::run), bit for bit; a step whose operands are what they were is not run.
    pub(crate) fn run_near(
        &mut self,
        state: &mut State<F>,
        point: &mut Point<F>,
        moved: impl IntoIterator<Item = usize>,
    ) -> Result<Outputs<'_, F>> {
        point.moved.clear();
        point.moved.resize(self.inputs.len(), false);
        moved.into_iter().for_each(|slot| point.moved[slot] = true);
        point.changed.clear();
        point.changed.resize(self.results, false);
        self.attended(state, point)?;
        Ok(Outputs::new(self))
    }
}

/// Keeps the results of all steps.
struct Keep<'p, F>(&'p mut Point<F>);

impl<F: Precision> Attend<F> for Keep<'_, F> {
    fn before(&mut self, _: usize, _: &Step, _: &mut Space<'_, F>) -> bool {
        true
    }

    fn after(&mut self, _: usize, step: &Step, space: &Space<'_, F>) -> Result<()> {
        self.0.starts.push(self.0.results.len());
        for output in &step.outputs {
            self.0.results.extend_from_slice(space.target(output.target, step.len()));
        }
        Ok(())
    }
}

impl<F> Point<F> {
    /// The results of all steps.
    pub(crate) fn results(&self) -> &[F] {
        &self.results
    }
}

impl<F: Precision> Point<F> {
    /// Result `k` of step `i`.
    fn result(&self, i: usize, k: usize, len: usize) -> &[F] {
        &self.results[self.starts[i] + k * len..][..len]
    }

    fn has_changed(&self, root: Root) -> bool {
        match root {
            Root::Arena(result) => self.changed[result],
            Root::Input(slot) => self.moved[slot],
            Root::Index(_) | Root::State(_) | Root::Constant(_) => false,
        }
    }
}

impl<F: Precision> Attend<F> for Point<F> {
    fn before(&mut self, i: usize, step: &Step, space: &mut Space<'_, F>) -> bool {
        let changes = step.roots().any(|root| self.has_changed(root));
        if !changes {
            let len = step.len();
            for (k, output) in step.outputs.iter().enumerate() {
                space.target_mut(output.target, len).copy_from_slice(self.result(i, k, len));
            }
        }
        changes
    }

    fn after(&mut self, i: usize, step: &Step, space: &Space<'_, F>) -> Result<()> {
        /// Numbers compared before a look at whether any differs: loops without a way out are made short.
        const STRETCH: usize = 64;
        let len = step.len();
        for (k, output) in step.outputs.iter().enumerate().filter(|(_, output)| output.read) {
            let (now, before) = (space.target(output.target, len), self.result(i, k, len));
            // 0 and −0 are equal and not the same; NaN is the same as itself.
            let same = |(a, b): (&F, &F)| a.wide().to_bits() == b.wide().to_bits();
            let stretches = now.chunks(STRETCH).zip(before.chunks(STRETCH));
            let changed = stretches
                .map(|(a, b)| a.iter().zip(b).fold(true, |all, pair| all & same(pair)))
                .any(|same| !same);
            self.changed[output.result] = changed;
        }
        Ok(())
    }
}
