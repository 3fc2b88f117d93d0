//! Where the operands of a function are while its result is written.

use super::{Memory, OPERAND, Register};
use crate::kernel::WIDTH;
use crate::tape::op::Precision;
use std::ops::Range;

/// Where the operands of a function are, while it writes to a register.
pub(super) struct Sources<'a, F, const IN_PLACE: bool> {
    /// What lies before and behind the pieces that are written.
    below: &'a [[F; WIDTH]],
    above: &'a [[F; WIDTH]],
    /// Pieces of a register, and those of it that are read and written.
    block: usize,
    count: usize,
    memory: &'a dyn Memory<F>,
    range: Range<usize>,
}

impl<'a, F: Precision, const IN_PLACE: bool> Sources<'a, F, IN_PLACE> {
    /// All registers but what is written, and that.
    #[inline(always)]
    pub(super) fn around(
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
    pub(super) fn get<'b>(&self, register: Register, rest: &'b mut [F; WIDTH]) -> &'b [[F; WIDTH]]
    where
        'a: 'b,
    {
        if IN_PLACE && register >= OPERAND {
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
