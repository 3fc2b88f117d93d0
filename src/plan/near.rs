//! Runs near a point: what does not change there is not computed again.

use super::run::{Attend, Memory};
use super::step::{Root, Step};
use super::{Outputs, Plan};
use crate::error::Result;
use crate::state::State;
use crate::tape::Precision;

/// What every step of a plan computes at one point.
#[derive(Debug, Clone, Default)]
pub(crate) struct Point<F> {
    /// The results, one step after another, and where each begins.
    results: Vec<F>,
    starts: Vec<usize>,
    /// Whether the run that is going on has computed something else, for every step's result by its number.
    changed: Vec<bool>,
    /// The inputs that may be elsewhere in the run that is going on.
    moved: Vec<usize>,
}

impl<F: Precision> Plan<F> {
    /// Runs the plan, and keeps what every step computes.
    pub(crate) fn run_at(&mut self, state: &mut State<F>, point: &mut Point<F>) -> Result<Outputs<'_, F>> {
        point.results.clear();
        point.starts.clear();
        self.execute(state, Some(&mut Keep(point)))?;
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
        point.moved.extend(moved);
        point.changed.clear();
        point.changed.resize(self.steps.len(), false);
        self.execute(state, Some(point))?;
        Ok(Outputs::new(self))
    }
}

/// Keeps the results of all steps.
struct Keep<'p, F>(&'p mut Point<F>);

impl<F: Precision> Attend<F> for Keep<'_, F> {
    fn before(&mut self, _: usize, _: &Step, _: &Memory<'_, F>, _: &mut [F]) -> bool {
        true
    }

    fn after(&mut self, _: usize, _: &Step, target: &[F]) {
        self.0.starts.push(self.0.results.len());
        self.0.results.extend_from_slice(target);
    }
}

impl<F> Point<F> {
    /// The results of all steps.
    pub(crate) fn results(&self) -> &[F] {
        &self.results
    }
}

impl<F: Precision> Point<F> {
    fn result(&self, i: usize, len: usize) -> &[F] {
        &self.results[self.starts[i]..][..len]
    }

    fn has_changed(&self, root: Root) -> bool {
        match root {
            Root::Arena(result) => self.changed[result],
            Root::Input(slot) => self.moved.contains(&slot),
            Root::Index(_) | Root::State(_) | Root::Constant(_) => false,
        }
    }
}

impl<F: Precision> Attend<F> for Point<F> {
    fn before(&mut self, i: usize, step: &Step, _: &Memory<'_, F>, target: &mut [F]) -> bool {
        let changes = step.roots.iter().any(|&root| self.has_changed(root));
        if !changes {
            target.copy_from_slice(self.result(i, target.len()));
        }
        changes
    }

    fn after(&mut self, i: usize, step: &Step, target: &[F]) {
        /// Numbers compared before a look at whether any differs: loops without a way out are made short.
        const STRETCH: usize = 64;
        let before = self.result(i, target.len());
        // 0 and −0 are equal and not the same; NaN is the same as itself.
        let same = |(a, b): (&F, &F)| a.wide().to_bits() == b.wide().to_bits();
        let stretches = target.chunks(STRETCH).zip(before.chunks(STRETCH));
        let changed = stretches
            .map(|(a, b)| a.iter().zip(b).fold(true, |all, pair| all & same(pair)))
            .any(|same| !same);
        if let Root::Arena(result) = step.result {
            self.changed[result] = changed;
        }
    }
}
