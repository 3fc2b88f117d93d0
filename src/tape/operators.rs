//! `+ − × ÷` and negation between vars, and between vars and numbers on either side.

use super::Var;
use crate::ops::{Add, Div, Mul, Neg, Sub};

macro_rules! operator {
    ($trait:ident, $method:ident, $op:ident) => {
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

        impl<'t> std::ops::$trait<Var<'t>> for f64 {
            type Output = Var<'t>;

            #[track_caller]
            fn $method(self, other: Var<'t>) -> Var<'t> {
                other.tape().apply($op, &[other.tape().constant(self), other])
            }
        }
    };
}

operator!(Add, add, Add);
operator!(Sub, sub, Sub);
operator!(Mul, mul, Mul);
operator!(Div, div, Div);

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
    /// # Panics
    ///
    /// If there are none: an empty sum has no tape to be recorded on.
    #[track_caller]
    fn sum<I: Iterator<Item = Self>>(vars: I) -> Self {
        vars.reduce(|a, b| a + b).expect("a sum of vars needs at least one")
    }
}
