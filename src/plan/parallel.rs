//! Long steps in parts, for several threads.
//!
//! The parts are the same whenever the number of threads that was asked for is the same, whoever computes them: so are the
//! numbers. Each part is whole rows of a kernel's result, or a stretch of the elements of a program; a matrix product with a
//! large second operand is split by columns instead.

use super::PlanOptions;
use super::space::{Lent, Reader, Space};
use super::step::{self, Operand, Root, Step, Target};
use crate::graph::NodeId;
use crate::kernel::{Input, Inputs, LONG_PRODUCT, Output, Share, WIDTH, copy, gather, in_parts};
use crate::ops::MatMul;
use crate::shape::{Sizes, size};
use crate::tape::{Memory, Op, Precision, Program};
use smallvec::SmallVec;
use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

/// Functions of elements of a program from which a step is long, as one with a
/// [long product](crate::kernel::LONG_PRODUCT) is.
const LONG_PROGRAM: usize = 1 << 16;
/// Rows of a part at least, so that the matrix product keeps its pace.
const ROWS: usize = 8;
/// Results of a step at most.
const RESULTS: usize = 4;

/// Whether a step is long enough to be worth the handing over.
pub(super) fn is_long(step: &Step, ops: &[Arc<dyn Op>]) -> bool {
    if let Some((op, _, operands)) = step.kernel() {
        let rows = step.shape.first().copied().unwrap_or(0);
        let first = step.operands[..operands].first().and_then(Operand::place);
        let row = first.map_or(0, |x| size(&x.layout.shape).checked_div(rows).unwrap_or(0));
        let enough = rows >= 2 * ROWS || is_wide(step, ops);
        return ops[op].by_rows()
            && step.workspace == 0
            && enough
            && step.len().saturating_mul(row) >= LONG_PRODUCT;
    }
    let functions = step.program().map_or(0, |program| program.instructions().len());
    step.len().saturating_mul(functions) >= LONG_PROGRAM
}

/// In how many parts a step is computed: none of them without a row of a kernel's result, or elements of a program that are
/// computed side by side.
pub(super) fn parts(step: &Step, threads: usize) -> usize {
    if !step.long || step.outputs.len() > RESULTS {
        return 1;
    }
    let (rows, unit) = units(step);
    threads.clamp(1, rows.div_ceil(unit).max(1))
}

/// The units that a step's work is split into, rows or elements, and at multiples of how many parts begin.
fn units(step: &Step) -> (usize, usize) {
    let rows = if step.kernel().is_some() { step.shape[0] } else { step.len() };
    (rows, if step.len() == rows { WIDTH } else { 1 })
}

/// How many elements of scratch a step's program takes with so many threads.
pub(super) fn room<F>(program: &Program, step: &Step, threads: usize) -> usize {
    program.scratch::<F>(step.len()).saturating_mul(parts(step, threads))
}

/// A stretch of the work: units are rows, or elements where there is no kernel.
struct Part<'a, F> {
    units: Range<usize>,
    /// The stretch's part of every result: those of the step, and the kernel's if it has a place of its own.
    results: Lent<'a, F>,
    scratch: &'a mut [F],
}

/// What all parts share.
struct Whole<'a, 'r, F> {
    step: &'a Step,
    ops: &'a [Arc<dyn Op>],
    reader: &'a Reader<'r, F>,
    /// Elements of a unit.
    width: usize,
    /// Parts begin at multiples of so many units.
    unit: usize,
    /// The number of the result that the kernel writes.
    head: usize,
    /// For every operand of the program, the result in whose place it lies, if it lies in one.
    own: SmallVec<[Option<usize>; 8]>,
    /// Whether the kernel has run, and only the program is left.
    kernel_done: bool,
}

/// Whether a step's kernel is a product of which the second matrix is much the larger: for each part of the rows it would be
/// packed anew, so its columns are split instead. At 128 × 784 × 512 in f32, halves of the rows take 560 µs on two Zen 4
/// cores with AVX2, and halves of the columns 526; at 128 × 512 × 512, the second matrix transposed, 377 and 354.
fn is_wide(step: &Step, ops: &[Arc<dyn Op>]) -> bool {
    let is_product = step.kernel().is_some_and(|(op, ..)| (&*ops[op] as &dyn Any).is::<MatMul>());
    is_product && matches!(step.shape[..], [rows, columns] if 2 * rows <= columns)
}

