//! `+ − × ÷` and negation between vars, and between vars and numbers on either side; `+=` and its like, after which the
//! var is the new node.

use crate::ops::{Add, Div, Mul, Neg, Sub};
use crate::tape::op::Var;

macro_rules! operator {
    ($trait:ident, $method:ident, $assign:ident, $assign_method:ident, $op:ident) => {
        impl<'t> std::ops::$trait for Var<'t> {
            type Output = Var<'t>;

            #[track_caller]
            fn $method(self, other: Var<'t>) -> Var<'t> {
                self.tape().apply($op, &[self, other])
            }
        }

        impl<'t> std::ops::$trait<f64> for Var<'t> {
            type Output = Var<'t>;

            #[track_caller]
            fn $method(self, other: f64) -> Var<'t> {
                self.tape().apply($op, &[self, self.tape().constant(other)])
            }
        }

        impl<'t> std::ops::$assign for Var<'t> {
            #[track_caller]
            fn $assign_method(&mut self, other: Var<'t>) {
                *self = self.tape().apply($op, &[*self, other]);
            }
        }

        impl std::ops::$assign<f64> for Var<'_> {
            #[track_caller]
            fn $assign_method(&mut self, other: f64) {
                *self = self.tape().apply($op, &[*self, self.tape().constant(other)]);
            }
        }

        impl<'t> std::ops::$trait<Var<'t>> for f64 {
            type Output = Var<'t>;

            #[track_caller]
            fn $method(self, other: Var<'t>) -> Var<'t> {
                other.tape().apply($op, &[other.tape().constant(self), other])
            }
        }
    };
}

operator!(Add, add, AddAssign, add_assign, Add);
operator!(Sub, sub, SubAssign, sub_assign, Sub);
operator!(Mul, mul, MulAssign, mul_assign, Mul);
operator!(Div, div, DivAssign, div_assign, Div);

impl<'t> std::ops::Neg for Var<'t> {
    type Output = Var<'t>;

    #[track_caller]
    fn neg(self) -> Var<'t> {
        self.tape().apply(Neg, &[self])
    }
}

impl<'t> std::iter::Sum for Var<'t> {
    /// The sum of the vars, added from left to right.
    ///
    /// The standard library's `Iterator::sum` does not hand its caller's line on: what it records names a line of that
    /// library. `<Var as Sum>::sum(vars)`, or a loop with `+`, names yours.
    ///
    /// # Panics
    ///
    /// If there are none: an empty sum has no tape to be recorded on. As `+`, if shapes do not fit.
    #[track_caller]
    fn sum<I: Iterator<Item = Self>>(mut vars: I) -> Self {
        let Some(mut sum) = vars.next() else { panic!("a sum of vars needs at least one") };
        // A loop, not a closure: what is recorded names the caller's line.
        for var in vars {
            sum += var;
        }
        sum
    }
}
