//! Reductions that are compositions of others: least element, variance, norms, counts.

use super::reduce::{Max, Mean, Sum};
use crate::ops::axes::Axes;
use crate::tape::Var;

/// Defines the three methods of a reduction, over all axes, some that disappear, and some that stay with size 1, from what is
/// recorded with the axes kept.
macro_rules! composed {
    ($(#[$doc:meta])* $name:literal, ($($setting:ident: $type:ty)?), |$x:ident, $axes:ident| $kept:expr,
     $method:ident, $over:ident, $keep:ident) => {
        impl<'t> Var<'t> {
            $(#[$doc])*
            ///
            /// Over all axes, to one number.
            #[track_caller]
            #[must_use]
            pub fn $method(self $(, $setting: $type)?) -> Var<'t> {
                self.$over(.. $(, $setting)?)
            }

            $(#[$doc])*
            ///
            /// Over some axes (`0`, `-1`, `[0, 2]`), which disappear.
            #[track_caller]
            #[must_use]
            pub fn $over(self, axes: impl Into<Axes> $(, $setting: $type)?) -> Var<'t> {
                let $axes = axes.into().resolve($name, self, self.rank());
                let $x = self;
                let kept = $kept;
                if $axes.is_empty() { kept } else { kept.squeeze_at(&$axes) }
            }

            $(#[$doc])*
            ///
            /// Over some axes (`0`, `-1`, `[0, 2]`, `..`), which stay with size 1.
            #[track_caller]
            #[must_use]
            pub fn $keep(self, axes: impl Into<Axes> $(, $setting: $type)?) -> Var<'t> {
                let $axes = axes.into().resolve($name, self, self.rank());
                let $x = self;
                $kept
            }
        }
    };
}

composed! {
    /// The least element: `y = min x`; equal ones share `dy` equally. That of [`max`](Var::max) of the negative, negative.
    "min", (), |x, axes| -(-x).max_at(&axes),
    min, min_over, min_keep
}

composed! {
    /// The number of elements that are not 0; its derivative is 0. A NaN counts.
    "count_nonzero", (), |x, axes| x.not_equal(0.0).sum_at(&axes),
    count_nonzero, count_nonzero_over, count_nonzero_keep
}

composed! {
    /// 1 if any element is not 0, else 0; 0 if there are none. Its derivative is 0.
    "any", (), |x, axes| x.not_equal(0.0).sum_at(&axes).greater(0.0),
    any, any_over, any_keep
}

composed! {
    /// 1 if no element is 0, else 0; 1 if there are none. Its derivative is 0.
    "all", (), |x, axes| x.equal(0.0).sum_at(&axes).equal(0.0),
    all, all_over, all_keep
}

composed! {
    /// The variance: `y = Σ (x − m)² / (n − ddof)` with m the mean of n elements. `ddof` ("delta degrees of freedom", PyTorch's
    /// `correction`) is 0 for the variance of what is there, and 1 for an unbiased estimate from a sample, which is what PyTorch
    /// has by default and NumPy not. NaN where no degree of freedom is left.
    "var", (ddof: usize), |x, axes| x.variance_at(&axes, ddof),
    var, var_over, var_keep
}

composed! {
    /// The standard deviation: the square root of the [variance](Var::var). At elements that are all equal it has a kink: there
    /// `dx` is 0, as in PyTorch.
    "std", (ddof: usize), |x, axes| x.variance_at(&axes, ddof).root(),
    std, std_over, std_keep
}

composed! {
    /// The p-norm: `y = (Σ |x|ᵖ)^(1/p)`; `max |x|` for p = ∞, `min |x|` for p = −∞, and the number of elements that are not 0 for
    /// p = 0. Of the axes together, a matrix is a vector.
    ///
    /// Kinks: at the zero vector `dx` is 0, and for finite p other than 2 it is 0 in every element that is 0; for p = ±∞, elements
    /// of equal magnitude share `dy` equally. Powers are taken of the elements as they are: for p = 2 they overflow from some 1e154
    /// on in double precision, and from 1e19 on in single precision. It panics if p is NaN.
    "norm", (p: f64), |x, axes| x.norm_at(&axes, p),
    norm, norm_over, norm_keep
}

impl<'t> Var<'t> {
    #[track_caller]
    fn sum_at(self, axes: &[usize]) -> Var<'t> {
        self.tape().apply(Sum { axes: axes.to_vec(), keep: true }, &[self])
    }

    #[track_caller]
    fn max_at(self, axes: &[usize]) -> Var<'t> {
        self.tape().apply(Max { axes: axes.to_vec(), keep: true }, &[self])
    }

    #[track_caller]
    fn variance_at(self, axes: &[usize], ddof: usize) -> Var<'t> {
        let mean = self.tape().apply(Mean { axes: axes.to_vec(), keep: true }, &[self]);
        let squares = (self - mean).square().sum_at(axes);
        let n = self.count_per(mean);
        // Not fewer than none: a negative variance is a wrong number.
        squares / if ddof == 0 { n } else { (n - ddof as f64).maximum(0.0) }
    }

    #[track_caller]
    fn norm_at(self, axes: &[usize], p: f64) -> Var<'t> {
        if p.is_nan() {
            self.tape().refuse_operands(
                "norm",
                "p is NaN; give it a number, or an infinity".to_owned(),
                &[self],
            )
        }
        match p {
            0.0 => self.not_equal(0.0).sum_at(axes),
            1.0 => self.abs().sum_at(axes),
            2.0 => self.square().sum_at(axes).root(),
            f64::INFINITY => self.abs().max_at(axes),
            f64::NEG_INFINITY => -(-self.abs()).max_at(axes),
            _ => {
                // |x|ᵖ has no finite derivative at 0, or none of second order, for p < 2; of a number in its place it has.
                let zero = self.equal(0.0);
                let size = zero.select(1.0, self.abs());
                let power = match p.fract() == 0.0 && p.abs() <= 64.0 {
                    true => size.powi(p as i32),
                    false => size.powf(p),
                };
                let sum = zero.select(if p > 0.0 { 0.0 } else { f64::INFINITY }, power).sum_at(axes);
                let zero = sum.equal(0.0);
                zero.select(0.0, zero.select(1.0, sum).powf(1.0 / p))
            }
        }
    }

    /// The square root of numbers that are not negative, with derivative 0 at 0.
    #[track_caller]
    fn root(self) -> Var<'t> {
        let zero = self.equal(0.0);
        zero.select(0.0, zero.select(1.0, self).sqrt())
    }
}
