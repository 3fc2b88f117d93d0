//! Elementwise loops: one function per element, the same for scalars, blocks and tails.

use super::{Inputs, Output};

/// Loops that apply one function to every element of contiguous operands of equal length.
pub(crate) trait Lanes<F> {
    fn map1(self, f: impl Fn(F) -> F, y: Output<'_, F>);
    fn map2(self, f: impl Fn(F, F) -> F, y: Output<'_, F>);
    fn map3(self, f: impl Fn(F, F, F) -> F, y: Output<'_, F>);
}

impl<F: Copy> Lanes<F> for Inputs<'_, '_, F> {
    #[inline]
    fn map1(self, f: impl Fn(F) -> F, y: Output<'_, F>) {
        for (y, &x) in y.data.iter_mut().zip(self.real(0).slice()) {
            *y = f(x);
        }
    }

    #[inline]
    fn map2(self, f: impl Fn(F, F) -> F, y: Output<'_, F>) {
        for ((y, &a), &b) in y.data.iter_mut().zip(self.real(0).slice()).zip(self.real(1).slice()) {
            *y = f(a, b);
        }
    }

    #[inline]
    fn map3(self, f: impl Fn(F, F, F) -> F, y: Output<'_, F>) {
        let [a, b, c] = [0, 1, 2].map(|i| self.real(i).slice());
        for (((y, &a), &b), &c) in y.data.iter_mut().zip(a).zip(b).zip(c) {
            *y = f(a, b, c);
        }
    }
}
