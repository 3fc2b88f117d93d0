//! Incremental runs: steps whose operands are what they were at a point are not run again.
//!
//! The checker moves one input at a time; dead units and black pixels are three quarters of the chapter's check, and what
//! reads only them stays as it is.

use super::hook::StepHook;
use super::memory::RunMemory;
use crate::base::state::State;
use crate::error::Result;
use crate::plan::compiled::Plan;
use crate::plan::outputs::Outputs;
use crate::plan::step::{Buffer, Step};
use crate::tape::Precision;

/// What every step of a plan computes at one point.
#[derive(Debug, Clone, Default)]
pub(crate) struct Point<F> {
    /// The results, one step after another, and where each step's begin.
    results: Vec<F>,
    starts: Vec<usize>,
    /// Which results of the current run differ from those at the point.
    changed: Vec<bool>,
    /// Which inputs may differ in the current run, by their slots.
    moved: Vec<bool>,
}

impl<F: Precision> Plan<F> {
    /// Runs the plan, and keeps what every step computes.
    pub(crate) fn run_at(&mut self, state: &mut State<F>, point: &mut Point<F>) -> Result<Outputs<'_, F>> {
        point.results.clear();
        point.starts.clear();
        self.run_hooked(state, &mut KeepHook(point))?;
        Ok(Outputs::new(self))
    }

    /// Runs the plan where only the inputs in the slots `moved` differ from what they were at `point`. The result is that of
    /// [`run`](Self::run), bit for bit; a step whose operands have the same bits as there is not run.
    pub(crate) fn run_incremental(
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
        self.run_hooked(state, point)?;
        Ok(Outputs::new(self))
    }
}

/// Keeps the results of all steps.
struct KeepHook<'p, F>(&'p mut Point<F>);

impl<F: Precision> StepHook<F> for KeepHook<'_, F> {
    fn before(&mut self, _: usize, _: &Step, _: &mut RunMemory<'_, F>) -> bool {
        true
    }

    fn after(&mut self, _: usize, step: &Step, memory: &RunMemory<'_, F>) -> Result<()> {
        self.0.starts.push(self.0.results.len());
        for output in &step.outputs {
            self.0.results.extend_from_slice(memory.target(output.target, step.len()));
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

    fn has_changed(&self, buffer: Buffer) -> bool {
        match buffer {
            Buffer::Result(result) => self.changed[result],
            Buffer::Input(slot) => self.moved[slot],
            // They are always computed, and nothing is kept to compare them with.
            Buffer::IndexResult(_) => true,
            Buffer::Index(_) | Buffer::Parameter(_) | Buffer::Constant(_) => false,
        }
    }
}

impl<F: Precision> StepHook<F> for Point<F> {
    fn before(&mut self, i: usize, step: &Step, memory: &mut RunMemory<'_, F>) -> bool {
        let changes =
            step.index_kernel().is_some() || step.buffers_read().any(|buffer| self.has_changed(buffer));
        if !changes {
            let len = step.len();
            for (k, output) in step.outputs.iter().enumerate() {
                memory.target_mut(output.target, len).copy_from_slice(self.result(i, k, len));
            }
        }
        changes
    }

    fn after(&mut self, i: usize, step: &Step, memory: &RunMemory<'_, F>) -> Result<()> {
        /// Numbers compared before a look at whether any differs: a loop without an early exit is vectorised.
        const BLOCK: usize = 64;
        let len = step.len();
        for (k, output) in step.outputs.iter().enumerate().filter(|(_, output)| output.read) {
            let (now, before) = (memory.target(output.target, len), self.result(i, k, len));
            // Bits, since 0 and −0 are equal and not the same, and NaN is the same as itself. Which of them differ is
            // gathered by `or`, which SSE2 has for 64 bits, unlike a comparison.
            let differing = |bits: u64, (a, b): (&F, &F)| bits | (a.wide().to_bits() ^ b.wide().to_bits());
            let mut blocks = now.chunks(BLOCK).zip(before.chunks(BLOCK));
            self.changed[output.result] = blocks.any(|(a, b)| a.iter().zip(b).fold(0, differing) != 0);
        }
        Ok(())
    }
}
