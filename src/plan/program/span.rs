//! One function of many single numbers.

use super::register::Register;
use crate::kernel::Lane;
use crate::ops::Scalar;
use crate::tape::Precision;

/// One function of consecutive registers, or of one register each time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RegisterSpan {
    pub(crate) function: Scalar,
    /// The first registers of the operands, and whether each moves on with the results.
    pub(crate) x: [Register; 2],
    pub(crate) steps: [bool; 2],
    pub(crate) to: Register,
    pub(crate) count: u32,
}

impl RegisterSpan {
    /// Whether each of two operands moves on by one register to the next ones. None if one does neither that nor stay, or
    /// reaches the results.
    pub(crate) fn steps(x: [Register; 2], next: [Register; 2], to: Register) -> Option<[bool; 2]> {
        let step = |k: usize| match next[k].wrapping_sub(x[k]) {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        };
        let before = next.iter().all(|&register| register + 1 < to);
        if before { Some([step(0)?, step(1)?]) } else { None }
    }

    /// Whether the next function continues this one.
    pub(crate) fn takes(&self, function: Scalar, next: [Register; 2], to: Register) -> bool {
        let continues = |k: usize| next[k] == self.x[k] + if self.steps[k] { self.count } else { 0 };
        function == self.function
            && to == self.to + self.count
            && next.iter().all(|&register| register < self.to)
            && continues(0)
            && continues(1)
    }

    pub(crate) fn run<F: Precision>(self, scratch: &mut [F]) {
        let (to, count) = (self.to as usize, self.count as usize);
        // Results come after all that they are computed from.
        let (operands, results) = scratch.split_at_mut(to);
        let operand = |k: usize| {
            let first = self.x[k] as usize;
            if self.steps[k] {
                Lane::Numbers(&operands[first..first + count])
            } else {
                Lane::Number(operands[first])
            }
        };
        self.function.map([operand(0), operand(1)], &mut results[..count]);
    }
}
