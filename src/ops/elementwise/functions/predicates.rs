//! Truth values: 1 where something holds, else 0. What is not 0 counts as true, NaN too, as in NumPy.

use crate::ops::IntoVar;
use crate::tape::Var;

/// Logic, and what kind of number an element is: 1 where it holds, else 0. What is not 0 counts as true, NaN too, as in NumPy;
/// all derivatives are 0.
///
/// ```
/// let tape = chainrule::Tape::new();
/// let x = tape.leaf("x", ndarray::arr1(&[0.0, 2.0, f64::NAN, f64::INFINITY]));
/// let is = |y: chainrule::Var<'_>| y.value().into_array().into_raw_vec_and_offset().0;
/// assert_eq!(is(x.is_finite()), [1.0, 1.0, 0.0, 0.0]);
/// assert_eq!(is(x.is_nan().logical_or(x.is_infinite())), [0.0, 0.0, 1.0, 1.0]);
/// assert_eq!(is(x.logical_not()), [1.0, 0.0, 0.0, 0.0]);
/// assert_eq!(is(x.greater(1.0).logical_and(x.less(3.0))), [0.0, 1.0, 0.0, 0.0]);
/// ```
impl<'t> Var<'t> {
    /// Whether both operands are true; they broadcast.
    #[track_caller]
    #[must_use]
    pub fn logical_and(self, other: impl IntoVar<'t>) -> Var<'t> {
        self.not_equal(0.0) * other.on(self).not_equal(0.0)
    }

    /// Whether an operand is true, or both are; they broadcast.
    #[track_caller]
    #[must_use]
    pub fn logical_or(self, other: impl IntoVar<'t>) -> Var<'t> {
        (self.not_equal(0.0) + other.on(self).not_equal(0.0)).greater(0.0)
    }

    /// Whether one operand is true, and the other is not; they broadcast.
    #[track_caller]
    #[must_use]
    pub fn logical_xor(self, other: impl IntoVar<'t>) -> Var<'t> {
        self.not_equal(0.0).not_equal(other.on(self).not_equal(0.0))
    }

    /// Whether x is 0, that is not true.
    #[track_caller]
    #[must_use]
    pub fn logical_not(self) -> Var<'t> {
        self.equal(0.0)
    }

    /// Whether x is neither infinite nor NaN.
    #[track_caller]
    #[must_use]
    pub fn is_finite(self) -> Var<'t> {
        self.abs().less(f64::INFINITY)
    }

    /// Whether x is ∞ or −∞.
    #[track_caller]
    #[must_use]
    pub fn is_infinite(self) -> Var<'t> {
        self.abs().equal(f64::INFINITY)
    }

    /// Whether x is NaN.
    #[track_caller]
    #[must_use]
    pub fn is_nan(self) -> Var<'t> {
        self.not_equal(self)
    }
}
