//! Exponentials: `eˣ = 2ⁿ eʳ` with n whole and `|r| ≤ ½ ln 2` (Cody and Waite, Software Manual for the Elementary
//! Functions, 1980, chapter 6).

use super::arithmetic::{polynomial, select, sum_in_two};
use crate::Float;

/// `eˣ` = 2ⁿ (1 + (high + low)).
struct Reduced<F> {
    n: F,
    high: F,
    low: F,
}

#[inline(always)]
fn reduce<F: Float>(x: F) -> Reduced<F> {
    let c = F::CONSTANTS;
    let n = (x * c.log2_e + c.round) - c.round;
    // Exact: the product has few bits, and the two are close to each other or n is 0.
    let high = x - n * c.ln_2_high;
    let low = n * c.ln_2_low;
    let r = high - low;
    Reduced { n, high, low: r * r * polynomial(c.exp, r) - low }
}

/// `2ⁿ x`, rounded once where it is subnormal, for n up to twice the exponents of normal numbers.
#[inline(always)]
fn scale<F: Float>(x: F, n: F) -> F {
    let round = F::CONSTANTS.round;
    let half = (n * F::of(0.5) + round) - round;
    x * F::power_of_two(half) * F::power_of_two(n - half)
}

/// `min(x, bound)` that keeps NaN.
#[inline(always)]
fn at_most<F: Float>(x: F, bound: F) -> F {
    select(x > bound, bound, x)
}

/// `max(x, bound)` that keeps NaN.
#[inline(always)]
fn at_least<F: Float>(x: F, bound: F) -> F {
    select(x < bound, bound, x)
}

/// `eˣ`.
#[inline(always)]
pub fn exp<F: Float>(x: F) -> F {
    let c = F::CONSTANTS;
    let e = reduce(at_least(at_most(x, c.exp_highest), c.exp_lowest));
    scale(sum_in_two(F::one(), e.high, e.low).0, e.n)
}

/// `eˣ − 1`, exact for small x, where `exp` and a subtraction are not.
#[inline(always)]
pub fn exp_m1<F: Float>(x: F) -> F {
    let c = F::CONSTANTS;
    let e = reduce(at_least(at_most(x, c.exp_highest), -c.flat));
    // 2ⁿ ((1 − 2⁻ⁿ) + (eʳ − 1)); the first part is exact wherever it matters.
    let offset = F::one() - F::power_of_two(-at_most(e.n, c.far));
    scale(sum_in_two(offset, e.high, e.low).0, e.n).copysign(x)
}

/// `eˣ` for x ≤ 0 as a sum of two, the second of the size of the first one's rounding.
#[inline(always)]
pub(super) fn exp_in_two<F: Float>(x: F) -> (F, F) {
    let e = reduce(at_least(x, F::CONSTANTS.exp_lowest));
    let (sum, low) = sum_in_two(F::one(), e.high, e.low);
    (scale(sum, e.n), scale(low, e.n))
}

/// `eˣ − 1` for x ≥ 0 as a sum of two, as above, with x clamped to `Constants::flat`.
#[inline(always)]
pub(super) fn exp_m1_in_two<F: Float>(x: F) -> (F, F) {
    let e = reduce(at_most(x, F::CONSTANTS.flat));
    let offset = F::one() - F::power_of_two(-e.n);
    let (sum, low) = sum_in_two(offset, e.high, e.low);
    let scale = F::power_of_two(e.n);
    (sum * scale, low * scale)
}
