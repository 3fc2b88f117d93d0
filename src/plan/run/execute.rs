//! Running one step.

use super::memory::RunMemory;
use super::parallel;
use crate::graph::NodeId;
use crate::kernel::{copy, gather};
use crate::plan::options::PlanOptions;
use crate::plan::program::BlockMemory;
use crate::plan::split;
use crate::plan::step::{Step, Work};
use crate::tape::{Op, Precision};
use std::sync::Arc;

impl Step {
    /// Runs the step, in as many parts as it is split into.
    pub(crate) fn run<F: Precision>(
        &self,
        ops: &[Arc<dyn Op>],
        memory: &mut RunMemory<'_, F>,
        options: &PlanOptions,
        scratch: &mut [F],
    ) {
        if self.long && split::parts(self, options.threads) > 1 {
            return parallel::run(self, ops, memory, options, scratch);
        }
        match &self.work {
            Work::Kernel(_) => drop(self.run_kernel(ops, memory, options, scratch)),
            Work::Fused(_, program) => {
                if self.run_kernel(ops, memory, options, scratch) {
                    program.run(ops, &mut StepMemory { step: self, memory }, 0..self.len(), scratch);
                }
            }
            Work::Program(program) => {
                program.run(ops, &mut StepMemory { step: self, memory }, 0..self.len(), scratch);
            }
            Work::IndexKernel(_) => unreachable!("indices are written to a buffer of their own"),
            Work::Copy => {
                let (mut slices, reader) = memory.borrow_outputs(self.len(), self.outputs.iter());
                self.views().for_each(|view| gather(reader.view(view), 0, slices[0]));
            }
        }
    }
}

/// The operands and results of a step's program.
struct StepMemory<'b, 'a, F> {
    step: &'b Step,
    memory: &'b mut RunMemory<'a, F>,
}

impl<F: Precision> BlockMemory<F> for StepMemory<'_, '_, F> {
    #[inline]
    fn load(&self, operand: usize, start: usize, to: &mut [F]) {
        gather(self.memory.view(self.step.read_by_program(operand)), start, to);
    }

    #[inline]
    fn store(&mut self, output: usize, start: usize, from: &[F]) {
        let target = self.memory.target_mut(self.step.outputs[output].target, self.step.len());
        copy(from, &mut target[start..start + from.len()]);
    }

    fn refuse(&mut self, node: NodeId, start: usize, problem: String) {
        self.memory.refusals.put(start, node, problem);
    }
}
