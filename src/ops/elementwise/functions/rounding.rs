//! Rounding to whole numbers, and what is left by a division.

use crate::ops::elementwise::rows::plain;
use crate::portable::Portable;
use crate::tape::op::Zero;
use crate::tape::sample::Domain;

/// Away from whole numbers and from the halves between them.
const OFF_HALVES: Domain = Domain::AwayFrom {
    points: &[-3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0],
    gap: 0.1,
    range: (-3.0, 3.0),
};

// They have jumps and no kinks: the slopes to both sides are the same everywhere.
plain! {
    unary {
        /// The greatest whole number up to x: `y = ⌊x⌋`; its derivative is 0.
        Floor, floor, "⌊x⌋", "y = ⌊x⌋", |a| a.floor(), |x, y, dy| Zero, OFF_HALVES, compares => |a| a.floor();

        /// The least whole number from x on: `y = ⌈x⌉`; its derivative is 0.
        Ceil, ceil, "⌈x⌉", "y = ⌈x⌉", |a| a.ceil(), |x, y, dy| Zero, OFF_HALVES, compares => |a| a.ceil();

        /// The nearest whole number, and of two the even one, as in NumPy and PyTorch, and by `f64::round_ties_even`; its
        /// derivative is 0.
        Round, round, "round", "y = x, rounded", |a| F::of(libm::rint(a.wide())), |x, y, dy| Zero, OFF_HALVES, compares => |a| a.round();

        /// The whole number towards 0: `y = sgn(x) ⌊|x|⌋`; its derivative is 0.
        Trunc, trunc, "trunc", "y = x, truncated", |a| a.trunc(), |x, y, dy| Zero, OFF_HALVES, compares => |a| a.less(0.0).select(a.ceil(), a.floor());
    }

    binary {
        /// What a division leaves, with the sign of the divisor, as in Python, NumPy and PyTorch: `y = x0 − x1 ⌊x0 / x1⌋`,
        /// computed exactly; `dx0 = dy`, `dx1 = −dy ⌊x0 / x1⌋`. NaN for a divisor of 0.
        Remainder, remainder, "mod", "y = x0 − x1 ⌊x0 ÷ x1⌋",
        |a, b| {
            let left = a % b;
            if left != F::zero() && (left < F::zero()) != (b < F::zero()) { left + b } else { left }
        },
        // The quotient is a whole number but for rounding.
        |x0, x1, y, dy| [dy, -(dy * ((x0 - y) / x1).round())],
        [Domain::Between(2.3, 2.7), Domain::Between(0.95, 1.05)] => |a, b| portable_remainder(a, b);
    }
}

fn portable_remainder<'p>(a: Portable<'p>, b: Portable<'p>) -> Portable<'p> {
    let left = a % b;
    let other_sign = left.not_equal(0.0) & (left.less(0.0) ^ b.less(0.0));
    other_sign.select(left + b, left)
}
