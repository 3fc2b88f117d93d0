//! Running elementwise ops, one or a fused run of several, block by block.

use super::op::{Op, Precision};
use crate::kernel::{Input, Inputs, Output, View, gather};
use smallvec::SmallVec;
use std::sync::Arc;

/// Elements of a block: a dozen blocks of f64 stay in a first-level cache of 32 KiB.
pub(crate) const BLOCK: usize = 256;

/// One op of a fused run.
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
    let blocks = (sources.len() + program.len()) * BLOCK;
    if scratch.len() < blocks {
        scratch.resize(blocks, F::zero());
    }
    for (source, block) in sources.iter().zip(scratch.chunks_exact_mut(BLOCK)) {
        if let Some(x) = uniform(source) {
            block.fill(x);
        }
    }
    let len = y.len();
    for start in (0..len).step_by(BLOCK) {
        let n = BLOCK.min(len - start);
        let y = &mut y[start..start + n];
        let (operands, results) = scratch.split_at_mut(sources.len() * BLOCK);
        for (source, block) in sources.iter().zip(operands.chunks_exact_mut(BLOCK)) {
            match source {
                Source::InPlace => block[..n].copy_from_slice(y),
                Source::View(v) if v.as_slice().is_none() && uniform(source).is_none() => {
                    gather(*v, start, &mut block[..n]);
                }
                Source::View(_) => {}
            }
        }
        let operands = &*operands;
        for (i, instruction) in program.iter().enumerate() {
            let (done, rest) = results.split_at_mut(i * BLOCK);
            let shape = &[n];
            let args: SmallVec<[Input<'_, F>; 3]> = instruction
                .args
                .iter()
                .map(|&arg| {
                    let data = match arg {
                        Arg::Operand(k) => match sources[k] {
                            Source::View(v) if uniform(&sources[k]).is_none() => {
                                v.as_slice().map_or(&operands[k * BLOCK..][..n], |all| &all[start..start + n])
                            }
                            _ => &operands[k * BLOCK..][..n],
                        },
                        Arg::Result(k) => &done[k * BLOCK..][..n],
                    };
                    Input::Real(View::new(data, 0, shape, &[1]))
                })
                .collect();
            let data = if i + 1 == program.len() { &mut *y } else { &mut rest[..n] };
            F::kernel(&*ops[instruction.op]).run(Inputs::new(&args), Output { data, shape, threads: 1 });
        }
    }
}

/// The one value of a view that is stretched from a single element.
fn uniform<F: Copy>(source: &Source<'_, F>) -> Option<F> {
    match source {
        Source::View(v) if v.as_slice().is_none() && v.strides().iter().all(|&s| s == 0) => {
            v.tail().first().copied()
        }
        _ => None,
    }
}
