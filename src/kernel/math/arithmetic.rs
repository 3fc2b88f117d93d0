//! The building blocks of the functions: selections, polynomials, and sums as two numbers.

use crate::Float;

/// `a` if the condition holds, else `b`, as a select and never a branch: the compiler would sink work of one side, such as a
/// division, into the branch, and the loop would stay scalar.
#[inline(always)]
pub(super) fn select<F: Float>(condition: bool, a: F, b: F) -> F {
    std::hint::select_unpredictable(condition, a, b)
}

/// A polynomial, from the constant term on. Pairs of terms are independent, which halves the dependency chain of Horner's
/// scheme.
#[inline(always)]
pub(super) fn polynomial<F: Float>(coefficients: &[F], x: F) -> F {
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

/// `a + b + c` for a that is 0 or not smaller than b, and both larger than c, as two numbers: the sum, rounded about once,
/// and its rounding error (Dekker, "A floating-point technique for extending the available precision", Numer. Math. 18,
/// 1971).
#[inline(always)]
pub(super) fn sum_in_two<F: Float>(a: F, b: F, c: F) -> (F, F) {
    let first = a + b;
    let rest = ((a - first) + b) + c;
    let sum = first + rest;
    (sum, (first - sum) + rest)
}
