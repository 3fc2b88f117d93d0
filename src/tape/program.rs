//! Programs: elementwise ops that are computed together, block by block, on registers that stay in the cache.
//!
//! A program loads blocks of its operands into registers, applies one function after another to registers, and stores
//! those that are wanted. Whatever is not stored never has an array of its own. Arrays of one element have one register
//! for each number, and a loop of their own.

use super::op::{Op, Precision};
use crate::kernel::{Input, Inputs, Output, View, WIDTH, vectorize};
use crate::ops::{Chain, Lane, Scalar};
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::Arc;

/// Bytes that the registers of a program take together, if that leaves them blocks of some length: they stay in a
/// first-level cache of 32 KiB, beside the operands.
const CACHE: usize = 24 * 1024;
/// The least and greatest length of a block.
const BLOCKS: Range<usize> = 64..1024;

/// A place for a block of numbers; its number. From [`OPERAND`] on, an operand that is read where it lies.
pub(crate) type Register = u32;

/// What is added to the number of an operand that has no register.
const OPERAND: Register = 1 << 31;

/// Elements from which on an operand is read where it lies. A copy costs little beside the functions, but it waits for
/// memory while nothing else is done.
const LARGE: usize = 1 << 12;

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

/// An elementwise op that is run by its kernel.
#[derive(Debug, Clone)]
struct Call {
    /// Its place in the table of ops.
    op: usize,
    x: SmallVec<[Register; 4]>,
}

/// One function of single numbers that lie side by side, or of one of them each time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) function: Scalar,
    /// The first operands, and whether they go on from there.
    pub(crate) x: [Register; 2],
    pub(crate) steps: [bool; 2],
    pub(crate) to: Register,
    pub(crate) count: u32,
}

/// What a program reads and writes: a block at a time, one after another.
pub(crate) trait Memory<F> {
    /// Copies the elements of an operand from `start` on, counted in the order of the result.
    fn load(&self, operand: usize, start: usize, to: &mut [F]);

    /// Some elements of an operand whose elements lie in the order of the result.
    fn slice(&self, operand: usize, start: usize, count: usize) -> &[F];

    /// Copies to a result, from the element `start` on.
    fn store(&mut self, output: usize, start: usize, from: &[F]);
}

/// Elementwise ops that are computed together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Program {
    /// Operands that are the same number everywhere, each with its register: loaded once, before the first block.
    uniform: Vec<(u32, Register)>,
    instructions: Vec<Instruction>,
    calls: Vec<Call>,
    spans: Vec<Span>,
    registers: usize,
    /// Whether it reads operands where they lie.
    in_place: bool,
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

    /// Whether an operand is read before a result is written, block by block: then both may have one buffer.
    pub(crate) fn reads_before(&self, operand: usize, output: usize) -> bool {
        if self.uniform.iter().any(|&(k, _)| k as usize == operand) {
            return false;
        }
        let in_place = OPERAND | operand as Register;
        let loads = |i: &Instruction| match i {
            Instruction::Load { operand: k, .. } => *k as usize == operand,
            Instruction::Apply { x, .. } => x.contains(&in_place),
            Instruction::Chain { x, .. } => x.contains(&in_place),
            _ => false,
        };
        let stores =
            |i: &Instruction| matches!(i, Instruction::Store { output: k, .. } if *k as usize == output);
        let stored = self.instructions.iter().position(stores).unwrap_or(self.instructions.len());
        self.instructions.iter().rposition(loads).is_none_or(|loaded| loaded < stored)
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
                            let mut n = block.min(range.end - start);
                            if self.in_place && n > WIDTH {
                                // What is read where it lies is read in whole pieces, and what is left is filled up.
                                n -= n % WIDTH;
                            }
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
        // Pieces of operands that are not whole.
        let mut rest = [[F::zero(); WIDTH]; 3];
        let at = |register: Register| register as usize * block;
        for instruction in &self.instructions {
            match *instruction {
                Instruction::Apply { function, x: [a, b], to } => {
                    let [rest_a, rest_b, _] = &mut rest;
                    let (sources, y) = Sources::around(scratch, to, block, count, &*memory, start..start + n);
                    function.blocks([sources.get(a, rest_a), sources.get(b, rest_b)], y);
                }
                Instruction::Chain { chain, x: [a, b, c], to } => {
                    let [rest_a, rest_b, rest_c] = &mut rest;
                    let (sources, y) = Sources::around(scratch, to, block, count, &*memory, start..start + n);
                    let x = [sources.get(a, rest_a), sources.get(b, rest_b), sources.get(c, rest_c)];
                    chain.blocks(x, y);
                }
                Instruction::Load { operand, to } => {
                    memory.load(operand as usize, start, &mut scratch[at(to)..][..n]);
                }
                Instruction::Store { from, output } => {
                    memory.store(output as usize, start, &scratch[at(from)..][..n]);
                }
                Instruction::Call { call, to } => self.calls[call as usize].run(ops, to, n, block, scratch),
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
            let read = |register: Register| match register.checked_sub(OPERAND) {
                Some(operand) => memory.slice(operand as usize, start, 1)[0],
                None => scratch[register as usize],
            };
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
                Instruction::Call { call, to } => self.calls[call as usize].run(ops, to, 1, 1, scratch),
            }
        }
    }
}

