//! Numbers in the place of vars: a rule of the table is written once, and compiled for vars and for numbers.

use super::known::{Add, Div, Mul, Neg, Sub};
use crate::tape::op::Zero;

/// A number with the operators and methods of a var; each computes what the op of its name does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number(pub(crate) f64);

impl From<f64> for Number {
    #[inline]
    fn from(x: f64) -> Self {
        Self(x)
    }
}

impl From<Number> for Option<f64> {
    #[inline]
    fn from(x: Number) -> Self {
        Some(x.0)
    }
}

impl From<Zero> for Option<f64> {
    #[inline]
    fn from(_: Zero) -> Self {
        None
    }
}

macro_rules! operator {
    ($($trait:ident $method:ident)+) => {
        $(impl<T: Into<Number>> std::ops::$trait<T> for Number {
            type Output = Number;

            #[inline]
            fn $method(self, other: T) -> Number {
                Number($trait::of(self.0, other.into().0))
            }
        }

        impl std::ops::$trait<Number> for f64 {
            type Output = Number;

            #[inline]
            fn $method(self, other: Number) -> Number {
                Number($trait::of(self, other.0))
            }
        })+
    };
}

operator! { Add add Sub sub Mul mul Div div }

impl std::ops::Neg for Number {
    type Output = Number;

    #[inline]
    fn neg(self) -> Number {
        Number(Neg::of(self.0))
    }
}
