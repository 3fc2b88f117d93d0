//! A program, as data.

use super::call::KernelCall;
use super::register::Register;
use super::span::RegisterSpan;
use crate::ops::{Chain, Scalar};

/// An instruction of a program; 20 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instruction {
    /// Copies a block of an operand to a register.
    Load { operand: u32, to: Register },
    /// A function of one or two registers, to another register.
    Apply { function: Scalar, x: [Register; 2], to: Register },
    /// Two sums, differences or products, the second one of the first one's result, which has no register.
    Chain { chain: Chain, x: [Register; 3], to: Register },
    /// One function of many registers, by its number; in programs of single numbers.
    Span { span: u32 },
    /// Any other elementwise op, by the number of its call; to a register of its own.
    Call { call: u32, to: Register },
    /// Makes subnormal numbers of consecutive registers 0.
    Flush { first: Register, count: u32 },
    /// Copies a register to a block of a result.
    Store { from: Register, output: u32 },
}

/// Elementwise ops that are computed together.
///
/// Operands are copied to registers and results back: there is one format of instructions, and results may be written over
/// operands without two kinds of borrow. Reading long operands in place of their copies saved 2 % of the instructions of a
/// training step of 784-512-512-10 and 4 % of its time (one Zen 5 core), for a second source of operands in every loop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Program {
    /// Operands that are the same number everywhere, each with its register: loaded once, before the first block.
    pub(super) uniform: Vec<(u32, Register)>,
    pub(super) instructions: Vec<Instruction>,
    pub(super) calls: Vec<KernelCall>,
    pub(super) spans: Vec<RegisterSpan>,
    /// The number of registers.
    pub(super) registers: usize,
}

impl Program {
    /// The instructions, in order.
    pub(crate) fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// What a span computes.
    pub(crate) fn span(&self, span: u32) -> RegisterSpan {
        self.spans[span as usize]
    }

    /// The op of a call, by its index in the table of ops.
    pub(crate) fn called(&self, call: u32) -> usize {
        self.calls[call as usize].op
    }

    /// When operands are read and results are written in each block; O(instructions).
    pub(crate) fn access_times(&self) -> AccessTimes {
        let mut times = AccessTimes::default();
        for (i, instruction) in self.instructions.iter().enumerate() {
            match *instruction {
                Instruction::Load { operand, .. } => *at(&mut times.last_reads, operand) = i + 1,
                Instruction::Store { output, .. } => *at(&mut times.writes, output) = i,
                Instruction::Apply { .. }
                | Instruction::Chain { .. }
                | Instruction::Span { .. }
                | Instruction::Flush { .. }
                | Instruction::Call { .. } => {}
            }
        }
        self.uniform.iter().for_each(|&(operand, _)| *at(&mut times.last_reads, operand) = usize::MAX);
        times
    }
}

/// When a program last reads its operands, and when it writes its results.
#[derive(Debug, Default)]
pub(crate) struct AccessTimes {
    last_reads: Vec<usize>,
    writes: Vec<usize>,
}

impl AccessTimes {
    /// The number of instructions after which an operand is not read again.
    pub(crate) fn read_until(&self, operand: usize) -> usize {
        self.last_reads.get(operand).copied().unwrap_or(0)
    }

    /// The number of instructions before which a result is not written.
    pub(crate) fn written_after(&self, output: usize) -> usize {
        self.writes.get(output).copied().unwrap_or(0)
    }
}

/// The time at an index; the list grows to hold it.
fn at(times: &mut Vec<usize>, index: u32) -> &mut usize {
    let index = index as usize;
    times.resize(times.len().max(index + 1), 0);
    &mut times[index]
}
