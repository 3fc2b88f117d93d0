//! Registers: blocks of numbers that stay in the first-level cache while a program works on them.

use crate::kernel::WIDTH;

/// The number of a register.
pub(crate) type Register = u32;

/// All registers but the one that a function writes.
pub(super) struct Registers<'a, F> {
    /// The blocks of eight before and after those that are written.
    below: &'a [[F; WIDTH]],
    above: &'a [[F; WIDTH]],
    /// Blocks of eight of a register, and how many of them are read and written.
    len: usize,
    count: usize,
}

impl<'a, F> Registers<'a, F> {
    /// Splits registers of `block` numbers into the one that is written and the others.
    #[inline(always)]
    pub(super) fn split(
        scratch: &'a mut [F],
        written: Register,
        block: usize,
        count: usize,
    ) -> (Self, &'a mut [[F; WIDTH]]) {
        let len = block / WIDTH;
        let (below, rest) = scratch.as_chunks_mut().0.split_at_mut(written as usize * len);
        let (y, above) = rest.split_at_mut(count);
        (Self { below, above, len, count }, y)
    }

    /// The numbers of a register.
    #[inline(always)]
    pub(super) fn get(&self, register: Register) -> &'a [[F; WIDTH]] {
        let start = register as usize * self.len;
        match start.checked_sub(self.below.len()) {
            Some(after) => &self.above[after - self.count..][..self.count],
            None => &self.below[start..][..self.count],
        }
    }
}
