//! Running sums along an axis, of numbers and of exponentials, and the greatest element so far.

use super::product::Recurrence;
use crate::Float;
use crate::graph::Kind;
use crate::kernel::{Inputs, Output, for_each_line, math};
use crate::ops::axes::{from_front, shape_with_axis};
use crate::portable::{ElementType, Portable, running};
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::sample::{Domain, Sample};
use crate::tape::{LoadOp, Var};
use std::sync::Arc;

/// The running sum along an axis: `yᵢ = Σ xₖ` over k ≤ i, or over k ≥ i where it is reversed; `dx` is the running sum of
/// `dy` the other way round.
///
/// Added up one after another, so rounding grows with the length of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CumSum {
    /// The axis along which sums run.
    pub axis: usize,
    /// Whether they run from the end.
    pub reverse: bool,
}

impl<F: Float> Kernel<F> for CumSum {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for_each_line(x.real(0), self.axis, y.data, y.shape[self.axis], |_, x, mut y| {
            let n = x.len();
            let mut sum = F::zero();
            for i in 0..n {
                let i = if self.reverse { n - 1 - i } else { i };
                sum += x.get(i);
                y[i] = sum;
            }
        });
    }
}

/// The running logarithm of the sum of exponentials along an axis: `yᵢ = ln Σ e^xₖ` over k ≤ i, or over k ≥ i where it is
/// reversed. `dxₖ = Σ dyᵢ e^(xₖ − yᵢ)` over i ≥ k, or i ≤ k.
///
/// Computed from the greatest element so far, so that nothing overflows; a line may begin with −∞.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogCumSumExp {
    /// The axis along which sums run.
    pub axis: usize,
    /// Whether they run from the end.
    pub reverse: bool,
}

/// Where the greatest element so far is along an axis: for each place the index of the last of equal ones. A NaN counts as
/// the greatest. Its result counts as a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CumArgMax {
    /// The axis that is gone through.
    pub axis: usize,
}

impl<F: Float> Kernel<F> for LogCumSumExp {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for_each_line(x.real(0), self.axis, y.data, y.shape[self.axis], |_, x, mut y| {
            let n = x.len();
            // y = m + ln s, with m the greatest so far. Of equal infinities no difference is taken.
            let (mut m, mut s) = (F::neg_infinity(), F::zero());
            for i in 0..n {
                let i = if self.reverse { n - 1 - i } else { i };
                let x = x.get(i);
                if x == m {
                    s += if x == F::neg_infinity() { F::zero() } else { F::one() };
                } else if x < m {
                    s += math::exp(x - m);
                } else {
                    s = s * math::exp(m - x) + F::one();
                    m = x;
                }
                y[i] = if m.is_infinite() { m } else { m + math::ln(s) };
            }
        });
    }
}

impl<F: Float> Kernel<F> for CumArgMax {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for_each_line(x.real(0), self.axis, y.indices, y.shape[self.axis], |_, x, mut y| {
            let mut greatest = 0;
            for i in 0..x.len() {
                let (new, old) = (x.get(i), x.get(greatest));
                if new >= old || new.is_nan() {
                    greatest = i;
                }
                y[i] = greatest;
            }
        });
    }
}

impl Op for LogCumSumExp {
    crate::op_settings!();

    fn symbol(&self) -> String {
        "running log Σ exp".to_owned()
    }

    fn formula(&self) -> &'static str {
        "y = ln of the running sum of exp x"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        shape_with_axis(x, self.axis)
    }

    fn by_rows(&self) -> bool {
        self.axis > 0
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        if dy.shape()[self.axis] == 0 {
            return dy.into();
        }
        // dxₖ = e^(xₖ − yₖ) rₖ with rₖ = Σ dyᵢ e^(yₖ − yᵢ) over i ≥ k, of which no exponent is positive. Neighbours have
        // rₖ = dyₖ + aₖ₊₁ rₖ₊₁ with aₖ₊₁ = e^(yₖ − yₖ₊₁), a recurrence from the end; a₀ is not read.
        let Self { axis, reverse } = *self;
        let before = match reverse {
            false => [y.range(axis, 0, Some(1), 1), y.range(axis, 0, Some(-1), 1)],
            true => [y.range(axis, 1, None, 1), y.range(axis, -1, None, 1)],
        };
        let before = y.tape().concat(&before, axis as isize);
        let share = |from: Var<'t>| {
            // Of what is −∞ nothing is in the sum, and y may be −∞ as well.
            let nothing = from.equal(f64::NEG_INFINITY);
            let exponent = nothing.select(0.0, from) - nothing.select(0.0, y);
            nothing.select(0.0, exponent.exp())
        };
        let a = share(before);
        let op = Recurrence { axis, reverse: !reverse, initial: 0.0 };
        (share(x[0]) * (dy + dy.tape().apply(op, &[a, a * dy]))).into()
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        let sum = |[a]: [Portable<'p>; 1], [b]: [Portable<'p>; 1]| {
            let apart = a.equal(b).select(0.0, (a - b).abs());
            [a.maximum(b) + (-apart).exp().ln_1p()]
        };
        let [y] = running([x[0]], self.axis, self.reverse, sum);
        Ok(y)
    }

    fn samples(&self) -> Vec<Sample> {
        lines()
    }
}

