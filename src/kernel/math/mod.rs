//! Elementary functions of our own: straight-line arithmetic that a loop over them turns into vector instructions.
//!
//! There is one function per operation, for single numbers, blocks and tails. They call nothing, look nothing up and jump
//! nowhere, and no product is fused with a sum, so their bits do not depend on the machine or on the loop they stand in.
//! Zeros keep their sign, NaN stays NaN, overflow is infinity, and results go through the subnormal numbers to 0.
//!
//! Greatest errors in units of the last place, at every 331st f32 and at the f64 of this module's tests (where results are
//! not subnormal), and nanoseconds per element of 4,096 in a plan of one op, beside a loop over std's function (`cargo bench --bench maths`,
//! medians, one Zen 3 core with AVX2):
//!
//! | | error, f32 | error, f64 | ns, f32 | std's | ns, f64 | std's |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | `exp` | 0.75 | 0.65 | 1.0 | 2.9 | 2.4 | 5.3 |
//! | `exp_m1` | 1.07 | 0.97 | 1.2 | 10 | 2.8 | 9.0 |
//! | `ln` | 0.76 | 0.81 | 1.1 | 3.3 | 2.8 | 4.3 |
//! | `tanh` | 1.46 | 1.41 | 1.7 | 15 | 3.7 | 14 |
//! | `sigmoid` | 1.10 | 1.08 | 1.7 | 3.0 | 3.7 | 5.3 |
//! | `softplus` | 1.46 | 1.41 | 2.4 | 11 | 6.9 | 13 |
//!
//! Sine and cosine are std's: numbers far from 0 want a reduction by as many digits of π as they have, which is no straight
//! line, and a loop with a call in it stays scalar.

mod exp;
mod ln;
mod sigmoid;

pub use exp::{exp, exp_m1};
pub use ln::ln;
pub use sigmoid::{sigmoid, softplus, tanh};

use crate::Float;

/// `a` if the condition holds, else `b`, as a selection and never a jump: the compiler would move what only one side needs,
/// a division say, behind the jump, and a loop with that stays scalar.
#[inline(always)]
fn select<F: Float>(condition: bool, a: F, b: F) -> F {
    std::hint::select_unpredictable(condition, a, b)
}

/// A polynomial, from the constant term on. Pairs of terms are independent of each other, so half of the steps wait.
#[inline(always)]
fn polynomial<F: Float>(coefficients: &[F], x: F) -> F {
    let square = x * x;
    let mut sum = F::zero();
    let mut rest = coefficients;
    if let (&[ref lower @ .., last], 1) = (rest, rest.len() % 2) {
        (rest, sum) = (lower, last);
    }
    while let &[ref lower @ .., a, b] = rest {
        (rest, sum) = (lower, sum * square + (a + b * x));
    }
    sum
}

/// `a + b + c` for a that is 0 or not smaller than b, and both larger than c, as two numbers: the sum rounded about once
/// and what that lost (Dekker, "A floating-point technique for extending the available precision", Numer. Math. 18, 1971).
#[inline(always)]
fn sum_in_two<F: Float>(a: F, b: F, c: F) -> (F, F) {
    let first = a + b;
    let rest = ((a - first) + b) + c;
    let sum = first + rest;
    (sum, (first - sum) + rest)
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
