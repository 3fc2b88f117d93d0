//! Programs: elementwise ops that are computed together, block by block, on registers that stay in the cache.
//!
//! A program loads blocks of its operands into registers, applies one function after another to registers, and stores
//! those that are wanted. Whatever is not stored never has an array of its own. Arrays of one element have one register
//! for each number, and a loop of their own.

use super::call::Call;
use super::register::Sources;
use super::span::Span;
use crate::graph::NodeId;
use crate::kernel::{WIDTH, vectorize};
use crate::ops::{Chain, Scalar};
use crate::tape::{Op, Precision};
use std::ops::Range;
use std::sync::Arc;

/// Bytes that the registers of a program take together, if that leaves them blocks of some length: they stay in a
/// first-level cache of 32 KiB, beside the operands.
const CACHE: usize = 24 * 1024;
/// The least and greatest length of a block.
const BLOCKS: Range<usize> = 64..1024;

/// A place for a block of numbers; its number.
pub(crate) type Register = u32;

/// One line of a program; 20 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instruction {
    /// A block of an operand to a register.
    Load { operand: u32, to: Register },
    /// A function of one or two registers to another register.
    Apply { function: Scalar, x: [Register; 2], to: Register },
    /// Two sums, differences or products, the second of the first one's result, which has no register.
    Chain { chain: Chain, x: [Register; 3], to: Register },
    /// The same function of many registers, by its number; in programs of single numbers.
    Span { span: u32 },
    /// Any other elementwise op, by the number of its call; its result goes to a register of its own.
    Call { call: u32, to: Register },
    /// A register to a block of a result.
    Store { from: Register, output: u32 },
}

/// What a program reads and writes: a block at a time, one after another.
pub(crate) trait Memory<F> {
    /// Copies the elements of an operand from `start` on, counted in the order of the result.
    fn load(&self, operand: usize, start: usize, to: &mut [F]);

    /// Copies to a result, from the element `start` on.
    fn store(&mut self, output: usize, start: usize, from: &[F]);

    /// Takes note that the op of a node refuses its operands, those of a block from the element `start` on.
    fn refuse(&mut self, node: NodeId, start: usize, problem: String);
}

/// When a program reads its operands, and when it writes its results.
#[derive(Debug, Default)]
pub(crate) struct Accesses {
    /// For each operand, the number of instructions after which it is not read again.
    read: Vec<usize>,
    /// For each result, the number of instructions before it is written.
    written: Vec<usize>,
}

impl Accesses {
    /// After how many instructions an operand is not read again.
    pub(crate) fn read_until(&self, operand: usize) -> usize {
        self.read.get(operand).copied().unwrap_or(0)
    }

    /// Before how many instructions a result is not written.
    pub(crate) fn written_after(&self, output: usize) -> usize {
        self.written.get(output).copied().unwrap_or(0)
    }
}

/// Elementwise ops that are computed together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Program {
    /// Operands that are the same number everywhere, each with its register: loaded once, before the first block.
    pub(crate) uniform: Vec<(u32, Register)>,
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) calls: Vec<Call>,
    pub(crate) spans: Vec<Span>,
    pub(crate) registers: usize,
}

impl Program {
    /// The instructions, in order.
    pub(crate) fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// What a span does.
    pub(crate) fn span(&self, span: u32) -> Span {
        self.spans[span as usize]
    }

    /// The op of a call, by its place in the table of ops.
    pub(crate) fn called(&self, call: u32) -> usize {
        self.calls[call as usize].op
    }

    /// The length of the blocks in which `len` elements are computed in the precision `F`; a multiple of what is
    /// computed side by side, but for single numbers.
    fn block<F>(&self, len: usize) -> usize {
        if len <= 1 {
            return len;
        }
        let fitting = CACHE / (size_of::<F>() * self.registers.max(1));
        fitting.clamp(BLOCKS.start, BLOCKS.end).min(len).next_multiple_of(WIDTH)
    }

    /// How many elements of scratch a run over `len` elements takes in the precision `F`.
    pub(crate) fn scratch<F>(&self, len: usize) -> usize {
        self.registers * self.block::<F>(len)
    }

