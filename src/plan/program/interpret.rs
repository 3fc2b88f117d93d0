//! Running a program, block by block.
//!
//! A program copies blocks of its operands to registers, applies one function after another to registers, and copies those
//! that are results back. What is not a result never has an array of its own. Single numbers have a register each, and a
//! loop of their own.

use super::instruction::{Instruction, Program};
use super::register::{Register, Registers};
use crate::graph::NodeId;
use crate::kernel::{WIDTH, flush_subnormals, vectorize};
use crate::tape::{Op, Precision};
use std::ops::Range;
use std::sync::Arc;

/// Bytes of all registers of a program, if blocks have some length then: they stay in a first-level cache of 32 KiB, beside
/// the operands.
const CACHE: usize = 24 * 1024;
/// The least and greatest length of a block.
const BLOCKS: Range<usize> = 64..1024;

/// The operands and results of a program.
pub(crate) trait BlockMemory<F> {
    /// Copies the elements of an operand from `start` on, counted in the order of the result.
    fn load(&self, operand: usize, start: usize, to: &mut [F]);

    /// Copies to a result, from the element `start` on.
    fn store(&mut self, output: usize, start: usize, from: &[F]);

    /// Records that the op of a node refuses its operands, in the block from the element `start` on.
    fn refuse(&mut self, node: NodeId, start: usize, problem: String);
}

impl Program {
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

    /// Computes the elements of a range, counted in row-major order.
    ///
    /// `scratch` has at least as many elements as [`scratch`](Self::scratch) says for the range's length. What is in it
    /// before does not matter.
    pub(crate) fn run<F: Precision>(
        &self,
        ops: &[Arc<dyn Op>],
        memory: &mut dyn BlockMemory<F>,
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

    /// Computes one block of `n` elements. Functions go through whole registers; what is past the end of the arrays is never
    /// stored.
    #[inline(always)]
    fn one_block<F: Precision>(
        &self,
        ops: &[Arc<dyn Op>],
        memory: &mut dyn BlockMemory<F>,
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
                    let (registers, y) = Registers::split(scratch, to, block, count);
                    function.blocks([registers.get(a), registers.get(b)], y);
                }
                Instruction::Chain { chain, x: [a, b, c], to } => {
                    let (registers, y) = Registers::split(scratch, to, block, count);
                    chain.blocks([registers.get(a), registers.get(b), registers.get(c)], y);
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
                Instruction::Flush { first, count } => {
                    let numbers = &mut scratch[at(first)..][..count as usize * block];
                    numbers.iter_mut().for_each(|x| *x = x.flushed());
                }
                Instruction::Span { .. } => unreachable!("spans are of single numbers"),
            }
        }
    }

    /// Computes the only element.
    fn number<F: Precision>(
        &self,
        ops: &[Arc<dyn Op>],
        memory: &mut dyn BlockMemory<F>,
        start: usize,
        scratch: &mut [F],
    ) {
        for &(operand, to) in &self.uniform {
            memory.load(operand as usize, start, &mut scratch[to as usize..][..1]);
        }
        for instruction in &self.instructions {
            let number = |register: Register| scratch[register as usize];
            match *instruction {
                Instruction::Apply { function, x, to } => {
                    let [a, b] = x.map(number);
                    scratch[to as usize] = function.binary(a, b);
                }
                Instruction::Chain { chain, x, to } => scratch[to as usize] = chain.of(x.map(number)),
                Instruction::Span { span } => self.spans[span as usize].run(scratch),
                Instruction::Flush { first, count } => {
                    flush_subnormals(&mut scratch[first as usize..][..count as usize]);
                }
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
