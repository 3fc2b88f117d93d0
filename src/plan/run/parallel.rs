//! Long steps in parts, for several threads.
//!
//! Each part is whole rows of a kernel's result, or a range of the elements of a program. Who computes a part makes no
//! difference to the numbers.

use super::memory::{OutputSlices, ReadMemory, RunMemory};
use crate::base::shape::Sizes;
use crate::graph::NodeId;
use crate::kernel::{Input, Inputs, Output, Share, copy, flush_subnormals, gather, in_parts};
use crate::plan::options::PlanOptions;
use crate::plan::program::BlockMemory;
use crate::plan::split::{parts, runs_whole, work_items};
use crate::plan::step::{Buffer, OutputTarget, Step, StepOperand, StepOutput};
use crate::tape::{Op, Precision};
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::Arc;

/// A part of the work. Items are rows, or elements where there is no kernel.
struct StepPart<'a, F> {
    items: Range<usize>,
    /// Its part of every result: those of the step, and the kernel's if no result of the step takes that over.
    results: OutputSlices<'a, F>,
    scratch: &'a mut [F],
}

/// What all parts share.
struct SplitStep<'a, 'r, F> {
    step: &'a Step,
    ops: &'a [Arc<dyn Op>],
    reader: &'a ReadMemory<'r, F>,
    /// Elements of an item.
    width: usize,
    /// Parts begin at multiples of so many items.
    multiple: usize,
    /// The position of the kernel's result among those of a part.
    kernel_result: usize,
    /// For every operand of the program, the result whose memory it is read from, if it is.
    in_result: SmallVec<[Option<usize>; 8]>,
    /// Whether the kernel has run, and only the program is left.
    kernel_done: bool,
    /// Whether subnormal results become 0.
    flush: bool,
}

/// Runs a long step in as many parts as threads.
pub(crate) fn run<F: Precision>(
    step: &Step,
    ops: &[Arc<dyn Op>],
    memory: &mut RunMemory<'_, F>,
    options: &PlanOptions,
    scratch: &mut [F],
) {
    let kernel_done = runs_whole(step, ops);
    if kernel_done {
        let accepted = step.run_kernel(ops, memory, options, scratch);
        if !accepted || step.program().is_none() {
            return;
        }
    }
    let kernel = step.kernel().map(|(_, output, _)| output);
    let (items, multiple) = work_items(step);
    // A result that takes over the buffer of the kernel's, or is that itself, is borrowed once.
    let shared = kernel.and_then(|kernel| step.outputs.iter().position(|o| o.target == kernel.target));
    let results = step.outputs.iter().chain(kernel.filter(|_| shared.is_none()));
    let in_result = |operand: &StepOperand| {
        let view = operand.view()?;
        let is_read_from = |output: &StepOutput| match (view.buffer, output.target) {
            (Buffer::Result(_), OutputTarget::Arena(start)) => view.layout.offset == start,
            (Buffer::Parameter(read), OutputTarget::Parameter(written)) => read == written,
            _ => false,
        };
        results.clone().position(is_read_from)
    };
    let in_result = step.operands[step.kernel_operands()..].iter().map(in_result).collect();
    let (results, reader) = memory.borrow_outputs(step.len(), results);
    let split = SplitStep {
        step,
        ops,
        reader: &reader,
        width: step.len() / items,
        multiple,
        kernel_result: shared.unwrap_or(step.outputs.len()),
        in_result,
        kernel_done,
        flush: options.flush_subnormals,
    };
    let all = StepPart { items: 0..items, results, scratch };
    in_parts(all, parts(step, options.threads), &|part, share| split.halve(part, share), &|part| {
        split.run(part)
    });
}

impl<F: Precision> SplitStep<'_, '_, F> {
    /// The first items of a part, and the others.
    fn halve<'p>(&self, part: StepPart<'p, F>, share: Share) -> (StepPart<'p, F>, StepPart<'p, F>) {
        let StepPart { items, results, scratch } = part;
        let count = share.of(items.len(), self.multiple);
        let middle = items.start + count;
        let (mut results_a, mut results_b) = (OutputSlices::new(), OutputSlices::new());
        for result in results {
            let (a, b) = result.split_at_mut(count * self.width);
            results_a.push(a);
            results_b.push(b);
        }
        let (scratch_a, scratch_b) = scratch.split_at_mut(share.of(scratch.len(), 1));
        let a = StepPart { items: items.start..middle, results: results_a, scratch: scratch_a };
        let b = StepPart { items: middle..items.end, results: results_b, scratch: scratch_b };
        (a, b)
    }

    fn run(&self, part: StepPart<'_, F>) {
        let Self { step, ops, width, .. } = *self;
        let StepPart { items, mut results, scratch } = part;
        if items.is_empty() {
            return;
        }
        let elements = items.start * width..items.end * width;
        let kernel = step.kernel().filter(|_| !self.kernel_done);
        if kernel.is_some_and(|kernel| !self.run_rows(kernel, items, results[self.kernel_result])) {
            return;
        }
        if let Some(program) = step.program() {
            let mut memory = PartMemory { split: self, results, first: elements.start };
            program.run(ops, &mut memory, elements, scratch);
        }
    }

    /// Runs the kernel on some rows of its first operand; whether it accepts its operands.
    fn run_rows(
        &self,
        (op, output, operands): (usize, &StepOutput, usize),
        rows: Range<usize>,
        y: &mut [F],
    ) -> bool {
        let mut shape: Sizes = self.step.shape.clone();
        shape[0] = rows.len();
        let mut sizes = Sizes::new();
        let mut inputs: SmallVec<[Input<'_, F>; 8]> = SmallVec::new();
        self.step.operands[..operands].iter().for_each(|operand| inputs.push(self.reader.input(operand)));
        if let Some(Input::Real(first)) = inputs.first_mut() {
            sizes.extend_from_slice(first.shape());
            sizes[0] = rows.len();
            *first = first.rows(rows.start, &sizes);
        }
        let refuse = |problem| self.reader.refusals.put(rows.start * self.width, output.node, problem);
        let accepted = self.step.call(&*self.ops[op], Inputs::new(&inputs), Output::new(y, &shape), refuse);
        if self.flush {
            flush_subnormals(y);
        }
        accepted
    }
}

/// The operands and results of a part of a program.
struct PartMemory<'b, 'w, 'r, 'a, F> {
    split: &'b SplitStep<'w, 'r, F>,
    results: OutputSlices<'a, F>,
    /// The first element of the part.
    first: usize,
}

impl<F: Precision> BlockMemory<F> for PartMemory<'_, '_, '_, '_, F> {
    fn load(&self, operand: usize, start: usize, to: &mut [F]) {
        if let Some(k) = self.split.in_result[operand] {
            return copy(&self.results[k][start - self.first..][..to.len()], to);
        }
        gather(self.split.reader.view(self.split.step.read_by_program(operand)), start, to);
    }

    fn store(&mut self, output: usize, start: usize, from: &[F]) {
        copy(from, &mut self.results[output][start - self.first..][..from.len()]);
    }

    fn refuse(&mut self, node: NodeId, start: usize, problem: String) {
        self.split.reader.refusals.put(start, node, problem);
    }
}
