//! Softmax and its logarithm along one axis.

use super::reduce::Sum;
use crate::Float;
use crate::kernel::{Inputs, Line, Output, View, gather, map_in_place, math};
use crate::ops::axes::{from_front, shape_with_axis};
use crate::portable::Portable;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::sample::{Domain, Sample};
use crate::tape::{LoadOp, Var};
use std::sync::Arc;

/// Shares of the exponentials along an axis: `yᵢ = e^xᵢ / Σ e^xⱼ`, `dx = y (dy − Σ dy y)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Softmax {
    /// The axis along which the shares add up to 1.
    pub axis: usize,
}

/// The logarithm of [`Softmax`], exact where that underflows: `y = x − ln Σ eˣ`, `dx = dy − eʸ Σ dy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSoftmax {
    /// The axis along which the exponentials add up to 1.
    pub axis: usize,
}

/// Elements that are gone through several times while they stay in a first-level cache.
const PART: usize = 2048;

/// Calls `f(part, step)` for parts of y that are whole lines of `n` elements along an axis, `step` apart.
fn for_each_part<F: Float>(y: Output<'_, F>, axis: usize, f: impl Fn(&mut [F], usize)) {
    let step: usize = y.shape[axis + 1..].iter().product();
    let block = step * y.shape[axis];
    if block > 0 {
        y.data.chunks_mut(PART.next_multiple_of(block)).for_each(|part| f(part, step));
    }
}

/// The first elements of the lines of `n` elements that are `step` apart.
fn starts(len: usize, n: usize, step: usize) -> impl Iterator<Item = usize> {
    (0..len).step_by(n * step).flat_map(move |block| block..block + step)
}

/// `x = f(x)` along a line.
fn along<F: Float>(y: &mut [F], start: usize, n: usize, step: usize, f: impl Fn(F) -> F) {
    if step == 1 {
        y[start..start + n].iter_mut().for_each(|y| *y = f(*y));
    } else {
        y[start..].iter_mut().step_by(step).take(n).for_each(|y| *y = f(*y));
    }
}

impl<F: Float> Kernel<F> for Softmax {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let n = y.shape[self.axis];
        gather(x.real(0), 0, y.data);
        for_each_part(y, self.axis, |y, step| {
            for start in starts(y.len(), n, step) {
                let greatest = Line(View::new(y, start, &[n], &[step as isize])).greatest();
                along(y, start, n, step, |x| x - greatest);
            }
            // All lines in one go: a line of ten classes would not fill the registers.
            map_in_place(
                #[inline(always)]
                |x| math::exp(x),
                y,
            );
            for start in starts(y.len(), n, step) {
                let sum = Line(View::new(y, start, &[n], &[step as isize])).sum();
                along(y, start, n, step, |x| x / sum);
            }
        });
    }
}

impl<F: Float> Kernel<F> for LogSoftmax {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let n = y.shape[self.axis];
        gather(x.real(0), 0, y.data);
        for_each_part(y, self.axis, |y, step| {
            for start in starts(y.len(), n, step) {
                let (greatest, log_sum) = Line(View::new(y, start, &[n], &[step as isize])).log_sum_exp();
                along(y, start, n, step, |x| (x - greatest) - log_sum);
            }
        });
    }
}

/// The shares of the exponentials along an axis.
fn shares(x: Portable<'_>, axis: usize) -> Portable<'_> {
    let y = (x - x.max(&[axis]).keep(&[axis])).exp();
    y / y.sum(&[axis]).keep(&[axis])
}

/// Their logarithms.
pub(super) fn log_shares(x: Portable<'_>, axis: usize) -> Portable<'_> {
    let y = x - x.max(&[axis]).keep(&[axis]);
    y - y.exp().sum(&[axis]).keep(&[axis]).ln()
}

/// The parts that both share.
macro_rules! along_axis {
    ($op:ident, $symbol:literal, $formula:literal, $portable:ident, |$y:ident, $dy:ident, $sum:ident| $rule:expr) => {
        impl Op for $op {
            $crate::op_settings!();

            fn symbol(&self) -> String {
                $symbol.to_owned()
            }

            fn formula(&self) -> &'static str {
                $formula
            }

            fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
                shape_with_axis(x, self.axis)
            }

            fn by_rows(&self) -> bool {
                self.axis > 0
            }

            fn rule<'t>(&self, _: usize, _: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
                let $sum = |v: Var<'t>| v.tape().apply(Sum { axes: vec![self.axis], keep: true }, &[v]);
                let ($y, $dy) = (y, dy);
                ($rule).into()
            }

            fn smooth(&self) -> bool {
                true
            }

            fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
                Ok($portable(x[0], self.axis))
            }

            fn batched(&self, _: &[bool]) -> Option<Arc<dyn Op>> {
                Some(Arc::new(Self { axis: self.axis + 1 }))
            }

            fn samples(&self) -> Vec<Sample> {
                [&[3, 4][..], &[2, 5, 3], &[1, 1], &[0, 2], &[2, 0]]
                    .map(|s| Sample::of([s], Domain::Between(-2.0, 2.0)))
                    .to_vec()
            }
        }
    };
}

along_axis!(Softmax, "softmax", "y = exp x / Σ exp x", shares, |y, dy, sum| y * (dy - sum(dy * y)));
along_axis!(LogSoftmax, "log softmax", "y = x − ln Σ exp x", log_shares, |y, dy, sum| dy
    - y.exp() * sum(dy));

crate::ops::entry::built_in! {
    Softmax, "softmax", [axis], [Self { axis: 1 }, Self { axis: 0 }];
    LogSoftmax, "log_softmax", [axis], [Self { axis: 1 }, Self { axis: 0 }];
}

impl<'t> Var<'t> {
    /// `e^xᵢ / Σ e^xⱼ` along an axis (−1 is the last), exact for large x. Elements of −∞ have the share 0; NaN where all are −∞,
    /// for which [`masked_fill`](Self::masked_fill) has a remedy.
    #[track_caller]
    #[must_use]
    pub fn softmax(self, axis: isize) -> Var<'t> {
        let axis = from_front(&[axis], Softmax::NAME, self, self.rank())[0];
        self.tape().apply(Softmax { axis }, &[self])
    }

    /// The logarithm of [`softmax`](Self::softmax), exact where that underflows.
    #[track_caller]
    #[must_use]
    pub fn log_softmax(self, axis: isize) -> Var<'t> {
        let axis = from_front(&[axis], LogSoftmax::NAME, self, self.rank())[0];
        self.tape().apply(LogSoftmax { axis }, &[self])
    }
}
