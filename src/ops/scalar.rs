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

            /// Its values on blocks of `len` numbers, a multiple of [`WIDTH`], that begin at `a`, `b` and `to` in one
            /// buffer; `to` may be `a` or `b`.
            #[inline(always)]
            pub(crate) fn block<F: Float>(self, buffer: &mut [F], [a, b]: [usize; 2], to: usize, len: usize) {
                match self {
                    $(Self::$one => {
                        for at in (0..len).step_by(WIDTH) {
                            let (x, mut y) = (lanes(buffer, a + at), [F::zero(); WIDTH]);
                            for i in 0..WIDTH {
                                y[i] = $one::of(x[i]);
                            }
                            put(buffer, to + at, y);
                        }
                    })+
                    $(Self::$two => {
                        for at in (0..len).step_by(WIDTH) {
                            let (x0, x1) = (lanes(buffer, a + at), lanes(buffer, b + at));
                            let mut y = [F::zero(); WIDTH];
                            for i in 0..WIDTH {
                                y[i] = $two::of(x0[i], x1[i]);
                            }
                            put(buffer, to + at, y);
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

/// Some numbers of a buffer in an array of their own, so that writing to the buffer cannot change them.
#[inline(always)]
fn lanes<F: Float>(buffer: &[F], at: usize) -> [F; WIDTH] {
    let mut lanes = [F::zero(); WIDTH];
    lanes.copy_from_slice(&buffer[at..at + WIDTH]);
    lanes
}

#[inline(always)]
fn put<F: Float>(buffer: &mut [F], at: usize, lanes: [F; WIDTH]) {
    buffer[at..at + WIDTH].copy_from_slice(&lanes);
}