    /// When operands are read and results are written in each block; O(instructions).
    pub(crate) fn accesses(&self) -> Accesses {
        let mut accesses = Accesses { read: Vec::new(), written: Vec::new() };
        let mut read = |operand: usize, until: usize| {
            let known = &mut accesses.read;
            known.resize(known.len().max(operand + 1), 0);
            known[operand] = known[operand].max(until);
        };
        for (i, instruction) in self.instructions.iter().enumerate() {
            match instruction {
                Instruction::Load { operand, .. } => read(*operand as usize, i + 1),
                Instruction::Store { output, .. } => {
                    let written = &mut accesses.written;
                    written.resize(written.len().max(*output as usize + 1), 0);
                    written[*output as usize] = i;
                }
                Instruction::Apply { .. }
                | Instruction::Chain { .. }
                | Instruction::Span { .. }
                | Instruction::Call { .. } => {}
            }
        }
        self.uniform.iter().for_each(|&(operand, _)| read(operand as usize, usize::MAX));
        accesses
    }

    /// Computes the elements of a range, counted in row-major order.
    ///
    /// `scratch` has at least as many elements as [`scratch`](Self::scratch) says for the range's length, and none of
    /// them counts before or after.
    pub(crate) fn run<F: Precision>(
        &self,
        ops: &[Arc<dyn Op>],
        memory: &mut dyn Memory<F>,
        range: Range<usize>,
        scratch: &mut [F],
    ) {
        match range.len() {
            0 => {}
            1 => self.number(ops, memory, range.start, scratch),
            len => {
                let block = self.block::<F>(len);
                for &(operand, to) in &self.uniform {
                    let register = &mut scratch[to as usize * block..][..block];
                    memory.load(operand as usize, range.start, &mut register[..1]);
                    let number = register[0];
                    register.fill(number);
                }
                vectorize(
                    #[inline(always)]
                    || {
                        let mut start = range.start;
                        while start < range.end {
                            let n = block.min(range.end - start);
                            self.one_block(ops, memory, start, n, block, scratch);
                            start += n;
                        }
                    },
                );
            }
        }
    }

    /// Computes one block of `n` elements. Functions go through whole registers: what lies past the end of the arrays
    /// there is never stored.
    #[inline(always)]
    fn one_block<F: Precision>(
        &self,
        ops: &[Arc<dyn Op>],
        memory: &mut dyn Memory<F>,
        start: usize,
        n: usize,
        block: usize,
        scratch: &mut [F],
    ) {
        let count = n.div_ceil(WIDTH);
        let at = |register: Register| register as usize * block;
        for instruction in &self.instructions {
            match *instruction {
                Instruction::Apply { function, x: [a, b], to } => {
                    let (sources, y) = Sources::around(scratch, to, block, count);
                    function.blocks([sources.get(a), sources.get(b)], y);
                }
                Instruction::Chain { chain, x: [a, b, c], to } => {
                    let (sources, y) = Sources::around(scratch, to, block, count);
                    chain.blocks([sources.get(a), sources.get(b), sources.get(c)], y);
                }
                Instruction::Load { operand, to } => {
                    memory.load(operand as usize, start, &mut scratch[at(to)..][..n]);
                }
                Instruction::Store { from, output } => {
                    memory.store(output as usize, start, &scratch[at(from)..][..n]);
                }
                Instruction::Call { call, to } => {
                    let done = self.calls[call as usize].run(ops, to, n, block, scratch);
                    done.unwrap_or_else(|(node, problem)| memory.refuse(node, start, problem));
                }
                Instruction::Span { .. } => unreachable!("spans are of single numbers"),
            }
        }
    }

    /// Computes the only element.
    fn number<F: Precision>(
        &self,
        ops: &[Arc<dyn Op>],
        memory: &mut dyn Memory<F>,
        start: usize,
        scratch: &mut [F],
    ) {
        for &(operand, to) in &self.uniform {
            memory.load(operand as usize, start, &mut scratch[to as usize..][..1]);
        }
        for instruction in &self.instructions {
            let read = |register: Register| scratch[register as usize];
            match *instruction {
                Instruction::Apply { function, x, to } => {
                    let [a, b] = x.map(read);
                    scratch[to as usize] = function.binary(a, b);
                }
                Instruction::Chain { chain, x, to } => {
                    scratch[to as usize] = chain.of(x.map(read));
                }
                Instruction::Span { span } => self.spans[span as usize].run(scratch),
                Instruction::Load { operand, to } => {
                    memory.load(operand as usize, start, &mut scratch[to as usize..][..1]);
                }
                Instruction::Store { from, output } => {
                    memory.store(output as usize, start, &scratch[from as usize..][..1]);
                }
                Instruction::Call { call, to } => {
                    let done = self.calls[call as usize].run(ops, to, 1, 1, scratch);
                    done.unwrap_or_else(|(node, problem)| memory.refuse(node, start, problem));
                }
            }
        }
    }
}
