//! Making programs.

use super::call::Call;
use super::interpret::{Instruction, Program, Register};
use super::span::Span;
use crate::graph::NodeId;
use crate::ops::{Chain, Scalar};

/// What is applied to registers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Applied {
    /// The op, by its place in the table of ops.
    pub(crate) op: usize,
    /// Which function known by name it is.
    pub(crate) function: Option<Scalar>,
    /// The node that is computed, if the op may refuse operands.
    pub(crate) asked: Option<NodeId>,
}

/// A program in the making. Registers are used again as soon as they are given back.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    program: Program,
    free: Vec<Register>,
}

impl Builder {
    fn take(&mut self) -> Register {
        self.free.pop().unwrap_or_else(|| {
            self.program.registers += 1;
            self.program.registers as Register - 1
        })
    }

    /// Gives a register back, whose numbers are not needed any more.
    pub(crate) fn give(&mut self, register: Register) {
        self.free.push(register);
    }

    /// Loads an operand.
    pub(crate) fn load(&mut self, operand: usize) -> Register {
        let to = self.take();
        self.program.instructions.push(Instruction::Load { operand: operand as u32, to });
        to
    }

    /// Loads an operand that is the same number everywhere, once for all blocks; its register is never given back.
    pub(crate) fn load_uniform(&mut self, operand: usize) -> Register {
        self.program.registers += 1;
        let to = self.program.registers as Register - 1;
        self.program.uniform.push((operand as u32, to));
        to
    }

    /// Applies an op to registers, of which those in `last` are given back.
    pub(crate) fn apply(&mut self, applied: Applied, x: &[Register], last: &[Register]) -> Register {
        let Applied { op, function, asked } = applied;
        match (function, x) {
            (Some(function), &[a, ref rest @ ..]) if rest.len() < 2 => {
                let b = rest.first().copied().unwrap_or(a);
                if let Some(to) = self.chain(function, x, last) {
                    return to;
                }
                // Operands are read while the result is written.
                let to = self.take();
                last.iter().for_each(|&register| self.give(register));
                self.program.instructions.push(Instruction::Apply { function, x: [a, b], to });
                to
            }
            _ => {
                let to = self.take();
                last.iter().for_each(|&register| self.give(register));
                self.program
                    .instructions
                    .push(Instruction::Call { call: self.program.calls.len() as u32, to });
                self.program.calls.push(Call { op, x: x.into(), asked });
                to
            }
        }
    }

    /// Lets the last instruction go on with a function of its result, if that is needed for nothing else.
    fn chain(&mut self, function: Scalar, x: &[Register], last: &[Register]) -> Option<Register> {
        let &Instruction::Apply { function: first, x: [a, b], to: between } =
            self.program.instructions.last()?
        else {
            return None;
        };
        let (&[left, right], true) = (x, last.contains(&between)) else { return None };
        let (other, chain) = match (left == between, right == between) {
            (true, false) => (right, Chain::new(first, function, false)?),
            (false, true) => (left, Chain::new(first, function, true)?),
            _ => return None,
        };
        self.program.instructions.pop();
        last.iter().filter(|&&register| register != between).for_each(|&register| self.give(register));
        self.program.instructions.push(Instruction::Chain { chain, x: [a, b, other], to: between });
        Some(between)
    }

    /// Stores a register as a result.
    pub(crate) fn store(&mut self, from: Register, output: usize) {
        self.program.instructions.push(Instruction::Store { from, output: output as u32 });
    }

    /// The program.
    pub(crate) fn finish(self) -> Program {
        self.program
    }

    /// Applies an op to registers, without giving any back; a function that goes on where the one before it ends becomes
    /// part of a span.
    pub(crate) fn apply_in_order(&mut self, applied: Applied, x: &[Register]) -> Register {
        let (Some(function), &[a, ref rest @ ..]) = (applied.function, x) else {
            return self.apply(applied, x, &[]);
        };
        let b = rest.first().copied().unwrap_or(a);
        let to = self.take();
        let Program { instructions, spans, .. } = &mut self.program;
        match instructions.last() {
            Some(&Instruction::Span { span }) if spans[span as usize].takes(function, [a, b], to) => {
                spans[span as usize].count += 1;
            }
            Some(&Instruction::Apply { function: before, x, to: before_to })
                if before == function && before_to + 1 == to && Span::steps(x, [a, b], to).is_some() =>
            {
                let steps = Span::steps(x, [a, b], to).unwrap_or_default();
                instructions.pop();
                instructions.push(Instruction::Span { span: spans.len() as u32 });
                spans.push(Span { function, x, steps, to: before_to, count: 2 });
            }
            _ => instructions.push(Instruction::Apply { function, x: [a, b], to }),
        }
        to
    }
}