/// Runs a long step in as many parts as threads.
pub(super) fn run<F: Precision>(
    step: &Step,
    ops: &[Arc<dyn Op>],
    space: &mut Space<'_, F>,
    options: &PlanOptions,
    scratch: &mut [F],
) {
    let kernel_done = is_wide(step, ops);
    if kernel_done {
        let taken = step.run_kernel(ops, space, options, scratch);
        if !taken || step.program().is_none() {
            return;
        }
    }
    let head = step.kernel().map(|(_, output, _)| output);
    let (rows, unit) = units(step);
    // A result that takes over the place of the kernel's, or is that itself, is lent once.
    let shared = head.and_then(|head| step.outputs.iter().position(|o| o.target == head.target));
    let results = step.outputs.iter().chain(head.filter(|_| shared.is_none()));
    let own = |operand: &Operand| {
        let place = operand.place()?;
        let lies_in = |output: &step::Output| match (place.root, output.target) {
            (Root::Arena(_), Target::Arena(start)) => place.layout.offset == start,
            (Root::State(read), Target::State(written)) => read == written,
            _ => false,
        };
        results.clone().position(lies_in)
    };
    let own = step.operands[step.before_program()..].iter().map(own).collect();
    let (results, reader) = space.lend(step.len(), results);
    let width = step.len() / rows;
    let head = shared.unwrap_or(step.outputs.len());
    let whole = Whole { step, ops, reader: &reader, width, unit, head, own, kernel_done };
    let all = Part { units: 0..rows, results, scratch };
    in_parts(all, parts(step, options.threads), &|part, share| whole.split(part, share), &|part| {
        whole.run(part)
    });
}

impl<F: Precision> Whole<'_, '_, F> {
    /// The first units of a part, and the others.
    fn split<'p>(&self, part: Part<'p, F>, share: Share) -> (Part<'p, F>, Part<'p, F>) {
        let Part { units, results, scratch } = part;
        let count = share.of(units.len(), self.unit);
        let middle = units.start + count;
        let (mut results_a, mut results_b) = (Lent::new(), Lent::new());
        for result in results {
            let (a, b) = result.split_at_mut(count * self.width);
            results_a.push(a);
            results_b.push(b);
        }
        let (scratch_a, scratch_b) = scratch.split_at_mut(share.of(scratch.len(), 1));
        let a = Part { units: units.start..middle, results: results_a, scratch: scratch_a };
        let b = Part { units: middle..units.end, results: results_b, scratch: scratch_b };
        (a, b)
    }

    fn run(&self, part: Part<'_, F>) {
        let Self { step, ops, width, .. } = *self;
        let Part { units, mut results, scratch } = part;
        if units.is_empty() {
            return;
        }
        let elements = units.start * width..units.end * width;
        let kernel = step.kernel().filter(|_| !self.kernel_done);
        if kernel.is_some_and(|kernel| !self.rows(kernel, units, results[self.head])) {
            return;
        }
        if let Some(program) = step.program() {
            let mut blocks = Blocks { whole: self, results, first: elements.start };
            program.run(ops, &mut blocks, elements, scratch);
        }
    }

    /// Runs the kernel on some rows of its first operand; whether it takes its operands.
    fn rows(
        &self,
        (op, output, operands): (usize, &step::Output, usize),
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
        let y = Output::new(y, &shape);
        let refuse = |problem| self.reader.refusals.put(rows.start * self.width, output.node, problem);
        self.step.call(&*self.ops[op], Inputs::new(&inputs), y, refuse)
    }
}

/// The operands and results of a part of a program.
struct Blocks<'b, 'w, 'r, 'a, F> {
    whole: &'b Whole<'w, 'r, F>,
    results: Lent<'a, F>,
    /// The first element of the part.
    first: usize,
}

impl<F: Precision> Memory<F> for Blocks<'_, '_, '_, '_, F> {
    fn load(&self, operand: usize, start: usize, to: &mut [F]) {
        if let Some(k) = self.whole.own[operand] {
            return copy(&self.results[k][start - self.first..][..to.len()], to);
        }
        let place = self.whole.step.read_by_program(operand);
        gather(self.whole.reader.view(place), start, to);
    }

    fn slice(&self, operand: usize, start: usize, count: usize) -> &[F] {
        if let Some(k) = self.whole.own[operand] {
            return &self.results[k][start - self.first..][..count];
        }
        let place = self.whole.step.read_by_program(operand);
        &self.whole.reader.view(place).tail()[start..start + count]
    }

    fn store(&mut self, output: usize, start: usize, from: &[F]) {
        copy(from, &mut self.results[output][start - self.first..][..from.len()]);
    }

    fn refuse(&mut self, node: NodeId, start: usize, problem: String) {
        self.whole.reader.refusals.put(start, node, problem);
    }
}
