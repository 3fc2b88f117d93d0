//! Where the operands of a function are while its result is written.

use super::interpret::Register;
use crate::kernel::WIDTH;

/// The registers but the one that a function writes.
pub(crate) struct Sources<'a, F> {
    /// What lies before and behind the pieces that are written.
    below: &'a [[F; WIDTH]],
    above: &'a [[F; WIDTH]],
    /// Pieces of a register, and those of it that are read and written.
    block: usize,
    count: usize,
}

impl<'a, F> Sources<'a, F> {
    /// All registers but what is written, and that.
    #[inline(always)]
    pub(crate) fn around(
        scratch: &'a mut [F],
        written: Register,
        block: usize,
        count: usize,
    ) -> (Self, &'a mut [[F; WIDTH]]) {
        let block = block / WIDTH;
        let (below, rest) = scratch.as_chunks_mut().0.split_at_mut(written as usize * block);
        let (y, above) = rest.split_at_mut(count);
        (Self { below, above, block, count }, y)
    }

    /// The pieces of a register.
    #[inline(always)]
    pub(crate) fn get(&self, register: Register) -> &'a [[F; WIDTH]] {
        let start = register as usize * self.block;
        match start.checked_sub(self.below.len()) {
            Some(behind) => &self.above[behind - self.count..][..self.count],
            None => &self.below[start..][..self.count],
        }
    }
}