/// Where the operands of a function are, while it writes to a register.
struct Sources<'a, F> {
    /// What lies before and behind the pieces that are written.
    below: &'a [[F; WIDTH]],
    above: &'a [[F; WIDTH]],
    /// Pieces of a register, and those of it that are read and written.
    block: usize,
    count: usize,
    memory: &'a dyn Memory<F>,
    range: Range<usize>,
}

impl<'a, F: Precision> Sources<'a, F> {
    /// All registers but what is written, and that.
    #[inline(always)]
    fn around(
        scratch: &'a mut [F],
        written: Register,
        block: usize,
        count: usize,
        memory: &'a dyn Memory<F>,
        range: Range<usize>,
    ) -> (Self, &'a mut [[F; WIDTH]]) {
        let block = block / WIDTH;
        let (below, rest) = scratch.as_chunks_mut().0.split_at_mut(written as usize * block);
        let (y, above) = rest.split_at_mut(count);
        (Self { below, above, block, count, memory, range }, y)
    }

    /// The pieces of a register or an operand. `rest` is room for a piece that is not whole.
    #[inline(always)]
    fn get<'b>(&self, register: Register, rest: &'b mut [F; WIDTH]) -> &'b [[F; WIDTH]]
    where
        'a: 'b,
    {
        if register >= OPERAND {
            return lying(self.memory, (register - OPERAND) as usize, self.range.clone(), rest);
        }
        let start = register as usize * self.block;
        match start.checked_sub(self.below.len()) {
            Some(behind) => &self.above[behind - self.count..][..self.count],
            None => &self.below[start..][..self.count],
        }
    }
}

/// Some elements of an operand, where they lie. By values alone, so that what calls it need not be kept in memory.
#[inline(never)]
fn lying<'b, F: Precision>(
    memory: &'b dyn Memory<F>,
    operand: usize,
    range: Range<usize>,
    rest: &'b mut [F; WIDTH],
) -> &'b [[F; WIDTH]] {
    let (pieces, last) = memory.slice(operand, range.start, range.len()).as_chunks();
    if last.is_empty() {
        return pieces;
    }
    rest[..last.len()].copy_from_slice(last);
    std::slice::from_ref(rest)
}

impl Span {
    /// How two operands go on to the next ones, if they stay or move on by one, and do not reach the results.
    fn steps(x: [Register; 2], next: [Register; 2], to: Register) -> Option<[bool; 2]> {
        let step = |k: usize| match next[k].wrapping_sub(x[k]) {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        };
        let before = next.iter().all(|&register| register + 1 < to);
        if before { Some([step(0)?, step(1)?]) } else { None }
    }

