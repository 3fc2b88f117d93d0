//! Inverse circular functions and hyperbolic functions of portable values, for which formats have no primitives in every
//! precision.

use super::builder::Portable;
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, LN_2, LN_10, PI};

/// The coefficients of `atan` by Sun Microsystems (FreeBSD's `s_atan.c`, 1993).
const ATAN: [f64; 11] = [
    3.333_333_333_333_293e-1,
    -1.999_999_999_987_648_3e-1,
    1.428_571_427_250_346_6e-1,
    -1.111_111_040_546_235_6e-1,
    9.090_887_133_436_507e-2,
    -7.691_876_205_044_83e-2,
    6.661_073_137_387_531e-2,
    -5.833_570_133_790_573_5e-2,
    4.976_877_994_615_932_4e-2,
    -3.653_157_274_421_691_6e-2,
    1.628_582_011_536_578_2e-2,
];

/// Circular and hyperbolic functions, powers and logarithms, composed of primitives.
impl<'p> Portable<'p> {
    /// `tan x`.
    #[must_use]
    pub fn tan(self) -> Self {
        self.sin() / self.cos()
    }

    /// The angle of the point with this ordinate and an abscissa, from −π to π.
    #[must_use]
    pub fn atan2(self, x: impl super::IntoPortable<'p>) -> Self {
        let y = self;
        let x = x.on(y);
        let (a, b) = (y.abs(), x.abs());
        let steep = a.greater(b);
        let (less, greater) = (steep.select(b, a), steep.select(a, b));
        // 0 by 0 is 0, and ∞ by ∞ is 1.
        let ratio = less / greater.equal(0.0).select(1.0, greater);
        let ratio = less.equal(f64::INFINITY).select(1.0, ratio);
        let angle = atan_to_one(ratio);
        let angle = steep.select(FRAC_PI_2 - angle, angle);
        let angle = is_negative(x).select(PI - angle, angle);
        let angle = is_negative(y).select(-angle, angle);
        (y.is_nan() | x.is_nan()).select(f64::NAN, angle)
    }

    /// The inverse tangent.
    #[must_use]
    pub fn atan(self) -> Self {
        self.atan2(self.full(1.0, &self.shape()))
    }

    /// The inverse sine.
    #[must_use]
    pub fn asin(self) -> Self {
        self.atan2(((1.0 - self) * (1.0 + self)).sqrt())
    }

    /// The inverse cosine.
    #[must_use]
    pub fn acos(self) -> Self {
        ((1.0 - self) * (1.0 + self)).sqrt().atan2(self)
    }

    /// `sinh x`.
    #[must_use]
    pub fn sinh(self) -> Self {
        let a = self.abs();
        let e = a.minimum(40.0).exp_m1();
        let half = (0.5 * a).exp();
        self.signed_as(a.less(40.0).select(0.5 * (e + e / (e + 1.0)), 0.5 * half * half))
    }

    /// `cosh x`.
    #[must_use]
    pub fn cosh(self) -> Self {
        let a = self.abs();
        let e = a.minimum(40.0).exp();
        let half = (0.5 * a).exp();
        a.less(40.0).select(0.5 * (e + e.recip()), 0.5 * half * half)
    }

    /// The inverse of `sinh`.
    #[must_use]
    pub fn asinh(self) -> Self {
        let a = self.abs();
        let near = a.minimum(1e8);
        let square = near.square();
        let near = (near + square / (1.0 + (1.0 + square).sqrt())).ln_1p();
        self.signed_as(a.less(1e8).select(near, a.ln() + LN_2))
    }

    /// The inverse of `cosh`.
    #[must_use]
    pub fn acosh(self) -> Self {
        let t = self.minimum(1e8) - 1.0;
        let near = (t + (2.0 * t + t.square()).sqrt()).ln_1p();
        let y = self.less(1e8).select(near, self.ln() + LN_2);
        self.less(1.0).select(f64::NAN, y)
    }

    /// The inverse of `tanh`.
    #[must_use]
    pub fn atanh(self) -> Self {
        let a = self.abs();
        self.signed_as(0.5 * (2.0 * a / (1.0 - a)).ln_1p())
    }

    /// `2ˣ`.
    #[must_use]
    pub fn exp2(self) -> Self {
        self.number(2.0).pow(self)
    }

    /// The binary logarithm.
    #[must_use]
    pub fn log2(self) -> Self {
        self.ln() / LN_2
    }

    /// The decimal logarithm.
    #[must_use]
    pub fn log10(self) -> Self {
        self.ln() / LN_10
    }

    /// The cube root, of either sign.
    #[must_use]
    pub fn cbrt(self) -> Self {
        let a = self.abs();
        let y = a.pow(1.0 / 3.0);
        // A third is rounded: one step of Newton's method.
        let next = y - (y.square() * y - a) / (3.0 * y.square());
        let ends = a.equal(0.0) | a.equal(f64::INFINITY);
        self.signed_as(ends.select(y, next))
    }

    /// The length of the hypotenuse, without overflow.
    #[must_use]
    pub fn hypot(self, other: impl super::IntoPortable<'p>) -> Self {
        let (a, b) = (self.abs(), other.on(self).abs());
        let (less, greater) = (a.minimum(b), a.maximum(b));
        let ratio = less / greater.equal(0.0).select(1.0, greater);
        let length = greater * (1.0 + ratio.square()).sqrt();
        (a.equal(f64::INFINITY) | b.equal(f64::INFINITY)).select(f64::INFINITY, length)
    }

    /// `xⁿ`, by repeated multiplication for small n.
    #[must_use]
    pub fn powi(self, n: i32) -> Self {
        if n.unsigned_abs() > 64 {
            return self.pow(f64::from(n));
        }
        let (mut left, mut square) = (n.unsigned_abs(), self);
        let mut power: Option<Self> = None;
        while left > 0 {
            if left % 2 == 1 {
                power = Some(power.map_or(square, |power| power * square));
            }
            left /= 2;
            if left > 0 {
                square = square.square();
            }
        }
        let power = power.unwrap_or_else(|| self.full(1.0, &self.shape()));
        if n < 0 { power.recip() } else { power }
    }
}

/// Whether the sign is negative, also that of 0.
fn is_negative(x: Portable<'_>) -> Portable<'_> {
    x.less(0.0) | (x.equal(0.0) & x.recip().less(0.0))
}

/// The inverse tangent between 0 and 1.
fn atan_to_one(x: Portable<'_>) -> Portable<'_> {
    const HALF: f64 = 0.463_647_609_000_806_1;
    let (low, middle) = (x.less(0.4375), x.less(0.6875));
    let of_half = (2.0 * x - 1.0) / (2.0 + x);
    let of_one = (x - 1.0) / (x + 1.0);
    let t = low.select(x, middle.select(of_half, of_one));
    let z = t.square();
    let correction = t * (z * z.polynomial(&ATAN));
    let base = x.full(FRAC_PI_4, &x.shape());
    let base = low.select(0.0, middle.select(HALF, base));
    base - (correction - t)
}