impl Op for CumArgMax {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = where x is greatest so far"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        shape_with_axis(x, self.axis)
    }

    fn kind(&self, _: &[Operand<'_>]) -> Kind {
        Kind::Index
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
        Derivative::NotDifferentiable
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        let greatest = |[a, i]: [Portable<'p>; 2], [b, j]: [Portable<'p>; 2]| {
            let later = b.greater_equal(a) | b.is_nan();
            [later.select(b, a), later.select(j, i)]
        };
        let [_, y] =
            running([x[0], x[0].positions(self.axis, ElementType::Index)], self.axis, false, greatest);
        Ok(y)
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 4][..], &[2, 5, 3], &[1, 1], &[2, 0]].map(|s| Sample::of([s], Domain::Spaced(0.0))).to_vec()
    }
}

fn lines() -> Vec<Sample> {
    [&[3, 4][..], &[2, 5, 3], &[1, 1], &[0, 2], &[2, 0]]
        .map(|s| Sample::of([s], Domain::Between(-2.0, 2.0)))
        .to_vec()
}

impl Op for CumSum {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = running sum of x"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        shape_with_axis(x, self.axis)
    }

    fn by_rows(&self) -> bool {
        self.axis > 0
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.tape().apply(Self { reverse: !self.reverse, ..*self }, &[dy]).into()
    }

    fn batched(&self, _: &[bool]) -> Option<Arc<dyn Op>> {
        Some(Arc::new(Self { axis: self.axis + 1, ..*self }))
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        let [y] = running([x[0]], self.axis, self.reverse, |[a], [b]| [a + b]);
        Ok(y)
    }

    fn samples(&self) -> Vec<Sample> {
        lines()
    }
}

crate::ops::entry::built_in! {
    CumSum, "cumsum", [axis, reverse], [Self { axis: 0, reverse: false }, Self { axis: 1, reverse: true }];
    LogCumSumExp, "logcumsumexp", [axis, reverse], [
        Self { axis: 0, reverse: false },
        Self { axis: 1, reverse: true },
        Self { axis: 1, reverse: false },
    ];
    CumArgMax, "cumargmax", [axis], [Self { axis: 0 }, Self { axis: 1 }];
}

impl<'t> Var<'t> {
    /// The running sum along an axis (−1 is the last): `yᵢ = Σ xₖ` over k ≤ i.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", ndarray::arr1(&[1.0, 2.0, 4.0]));
    /// let y = x.cumsum(-1);
    /// assert_eq!(y.value().as_slice().unwrap(), [1.0, 3.0, 7.0]);
    /// assert_eq!(y.sum().grad([x])[0].value().as_slice().unwrap(), [3.0, 2.0, 1.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn cumsum(self, axis: isize) -> Var<'t> {
        let axis = from_front(&[axis], CumSum::NAME, self, self.rank())[0];
        self.tape().apply(CumSum { axis, reverse: false }, &[self])
    }

    /// The running logarithm of the sum of exponentials along an axis (−1 is the last): `yᵢ = ln Σ e^xₖ` over k ≤ i, exact for
    /// large x.
    #[doc(alias = "cumlogsumexp")]
    #[track_caller]
    #[must_use]
    pub fn logcumsumexp(self, axis: isize) -> Var<'t> {
        let axis = from_front(&[axis], LogCumSumExp::NAME, self, self.rank())[0];
        self.tape().apply(LogCumSumExp { axis, reverse: false }, &[self])
    }

    /// Where the greatest element so far is along an axis (−1 is the last): indices of the same shape, of the last of equal
    /// ones. A NaN counts as the greatest.
    #[doc(alias = "cummax")]
    #[track_caller]
    #[must_use]
    pub fn cumargmax(self, axis: isize) -> Var<'t> {
        let axis = from_front(&[axis], CumArgMax::NAME, self, self.rank())[0];
        self.tape().apply(CumArgMax { axis }, &[self])
    }

    /// The greatest element so far along an axis (−1 is the last): `yᵢ = max xₖ` over k ≤ i. `dx` is `dy` where the elements
    /// came from: of equal ones the last so far, as in PyTorch.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [1.0, 3.0, 2.0, 4.0]);
    /// let y = x.cummax(0);
    /// assert_eq!(y.value().as_slice().unwrap(), [1.0, 3.0, 3.0, 4.0]);
    /// assert_eq!(y.sum().grad([x])[0].value().as_slice().unwrap(), [1.0, 2.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn cummax(self, axis: isize) -> Var<'t> {
        self.take_along_axis(self.cumargmax(axis), axis)
    }

    /// The least element so far along an axis (−1 is the last), as [`cummax`](Self::cummax).
    #[track_caller]
    #[must_use]
    pub fn cummin(self, axis: isize) -> Var<'t> {
        -(-self).cummax(axis)
    }
}
