//! Making programs.

use super::call::Call;
use super::{Instruction, OPERAND, Program, Register, Span};
use crate::graph::NodeId;
use crate::ops::{Chain, Scalar};

/// Elements from which on an operand is read where it lies. A copy costs little beside the functions, but it waits for
/// memory while nothing else is done.
const LARGE: usize = 1 << 12;

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
    /// Large operands whose elements lie in the order of the result.
    lying: Vec<u32>,
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

    /// Loads an operand, of which `in_order` elements lie in the order of the result.
    pub(crate) fn load(&mut self, operand: usize, in_order: usize) -> Register {
        let to = self.take();
        if in_order >= LARGE {
            self.lying.push(operand as u32);
        }
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

    /// The program; functions read large operands where they lie, if they can.
    pub(crate) fn finish(mut self) -> Program {
        let mut at = 0;
        while let Some(&instruction) = self.program.instructions.get(at) {
            match instruction {
                Instruction::Load { operand, to }
                    if self.lying.contains(&operand) && self.read_in_place(at, operand, to) =>
                {
                    self.program.instructions.remove(at);
                    self.program.in_place = true;
                }
                _ => at += 1,
            }
        }
        self.program
    }

    /// Lets functions read an operand where it lies instead of the register to which it is loaded, if nothing else reads
    /// that, and all of them do before the first result is stored: that may be stored over the operand.
    fn read_in_place(&mut self, load: usize, operand: u32, register: Register) -> bool {
        let Program { instructions, calls, .. } = &mut self.program;
        let (mut readers, mut stored) = (Vec::new(), false);
        for (i, instruction) in instructions.iter().enumerate().skip(load + 1) {
            let (read, written) = match *instruction {
                Instruction::Apply { to, .. } | Instruction::Chain { to, .. } => (false, Some(to)),
                Instruction::Load { to, .. } => (false, Some(to)),
                Instruction::Call { call, to } => (calls[call as usize].x.contains(&register), Some(to)),
                Instruction::Store { from, .. } => {
                    stored = true;
                    (from == register, None)
                }
                Instruction::Span { .. } => return false,
            };
            let reads = instruction.x().contains(&register);
            if read || (reads && stored) {
                return false;
            }
            if reads {
                readers.push(i);
            }
            if written == Some(register) {
                break;
            }
        }
        for i in readers {
            let x = instructions[i].x_mut().iter_mut();
            x.filter(|x| **x == register).for_each(|x| *x = OPERAND | operand);
        }
        true
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
