//! Logarithms: `ln x = k ln 2 + ln m` with k whole and `√½ ≤ m < √2`, and `ln m` from `s = (m − 1)/(m + 1)` (as in Ng's
//! `log` of fdlibm, Sun Microsystems, 1993, with a sum that is rounded once).

use super::arithmetic::{polynomial, select, sum_in_two};
use crate::Float;

/// `k ln 2 + ln(1 + f) + small` for `√½ ≤ 1 + f < √2`.
#[inline(always)]
fn combine<F: Float>(k: F, f: F, small: F) -> F {
    let c = F::CONSTANTS;
    let half = F::of(0.5);
    let s = f / (F::of(2.0) + f);
    let z = s * s;
    // ln(1 + f) = f − (f²/2 − s (f²/2 + z Q(z))), so that the division's rounding does not touch f.
    let h = half * f * f;
    let rest = (s * (h + z * polynomial(c.ln, z)) + (k * c.ln_2_low + small)) - h;
    sum_in_two(k * c.ln_2_high, f, rest).0
}

/// `ln x`: −∞ at 0, NaN below.
#[inline(always)]
pub fn ln<F: Float>(x: F) -> F {
    // Subnormal numbers are made normal.
    let is_small = x < F::min_positive_value();
    let (m, k) = select(is_small, x * F::of(TWO_54), x).split();
    let y = combine(select(is_small, k - F::of(54.0), k), m - F::one(), F::zero());
    let y = select(x < F::infinity(), y, x);
    let y = select(x == F::zero(), F::neg_infinity(), y);
    select(x < F::zero(), F::nan(), y)
}

/// 2⁵⁴.
const TWO_54: f64 = (1_u64 << 54) as f64;

/// `ln(1 + x)` for 0 ≤ x ≤ 1, exact for small x, where a sum and `ln` are not.
#[inline(always)]
pub(super) fn ln_1p_to_one<F: Float>(x: F) -> F {
    let (zero, one, half) = (F::zero(), F::one(), F::of(0.5));
    let sum = one + x;
    let m = sum * half;
    // The rounding error of the sum, divided by the sum: 2.06 − m is 1/m within 4 %.
    let lost = ((one - sum) + x) * half * (F::of(2.06) - m);
    let upper = sum > F::of(std::f64::consts::SQRT_2);
    combine(select(upper, one, zero), select(upper, m - one, x), select(upper, lost, zero))
}