    /// Whether the next function goes on where this ends.
    fn takes(&self, function: Scalar, next: [Register; 2], to: Register) -> bool {
        let goes_on = |k: usize| next[k] == self.x[k] + if self.steps[k] { self.count } else { 0 };
        function == self.function
            && to == self.to + self.count
            && next.iter().all(|&register| register < self.to)
            && goes_on(0)
            && goes_on(1)
    }

    fn run<F: Precision>(self, scratch: &mut [F]) {
        let (to, count) = (self.to as usize, self.count as usize);
        // Results lie behind all that they are computed from.
        let (given, results) = scratch.split_at_mut(to);
        let operand = |k: usize| {
            let first = self.x[k] as usize;
            if self.steps[k] {
                Lane::Numbers(&given[first..first + count])
            } else {
                Lane::Number(given[first])
            }
        };
        self.function.map([operand(0), operand(1)], &mut results[..count]);
    }
}

impl Call {
    /// Runs the op's kernel on `n` elements of registers of length `block`.
    fn run<F: Precision>(
        &self,
        ops: &[Arc<dyn Op>],
        to: Register,
        n: usize,
        block: usize,
        scratch: &mut [F],
    ) {
        let (below, rest) = scratch.split_at_mut(to as usize * block);
        let (y, above) = rest.split_at_mut(block);
        let shape = [n];
        let mut x: SmallVec<[Input<'_, F>; 4]> = SmallVec::new();
        for &register in &self.x {
            let numbers = match register.checked_sub(to + 1) {
                Some(k) => &above[k as usize * block..],
                None => &below[register as usize * block..],
            };
            x.push(Input::Real(View::new(&numbers[..n], 0, &shape, &[1])));
        }
        let output = Output { data: &mut y[..n], shape: &shape, threads: 1 };
        F::kernel(&*ops[self.op]).run(Inputs::new(&x), output);
    }
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
    pub(crate) fn apply(
        &mut self,
        op: usize,
        function: Option<Scalar>,
        x: &[Register],
        last: &[Register],
    ) -> Register {
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
                self.program.calls.push(Call { op, x: x.into() });
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

    /// Lets functions read an operand where it lies instead of the register to which it is loaded, if all of them do before
    /// the first result is stored: that may be stored over the operand.
    fn read_in_place(&mut self, load: usize, operand: u32, register: Register) -> bool {
        let mut readers = Vec::new();
        let mut stored = false;
        for (i, instruction) in self.program.instructions.iter().enumerate().skip(load + 1) {
            let (x, to): (&[Register], _) = match instruction {
                Instruction::Apply { x, to, .. } => (x, *to),
                Instruction::Chain { x, to, .. } => (x, *to),
                Instruction::Load { to, .. } => (&[], *to),
                Instruction::Call { call, to } => (&self.program.calls[*call as usize].x, *to),
                Instruction::Store { from, .. } => {
                    stored = true;
                    (std::slice::from_ref(from), Register::MAX)
                }
                Instruction::Span { .. } => return false,
            };
            if x.contains(&register) {
                let function = matches!(instruction, Instruction::Apply { .. } | Instruction::Chain { .. });
                if stored || !function {
                    return false;
                }
                readers.push(i);
            }
            if to == register {
                break;
            }
        }
        for i in readers {
            let x: &mut [Register] = match &mut self.program.instructions[i] {
                Instruction::Apply { x, .. } => x,
                Instruction::Chain { x, .. } => x,
                _ => unreachable!("readers are functions"),
            };
            x.iter_mut().filter(|x| **x == register).for_each(|x| *x = OPERAND | operand);
        }
        true
    }

    /// Applies an op to registers, without giving any back; a function that goes on where the one before it ends becomes
    /// part of a span.
    pub(crate) fn apply_in_order(&mut self, op: usize, function: Option<Scalar>, x: &[Register]) -> Register {
        let (Some(function), &[a, ref rest @ ..]) = (function, x) else {
            return self.apply(op, function, x, &[]);
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
