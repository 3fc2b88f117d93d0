//! How long steps are split for threads.
//!
//! The parts follow from the step and the number of threads that was asked for, not from the machine or from who computes
//! them: the same number of threads gives the same numbers.

use super::program::Program;
use super::step::{OperandCheck, Step, StepOperand};
use crate::base::shape::size;
use crate::kernel::{LONG_PRODUCT, WIDTH};
use crate::ops::MatMul;
use crate::tape::Op;
use std::any::Any;
use std::sync::Arc;

/// Functions of elements of a program from which a step is long, as one with a [long product](LONG_PRODUCT) is.
const LONG_PROGRAM: usize = 1 << 16;
/// Rows of a part of a matrix product at least, so that it keeps its pace.
const ROWS: usize = 8;
/// Results of a step that is split at most.
const RESULTS: usize = 4;

/// Whether a step is long enough to pay for handing parts of it to other threads. A kernel with a workspace is not split; of one
/// that divides its work itself, only the program is.
pub(crate) fn is_long(step: &Step, ops: &[Arc<dyn Op>]) -> bool {
    if let Some((op, ..)) = step.kernel().filter(|&(op, ..)| !ops[op].threaded()) {
        let least = if is_product(step, ops) { 2 * ROWS } else { 2 };
        let enough = step.shape.first().is_some_and(|&rows| rows >= least) || splits_columns(step, ops);
        return ops[op].by_rows() && step.workspace == 0 && enough && is_long_product(step);
    }
    let functions = step.program().map_or(0, |program| program.instructions().len());
    step.len().saturating_mul(functions) >= LONG_PROGRAM
}

/// Whether several threads compute a step: in parts, or in a kernel that may split its work itself.
pub(crate) fn uses_threads(step: &Step, ops: &[Arc<dyn Op>]) -> bool {
    let may_split =
        is_product(step, ops) || is_threaded(step, ops) || step.check == OperandCheck::WhileRunning;
    step.long || step.kernel().is_some() && may_split && is_long_product(step)
}

/// Whether a step's kernel works as long as a long product, if it reads a row of its first operand for each element.
fn is_long_product(step: &Step) -> bool {
    let Some((_, _, operands)) = step.kernel() else { return false };
    let rows = step.shape.first().copied().unwrap_or(0);
    let first = step.operands[..operands].first().and_then(StepOperand::view);
    let row = first.map_or(0, |x| size(&x.layout.shape).checked_div(rows).unwrap_or(0));
    step.len().saturating_mul(row) >= LONG_PRODUCT
}

/// Whether a step's kernel divides its work among threads itself.
fn is_threaded(step: &Step, ops: &[Arc<dyn Op>]) -> bool {
    let of_indices = step.index_kernel().map(|kernel| kernel.op);
    step.kernel().map(|(op, ..)| op).or(of_indices).is_some_and(|op| ops[op].threaded())
}

/// Whether a step's kernel runs as a whole before its program is split.
pub(crate) fn runs_whole(step: &Step, ops: &[Arc<dyn Op>]) -> bool {
    is_threaded(step, ops) || splits_columns(step, ops)
}

fn is_product(step: &Step, ops: &[Arc<dyn Op>]) -> bool {
    step.kernel().is_some_and(|(op, ..)| (&*ops[op] as &dyn Any).is::<MatMul>())
}

/// Whether a step's kernel is a product whose second matrix is much the larger. Each part of the rows would pack that matrix
/// anew, so the kernel splits the columns itself.
///
/// At 128 × 784 × 512 in f32, halves of the rows take 560 µs on two Zen 4 cores with AVX2, and halves of the columns 526; at
/// 128 × 512 × 512, the second matrix transposed, 377 and 354. A step of 784-512-512-10 takes 0.93 of the time. The library's
/// own threads would take as long, and only one of the libraries has them.
fn splits_columns(step: &Step, ops: &[Arc<dyn Op>]) -> bool {
    is_product(step, ops) && matches!(step.shape[..], [rows, columns] if 2 * rows <= columns)
}

/// In how many parts a step is computed. Each has at least one row of a kernel's result, or as many elements of a program as
/// are computed side by side.
pub(crate) fn parts(step: &Step, threads: usize) -> usize {
    if !step.long || step.outputs.len() > RESULTS {
        return 1;
    }
    let (items, multiple) = work_items(step);
    threads.clamp(1, items.div_ceil(multiple).max(1))
}

/// The rows of a kernel's result, or the elements of a program, and the number at whose multiples parts begin.
pub(crate) fn work_items(step: &Step) -> (usize, usize) {
    let items = if step.kernel().is_some() { step.shape[0] } else { step.len() };
    (items, if step.len() == items { WIDTH } else { 1 })
}

/// How many elements of scratch a step's program takes with so many threads.
pub(crate) fn scratch<F>(program: &Program, step: &Step, threads: usize) -> usize {
    program.scratch::<F>(step.len()).saturating_mul(parts(step, threads))
}
