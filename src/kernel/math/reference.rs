//! Reference functions in double-double arithmetic of 106 bits (Dekker, Numer. Math. 18, 1971).

use std::ops::{Add, Div, Mul, Neg, Sub};

/// A double-double number: a sum of two, the second at most half a unit in the last place of the first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Two(pub(super) f64, pub(super) f64);

/// a + b and its rounding error (Knuth, TAOCP 2, 4.2.2, theorem B).
fn sum(a: f64, b: f64) -> Two {
    let s = a + b;
    let part = s - a;
    Two(s, (a - (s - part)) + (b - part))
}

/// a · b and its rounding error, by halves of the significands.
fn product(a: f64, b: f64) -> Two {
    let halves = |x: f64| {
        let high = f64::from_bits(x.to_bits() & !0x07ff_ffff);
        (high, x - high)
    };
    let (p, (a0, a1), (b0, b1)) = (a * b, halves(a), halves(b));
    Two(p, ((a0 * b0 - p) + a0 * b1 + a1 * b0) + a1 * b1)
}

impl Add for Two {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        let (high, low) = (sum(self.0, o.0), sum(self.1, o.1));
        let first = sum(high.0, high.1 + low.0);
        sum(first.0, first.1 + low.1)
    }
}

impl Neg for Two {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0, -self.1)
    }
}

impl Sub<f64> for Two {
    type Output = Self;
    fn sub(self, o: f64) -> Self {
        self + Self(-o, 0.0)
    }
}

impl Mul for Two {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        let p = product(self.0, o.0);
        sum(p.0, p.1 + (self.0 * o.1 + self.1 * o.0))
    }
}

impl Div for Two {
    type Output = Self;
    fn div(self, o: Self) -> Self {
        let q = Self(self.0 / o.0, 0.0);
        let rest = self + -(q * o);
        q + Self(rest.0 / o.0, 0.0)
    }
}

const ONE: Two = Two(1.0, 0.0);
/// ln 2 as two floats: the second is the rounded error of the first, 2.3190468138462996e-17.
const LN_2: Two = Two(std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17);

/// eˣ = 2ⁿ e^(r/2⁶ · 2⁶): (n, eʳ − 1), the latter by a series of r/64 and six times e²ˣ − 1 = m (m + 2).
fn reduced(x: Two) -> (i32, Two) {
    let n = (x.0 * std::f64::consts::LOG2_E).round();
    let r = (x + -(LN_2 * Two(n, 0.0))) * Two(1.0 / 64.0, 0.0);
    let mut m = Two(0.0, 0.0);
    for k in (1..=11).rev() {
        m = (ONE + m) * r / Two(f64::from(k), 0.0);
    }
    for _ in 0..6 {
        m = m * (m + Two(2.0, 0.0));
    }
    (n as i32, m)
}

/// x 2ⁿ, in steps that do not overflow.
fn scaled(x: Two, n: i32) -> Two {
    let (a, b) = (2_f64.powi(n / 2), 2_f64.powi(n - n / 2));
    Two(x.0 * a * b, x.1 * a * b)
}

fn exp_two(x: Two) -> Two {
    let (n, m) = reduced(x);
    scaled(ONE + m, n)
}

fn exp_m1_two(x: Two) -> Two {
    let (n, m) = reduced(x);
    if n == 0 { m } else { scaled(ONE + m, n) - 1.0 }
}

/// ln(1 + x), from an approximation g: `g + d − d²/2` with `d = (1 + x) e⁻ᵍ − 1`.
fn ln_1p_two(x: Two) -> Two {
    let guess = Two(x.0.ln_1p(), 0.0);
    let m = exp_m1_two(-guess);
    let d = x + m + x * m;
    guess + d + -(d * d * Two(0.5, 0.0))
}

pub(super) fn exp(x: f64) -> Two {
    exp_two(Two(x, 0.0))
}

pub(super) fn exp_m1(x: f64) -> Two {
    // Below, the result differs from −1 by less than the precision.
    exp_m1_two(Two(x.max(-100.0), 0.0))
}

/// ln x = k ln 2 + ln m with m near 1, where x − 1 is exact.
pub(super) fn ln(x: f64) -> Two {
    let k = if (0.5..2.0).contains(&x) { 0 } else { x.log2().round() as i32 };
    let m = scaled(Two(x, 0.0), -k);
    ln_1p_two(m - 1.0) + LN_2 * Two(f64::from(k), 0.0)
}

pub(super) fn tanh(x: f64) -> Two {
    let t = exp_m1_two(Two((2.0 * x.abs()).min(100.0), 0.0));
    let y = t / (t + Two(2.0, 0.0));
    if x < 0.0 { -y } else { y }
}

pub(super) fn sigmoid(x: f64) -> Two {
    let e = exp_two(Two(-x.abs().min(1000.0), 0.0));
    (if x < 0.0 { e } else { ONE }) / (ONE + e)
}

pub(super) fn softplus(x: f64) -> Two {
    let y = ln_1p_two(exp_two(Two(-x.abs().min(740.0), 0.0)));
    if x > 0.0 { Two(x, 0.0) + y } else { y }
}
