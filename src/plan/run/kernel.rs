//! Running the kernel of a step.

use super::memory::RunMemory;
use crate::kernel::{Input, Inputs, Output, flush_subnormals};
use crate::plan::options::PlanOptions;
use crate::plan::step::{IndexKernel, OperandCheck, Step};
use crate::tape::{Op, Precision, call};
use smallvec::SmallVec;
use std::sync::Arc;

impl Step {
    /// Runs its kernel, if it has one; whether that accepts its operands.
    pub(crate) fn run_kernel<F: Precision>(
        &self,
        ops: &[Arc<dyn Op>],
        memory: &mut RunMemory<'_, F>,
        options: &PlanOptions,
        scratch: &mut [F],
    ) -> bool {
        let Some((op, output, operands)) = self.kernel() else { return true };
        let (mut slices, reader) = memory.borrow_outputs(self.len(), std::iter::once(output));
        // Pushed where they stay: collecting would move them.
        let mut inputs: SmallVec<[Input<'_, F>; 8]> = SmallVec::new();
        self.operands[..operands].iter().for_each(|operand| inputs.push(reader.input(operand)));
        let y = Output {
            threads: options.threads,
            scratch: &mut scratch[..self.workspace],
            ..Output::new(slices[0], &self.shape)
        };
        let refuse = |problem| reader.refusals.put(0, output.node, problem);
        let accepted = self.call(&*ops[op], Inputs::new(&inputs), y, refuse);
        if options.flush_subnormals {
            flush_subnormals(slices[0]);
        }
        accepted
    }

    /// Runs its kernel of indices, whose buffer is taken out of the memory meanwhile.
    pub(crate) fn run_index_kernel<F: Precision>(
        &self,
        kernel: &IndexKernel,
        ops: &[Arc<dyn Op>],
        memory: &mut RunMemory<'_, F>,
        buffer: &mut Vec<usize>,
        options: &PlanOptions,
        scratch: &mut [F],
    ) {
        // A run that ended by a panic did not put it back.
        buffer.resize(self.len(), 0);
        let (_, reader) = memory.borrow_outputs(0, std::iter::empty());
        let mut inputs: SmallVec<[Input<'_, F>; 8]> = SmallVec::new();
        self.operands.iter().for_each(|operand| inputs.push(reader.input(operand)));
        let y = Output {
            threads: options.threads,
            scratch: &mut scratch[..self.workspace],
            ..Output::of_indices(buffer, &self.shape)
        };
        let refuse = |problem| reader.refusals.put(0, kernel.node, problem);
        self.call(&*ops[kernel.op], Inputs::new(&inputs), y, refuse);
    }

    /// Runs the kernel of an op of this step; whether that accepts its operands.
    pub(crate) fn call<F: Precision>(
        &self,
        op: &dyn Op,
        x: Inputs<'_, '_, F>,
        y: Output<'_, F>,
        refuse: impl FnOnce(String),
    ) -> bool {
        if self.check == OperandCheck::WhileRunning {
            return call(op, x, y).map_err(refuse).is_ok();
        }
        F::kernel(op).run(x, y);
        true
    }
}
