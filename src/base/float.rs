//! The two precisions a graph can be run in.

use chainrule_base::written::number::Number;
use ndarray::NdFloat;
use std::fmt;

mod sealed;

/// A precision: `f32` or `f64`. A graph has none of its own; a [`Plan`](crate::Plan) chooses it.
pub trait Float: NdFloat + std::iter::Sum + Default + Number + sealed::Sealed {
    /// `"f32"` or `"f64"`.
    const NAME: &'static str;

    /// The nearest value of this precision.
    fn of(x: f64) -> Self;

    /// The same number in f64, exactly.
    fn wide(self) -> f64;

    /// `max(self, other)`, and NaN if either is NaN (as IEEE 754-2019 `maximum`, but for the sign of a zero).
    #[inline(always)]
    fn maximum(self, other: Self) -> Self {
        if self > other || self.is_nan() { self } else { other }
    }

    /// `min(self, other)`, and NaN if either is NaN (as IEEE 754-2019 `minimum`, but for the sign of a zero).
    #[inline(always)]
    fn minimum(self, other: Self) -> Self {
        if self < other || self.is_nan() { self } else { other }
    }

    /// 0 with the sign of the number, if that is subnormal; else the number.
    #[inline(always)]
    fn flushed(self) -> Self {
        if self.abs() < Self::min_positive_value() { Self::zero().copysign(self) } else { self }
    }

    /// 1 where a comparison holds, else 0.
    #[inline(always)]
    fn truth(holds: bool) -> Self {
        if holds { Self::one() } else { Self::zero() }
    }
}

impl Float for f32 {
    const NAME: &'static str = "f32";

    #[inline(always)]
    fn of(x: f64) -> Self {
        x as f32
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }
}

impl Float for f64 {
    const NAME: &'static str = "f64";

    #[inline(always)]
    fn of(x: f64) -> Self {
        x
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }
}

/// A number as messages write it: with all its digits, and as a power of ten where they would be a long row of zeros.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written<F>(pub(crate) F);

impl<F: Float> fmt::Display for Written<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.wide().abs();
        match size == 0.0 || !size.is_finite() || (1e-5..1e16).contains(&size) {
            true => fmt::Display::fmt(&self.0, f),
            false => fmt::LowerExp::fmt(&self.0, f),
        }
    }
}
