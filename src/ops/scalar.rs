//! The hottest elementwise ops as a plain enum: a graph of single numbers is evaluated by a match instead of a virtual
//! call with views. Each arm is the op's own function.

use super::*;
use std::any::Any;

macro_rules! scalars {
    (unary: $($one:ident)+; binary: $($two:ident)+;) => {
        /// A scalar function known by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Scalar { $($one,)+ $($two,)+ }

        impl Scalar {
            /// The function of an op, if it is one of these.
            pub(crate) fn of(op: &dyn Op) -> Option<Self> {
                let op: &dyn Any = op;
                $(if op.is::<$one>() { return Some(Self::$one); })+
                $(if op.is::<$two>() { return Some(Self::$two); })+
                None
            }

            /// Its number of operands.
            #[inline]
            pub(crate) fn arity(self) -> usize {
                match self { $(Self::$one)|+ => 1, $(Self::$two)|+ => 2 }
            }

            /// Its value at one operand; of a function of two, at the same twice.
            #[inline]
            pub(crate) fn unary(self, a: f64) -> f64 {
                match self { $(Self::$one => $one::of(a),)+ $(Self::$two => $two::of(a, a),)+ }
            }

            /// Its value at two operands; of a function of one, at the first.
            #[inline]
            pub(crate) fn binary(self, a: f64, b: f64) -> f64 {
                match self { $(Self::$two => $two::of(a, b),)+ $(Self::$one => $one::of(a),)+ }
            }
        }
    };
}

scalars! {
    unary: Neg Recip Square Sqrt Exp ExpM1 Ln Sin Cos Tanh Sigmoid Softplus Abs Relu;
    binary: Add Sub Mul Div Maximum Minimum Greater GreaterEqual Less LessEqual Equal NotEqual;
}
