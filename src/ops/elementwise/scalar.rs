//! The hottest elementwise ops as a plain enum: evaluators go through numbers and blocks of numbers by a match instead of
//! a virtual call with views. Each arm is the op's own function.

use super::known::*;
use super::number::Number;
use super::rule_blocks::{GivenBlocks, TargetBlocks};
use crate::Float;
use crate::kernel::{Block, Blocks, Lane, WIDTH, in_blocks, map_blocks, vectorize};
use crate::tape::Op;
use std::any::{Any, TypeId};

macro_rules! scalars {
    (unary: $($one:ident)+; binary: $($two:ident)+;) => {
        /// A scalar function known by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Scalar { $($one,)+ $($two,)+ }

        impl Scalar {
            /// How many there are.
            pub(crate) const COUNT: usize = [$(stringify!($one),)+ $(stringify!($two),)+].len();

            /// The function of a number, if it is one's: the number itself to the compiler, and no look-up.
            #[inline(always)]
            pub(crate) fn numbered(number: u8) -> Option<Self> {
                match number {
                    $(n if n == Self::$one as u8 => Some(Self::$one),)+
                    $(n if n == Self::$two as u8 => Some(Self::$two),)+
                    _ => None,
                }
            }

            /// The function of a type of op, if it is one of these; known when the caller is compiled.
            #[inline]
            pub(crate) fn of_type<O: Op>() -> Option<Self> {
                $(if TypeId::of::<O>() == TypeId::of::<$one>() { return Some(Self::$one); })+
                $(if TypeId::of::<O>() == TypeId::of::<$two>() { return Some(Self::$two); })+
                None
            }

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

            /// Its value at two operands; of a function of one, at the first.
            #[inline(always)]
            pub(crate) fn binary<F: Float>(self, a: F, b: F) -> F {
                match self { $(Self::$two => $two::of(a, b),)+ $(Self::$one => $one::of(a),)+ }
            }

            /// Its values on blocks of numbers, at least as many as there are blocks of y.
            #[inline(always)]
            pub(crate) fn blocks<F: Float>(self, [a, b]: [&[[F; WIDTH]]; 2], y: &mut [[F; WIDTH]]) {
                let (a, b) = (&a[..y.len()], &b[..y.len()]);
                match self {
                    $(Self::$one => map_blocks(
                        #[inline(always)] |[a]| $one::of(a),
                        #[inline(always)] |k, _| [a[k]],
                        y,
                    ),)+
                    $(Self::$two => map_blocks(
                        #[inline(always)] |[a, b]| $two::of(a, b),
                        #[inline(always)] |k, _| [a[k], b[k]],
                        y,
                    ),)+
                }
            }

            /// Whether its rule calls std's functions, across which nothing stays in registers: a loop with such a call in
            /// it keeps what it works with in memory, for all other functions, too.
            #[inline(always)]
            fn is_call(self) -> bool {
                match self { $(Self::$one => $one::CALL,)+ $(Self::$two => $two::CALL,)+ }
            }

            // Not inlined: there is one copy of these loops for all that call them.
            #[inline(never)]
            fn map_blocks<F: Float>(self, x: &[Blocks<'_, F>; 2], y: &mut [Block<F>]) {
                vectorize(
                    #[inline(always)]
                    move || match self {
                        $(Self::$one => map(x, y, #[inline(always)] |a, _| $one::of(a)),)+
                        $(Self::$two => map(x, y, #[inline(always)] |a, b| $two::of(a, b)),)+
                    },
                );
            }

            /// Calls `to` with what its rules give at single numbers, by operand; nothing for a structural zero. A function of one
            /// is given its operand twice.
            #[inline(always)]
            pub(crate) fn propagate(self, x: [f64; 2], y: f64, dy: f64, mut to: impl FnMut(usize, f64)) {
                if self.is_call() {
                    let [a, b] = self.rules(x, y, dy);
                    a.into_iter().for_each(|part| to(0, part));
                    b.into_iter().for_each(|part| to(1, part));
                    return;
                }
                let (x, y, dy) = (x.map(Number), Number(y), Number(dy));
                // Once in each arm: the compiler then knows which parts there are.
                match self {
                    $(Self::$one => {
                        if let [Some(part), _] = $one::rules(x, y, dy) {
                            to(0, part);
                        }
                    })+
                    $(Self::$two => {
                        let [a, b] = $two::rules(x, y, dy);
                        if let Some(part) = a {
                            to(0, part);
                        }
                        if let Some(part) = b {
                            to(1, part);
                        }
                    })+
                }
            }

            /// What its rules give at single numbers, by operand; nothing for a structural zero.
            #[inline(never)]
            fn rules(self, x: [f64; 2], y: f64, dy: f64) -> [Option<f64>; 2] {
                let (x, y, dy) = (x.map(Number), Number(y), Number(dy));
                match self {
                    $(Self::$one => $one::rules(x, y, dy),)+
                    $(Self::$two => $two::rules(x, y, dy),)+
                }
            }

            /// Whether its rule for an operand gives something, and is no structural zero.
            #[inline]
            pub(crate) fn gives(self, operand: usize) -> bool {
                let zeros = ([Number(0.0); 2], Number(0.0), Number(0.0));
                match self {
                    $(Self::$one => $one::rules(zeros.0, zeros.1, zeros.2)[operand].is_some(),)+
                    $(Self::$two => $two::rules(zeros.0, zeros.1, zeros.2)[operand].is_some(),)+
                }
            }

            // Not inlined: see `map_blocks`.
            #[inline(never)]
            pub(super) fn propagate_blocks(self, given: &GivenBlocks<'_>, dx: &mut [TargetBlocks<'_>; 2]) {
                vectorize(
                    #[inline(always)]
                    move || match self {
                        $(Self::$one => given.propagate(#[inline(always)] |x, y, dy| $one::rules(x, y, dy), dx),)+
                        $(Self::$two => given.propagate(#[inline(always)] |x, y, dy| $two::rules(x, y, dy), dx),)+
                    },
                );
            }
        }
    };
}

super::known::scalars_of_all!();

impl Scalar {
    /// Its values at numbers that lie side by side, or at one; a function of one is given its operand twice.
    #[inline(always)]
    pub(crate) fn map<F: Float>(self, x: [Lane<'_, F>; 2], y: &mut [F]) {
        in_blocks(x, y, |x, y| self.map_blocks(x, y));
    }
}

#[inline(always)]
fn map<F: Float>([a, b]: &[Blocks<'_, F>; 2], y: &mut [Block<F>], f: impl Fn(F, F) -> F + Copy) {
    map_blocks(
        #[inline(always)]
        move |[a, b]| f(a, b),
        #[inline(always)]
        |k, _| [a.get(k), b.get(k)],
        y,
    );
}
