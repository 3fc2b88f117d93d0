//! Running elementwise ops, one or a fused run of several, block by block.

use super::op::{Op, Precision};
use crate::kernel::{Input, Inputs, Output, View, gather};
use smallvec::SmallVec;
use std::sync::Arc;

/// Elements of a block: a dozen blocks of f64 stay in a first-level cache of 32 KiB.
const BLOCK: usize = 256;

/// Operands that a run may have before looking at them costs an allocation.
pub(crate) const OPERANDS: usize = 8;

/// One op of a run.
#[derive(Debug, Clone)]
pub(crate) struct Instruction {
    /// Its place in the table of ops.
    pub(crate) op: usize,
    pub(crate) args: SmallVec<[Arg; 3]>,
}

/// Where an instruction reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arg {
    /// An operand of the run.
    Operand(usize),
    /// The result of an earlier instruction.
    Result(usize),
}

/// An operand of a run, broadcast to the shape of the result.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a, F> {
    View(View<'a, F>),
    /// The buffer that the result is written to, of the same shape, contiguous.
    InPlace,
}

/// How a block of an operand is had.
#[derive(Clone, Copy)]
enum Access<'a, F> {
    /// Straight from its buffer.
    Slice(&'a [F]),
    /// From a scratch block that was filled once with the only element.
    Uniform,
    /// From a scratch block, copied for every block.
    Copied(Source<'a, F>),
}

/// How many elements of scratch a run over `len` elements takes, with so many operands and instructions together.
pub(crate) fn scratch_len(blocks: usize, len: usize) -> usize {
    blocks * BLOCK.min(len)
}

/// Runs the instructions on every element: the last one's result goes to `y`.
///
/// `scratch` is grown to a block for every operand and instruction, and kept.
pub(crate) fn run<F: Precision>(
    ops: &[Arc<dyn Op>],
    program: &[Instruction],
    sources: &[Source<'_, F>],
    y: &mut [F],
    scratch: &mut Vec<F>,
) {
    let len = y.len();
    let block = BLOCK.min(len);
    let needed = scratch_len(sources.len() + program.len(), len);
    if scratch.len() < needed {
        scratch.resize(needed, F::zero());
    }
    let (copies, results) = scratch.split_at_mut(sources.len() * block);
    // Pushed where they stay: collecting would move them.
    let mut accesses: SmallVec<[Access<'_, F>; OPERANDS]> = SmallVec::new();
    for (k, &source) in sources.iter().enumerate() {
        accesses.push(match source {
            Source::InPlace => Access::Copied(source),
            Source::View(view) => match view.as_slice() {
                Some(all) => Access::Slice(all),
                None if len > 0 && view.strides().iter().all(|&s| s == 0) => {
                    copies[k * block..][..block].fill(view.tail()[0]);
                    Access::Uniform
                }
                None => Access::Copied(source),
            },
        });
    }
    for start in (0..len).step_by(BLOCK) {
        let n = BLOCK.min(len - start);
        let y = &mut y[start..start + n];
        for (access, copy) in accesses.iter().zip(copies.chunks_exact_mut(block)) {
            match access {
                Access::Copied(Source::InPlace) => copy[..n].copy_from_slice(y),
                Access::Copied(Source::View(view)) => gather(*view, start, &mut copy[..n]),
                Access::Slice(_) | Access::Uniform => {}
            }
        }
        let copies = &*copies;
        let shape = [n];
        for (i, instruction) in program.iter().enumerate() {
            let (done, rest) = results.split_at_mut(i * block);
            let arg = |arg: &Arg| {
                let data = match *arg {
                    Arg::Result(k) => &done[k * block..][..n],
                    Arg::Operand(k) => match accesses[k] {
                        Access::Slice(all) => &all[start..start + n],
                        Access::Uniform | Access::Copied(_) => &copies[k * block..][..n],
                    },
                };
                Input::Real(View::new(data, 0, &shape, &[1]))
            };
            let mut args: SmallVec<[Input<'_, F>; 3]> = SmallVec::new();
            instruction.args.iter().for_each(|a| args.push(arg(a)));
            let data = if i + 1 == program.len() { &mut *y } else { &mut rest[..n] };
            F::kernel(&*ops[instruction.op])
                .run(Inputs::new(&args), Output { data, shape: &shape, threads: 1 });
        }
    }
}
