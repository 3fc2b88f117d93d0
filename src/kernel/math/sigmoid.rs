//! Sigmoid functions, from exponentials of numbers of one sign, which cannot overflow.

use super::arithmetic::select;
use super::exp::{exp, exp_in_two, exp_m1_in_two};
use super::ln::ln_1p_to_one;
use crate::Float;

/// The correction to a rounded quotient `q ≈ e / d`, for `e = e.0 + e.1` and d the rounded `one + e.0 + e.1`. It is of the
/// size of a rounding error, so a rough inverse of d suffices.
#[inline(always)]
fn missing<F: Float>(q: F, d: F, one: F, e: (F, F), inverse: F) -> F {
    let rest = ((one - d) + e.0) + e.1;
    (e.1 - q * rest) * inverse
}

/// `tanh x = t/(t + 2)` with `t = e^2|x| − 1`, from ½ on as `1 − 2/(t + 2)`.
#[inline(always)]
pub fn tanh<F: Float>(x: F) -> F {
    let two = F::of(2.0);
    let t = exp_m1_in_two(two * x.abs());
    let upper = t.0 > two;
    let d = t.0 + two;
    let q = select(upper, two, t.0) / d;
    // 1/d for 2 ≤ d ≤ 4 within 9 %.
    let lower = q + missing(q, d, two, t, F::of(0.7286) - d * F::of(0.125));
    select(upper, F::one() - q, lower).copysign(x)
}

/// The logistic function `1/(1 + e⁻ˣ)`: `q = e/(1 + e)` with `e = e^−|x|` for x < 0, else 1 − q.
#[inline(always)]
pub fn sigmoid<F: Float>(x: F) -> F {
    let one = F::one();
    let e = exp_in_two(-x.abs());
    let d = one + e.0;
    let q = e.0 / d;
    // 1/d for 1 ≤ d ≤ 2 within 9 %.
    let q = q + missing(q, d, one, e, F::of(1.4571) - d * F::of(0.5));
    select(x < F::zero(), q, one - q)
}

/// `ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|)`.
#[inline(always)]
pub fn softplus<F: Float>(x: F) -> F {
    select(x < F::zero(), F::zero(), x) + ln_1p_to_one(exp(-x.abs()))
}
