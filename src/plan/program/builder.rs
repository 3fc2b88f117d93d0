//! Making programs: instructions, and the allocation of registers.

use super::call::KernelCall;
use super::instruction::{Instruction, Program};
use super::register::Register;
use super::span::RegisterSpan;
use crate::graph::NodeId;
use crate::ops::{Chain, Scalar};

/// What is applied to registers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AppliedOp {
    /// The op, by its index in the table of ops.
    pub(crate) op: usize,
    /// The built-in function that it is, if it is one.
    pub(crate) function: Option<Scalar>,
    /// The node that is computed, if the op may refuse operands.
    pub(crate) checked: Option<NodeId>,
}

/// A program in the making. Registers are reused as soon as they are freed.
#[derive(Debug, Default)]
pub(crate) struct ProgramBuilder {
    program: Program,
    unused: Vec<Register>,
    /// Whether subnormal results become 0.
    flush: bool,
}

impl ProgramBuilder {
    /// An empty program, whose subnormal results become 0 if wanted.
    pub(crate) fn new(flush: bool) -> Self {
        Self { flush, ..Self::default() }
    }

    fn allocate(&mut self) -> Register {
        self.unused.pop().unwrap_or_else(|| {
            self.program.registers += 1;
            self.program.registers as Register - 1
        })
    }

    /// Frees a register.
    pub(crate) fn free(&mut self, register: Register) {
        self.unused.push(register);
    }

    /// Loads an operand.
    pub(crate) fn load(&mut self, operand: usize) -> Register {
        let to = self.allocate();
        self.program.instructions.push(Instruction::Load { operand: operand as u32, to });
        to
    }

    /// Loads an operand that is the same number everywhere, once for all blocks; its register is never freed.
    pub(crate) fn load_uniform(&mut self, operand: usize) -> Register {
        self.program.registers += 1;
        let to = self.program.registers as Register - 1;
        self.program.uniform.push((operand as u32, to));
        to
    }

    /// Applies an op to registers, of which those in `last` are freed: it is their last use.
    pub(crate) fn apply(&mut self, applied: AppliedOp, x: &[Register], last: &[Register]) -> Register {
        let AppliedOp { op, function, checked } = applied;
        match (function, x) {
            (Some(function), &[a, ref rest @ ..]) if rest.len() < 2 => {
                let b = rest.first().copied().unwrap_or(a);
                if let Some(to) = self.chain(function, x, last) {
                    return to;
                }
                // Operands are read while the result is written.
                let to = self.allocate();
                last.iter().for_each(|&register| self.free(register));
                self.program.instructions.push(Instruction::Apply { function, x: [a, b], to });
                self.flush(to, 1);
                to
            }
            _ => {
                let to = self.allocate();
                last.iter().for_each(|&register| self.free(register));
                self.program
                    .instructions
                    .push(Instruction::Call { call: self.program.calls.len() as u32, to });
                self.program.calls.push(KernelCall { op, x: x.into(), checked });
                self.flush(to, 1);
                to
            }
        }
    }

    /// Appends a function to the last instruction, whose result nothing else needs.
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
        last.iter().filter(|&&register| register != between).for_each(|&register| self.free(register));
        self.program.instructions.push(Instruction::Chain { chain, x: [a, b, other], to: between });
        Some(between)
    }

    /// Makes subnormal numbers of consecutive registers 0, if that is wanted.
    pub(crate) fn flush(&mut self, first: Register, count: u32) {
        if self.flush && count > 0 {
            self.program.instructions.push(Instruction::Flush { first, count });
        }
    }

    /// Stores a register as a result.
    pub(crate) fn store(&mut self, from: Register, output: usize) {
        self.program.instructions.push(Instruction::Store { from, output: output as u32 });
    }

    /// The program.
    pub(crate) fn finish(self) -> Program {
        self.program
    }

    /// Applies an op to registers, and frees none; a function that continues the one before it becomes part of a span.
    pub(crate) fn apply_in_order(&mut self, applied: AppliedOp, x: &[Register]) -> Register {
        let (Some(function), &[a, ref rest @ ..]) = (applied.function, x) else {
            return self.apply(applied, x, &[]);
        };
        let b = rest.first().copied().unwrap_or(a);
        let to = self.allocate();
        let Program { instructions, spans, .. } = &mut self.program;
        match instructions.last() {
            Some(&Instruction::Span { span }) if spans[span as usize].takes(function, [a, b], to) => {
                spans[span as usize].count += 1;
            }
            Some(&Instruction::Apply { function: before, x, to: before_to })
                if before == function
                    && before_to + 1 == to
                    && RegisterSpan::steps(x, [a, b], to).is_some() =>
            {
                let steps = RegisterSpan::steps(x, [a, b], to).unwrap_or_default();
                instructions.pop();
                instructions.push(Instruction::Span { span: spans.len() as u32 });
                spans.push(RegisterSpan { function, x, steps, to: before_to, count: 2 });
            }
            _ => instructions.push(Instruction::Apply { function, x: [a, b], to }),
        }
        to
    }
}
