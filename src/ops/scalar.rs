//! The hottest elementwise ops as a plain enum: evaluators go through numbers and blocks of numbers by a match instead of
//! a virtual call with views. Each arm is the op's own function.

use super::*;
use crate::Float;
use crate::kernel::WIDTH;
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

            /// The name of the op.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$one => <$one as crate::tape::LoadOp>::NAME,)+
                    $(Self::$two => <$two as crate::tape::LoadOp>::NAME,)+
                }
            }

            /// Its number of operands.
            #[inline]
            pub(crate) fn arity(self) -> usize {
                match self { $(Self::$one)|+ => 1, $(Self::$two)|+ => 2 }
            }

            /// Its value at one operand; of a function of two, at the same twice.
            #[inline(always)]
            pub(crate) fn unary<F: Float>(self, a: F) -> F {
                match self { $(Self::$one => $one::of(a),)+ $(Self::$two => $two::of(a, a),)+ }
            }

            /// Its value at two operands; of a function of one, at the first.
            #[inline(always)]
            pub(crate) fn binary<F: Float>(self, a: F, b: F) -> F {
                match self { $(Self::$two => $two::of(a, b),)+ $(Self::$one => $one::of(a),)+ }
            }

            /// Its values on `count` blocks of numbers from the places `a` and `b` on, written from `to` on; `to` may be
            /// `a` or `b`.
            #[inline(always)]
            pub(crate) fn blocks<F: Float>(
                self,
                buffer: &mut [[F; WIDTH]],
                [a, b]: [usize; 2],
                to: usize,
                count: usize,
            ) {
                match self {
                    $(Self::$one => {
                        for k in 0..count {
                            // Copied, so that writing cannot change them.
                            let (x, mut y) = (buffer[a + k], [F::zero(); WIDTH]);
                            for i in 0..WIDTH {
                                y[i] = $one::of(x[i]);
                            }
                            buffer[to + k] = y;
                        }
                    })+
                    $(Self::$two => {
                        for k in 0..count {
                            let (x0, x1, mut y) = (buffer[a + k], buffer[b + k], [F::zero(); WIDTH]);
                            for i in 0..WIDTH {
                                y[i] = $two::of(x0[i], x1[i]);
                            }
                            buffer[to + k] = y;
                        }
                    })+
                }
            }
        }
    };
}

scalars! {
    unary: Neg Recip Square Sqrt Exp ExpM1 Ln Sin Cos Tanh Sigmoid Softplus Abs Relu;
    binary: Add Sub Mul Div Maximum Minimum Greater GreaterEqual Less LessEqual Equal NotEqual;
}
