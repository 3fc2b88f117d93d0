//! The hottest elementwise ops as a plain enum: evaluators go through numbers and blocks of numbers by a match instead of
//! a virtual call with views. Each arm is the op's own function.

use super::number::Number;
use super::*;
use crate::Float;
use crate::kernel::{WIDTH, vectorize};
use std::any::{Any, TypeId};

macro_rules! scalars {
    (unary: $($one:ident)+; binary: $($two:ident)+;) => {
        /// A scalar function known by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Scalar { $($one,)+ $($two,)+ }

        impl Scalar {
            /// How many there are.
            pub(crate) const COUNT: usize = [$(stringify!($one),)+ $(stringify!($two),)+].len();

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

            /// Its values at numbers that lie side by side, or at one; a function of one is given its operand twice.
            // Not inlined: there is one copy of these loops for all that call them.
            #[inline(never)]
            pub(crate) fn map<F: Float>(self, x: [Lane<'_, F>; 2], y: &mut [F]) {
                vectorize(
                    #[inline(always)]
                    || match self {
                        $(Self::$one => map(x, y, #[inline(always)] |a, _| $one::of(a)),)+
                        $(Self::$two => map(x, y, #[inline(always)] |a, b| $two::of(a, b)),)+
                    },
                );
            }

            /// Hands on what its rules give at single numbers, by operand; nothing for a structural zero. A function of one
            /// is given its operand twice.
            #[inline(always)]
            pub(crate) fn hand_on(self, x: [f64; 2], y: f64, dy: f64, mut to: impl FnMut(usize, f64)) {
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

            /// The rule for operand `N` on every element: `dx` written, or added to. False, and nothing done, for a
            /// structural zero. A function of one is given its operand twice.
            pub(crate) fn pull<const N: usize>(self, given: Given<'_>, dx: &mut [f64], add: bool) -> bool {
                vectorize(
                    #[inline(always)]
                    move || match self {
                        $(Self::$one => {
                            given.pull(#[inline(always)] |x, y, dy| $one::rules(x, y, dy)[N], dx, add)
                        })+
                        $(Self::$two => {
                            given.pull(#[inline(always)] |x, y, dy| $two::rules(x, y, dy)[N], dx, add)
                        })+
                    },
                )
            }
        }
    };
}

scalars! {
    unary: Neg Recip Square Sqrt Exp ExpM1 Ln Sin Cos Tanh Sigmoid Softplus Abs Relu;
    binary: Add Sub Mul Div Maximum Minimum Greater GreaterEqual Less LessEqual Equal NotEqual;
}

/// What a rule reads, of equal lengths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) x: [&'a [f64]; 2],
    pub(crate) y: &'a [f64],
    pub(crate) dy: &'a [f64],
}

impl Given<'_> {
    #[inline(always)]
    fn pull(
        self,
        rule: impl Fn([Number; 2], Number, Number) -> Option<f64>,
        dx: &mut [f64],
        add: bool,
    ) -> bool {
        if rule([Number(0.0); 2], Number(0.0), Number(0.0)).is_none() {
            return false;
        }
        let len = dx.len();
        let ([x0, x1], y, dy) = (self.x.map(|x| &x[..len]), &self.y[..len], &self.dy[..len]);
        for i in 0..len {
            let part = rule([Number(x0[i]), Number(x1[i])], Number(y[i]), Number(dy[i])).unwrap_or(0.0);
            dx[i] = if add { Add::of(dx[i], part) } else { part };
        }
        true
    }
}

/// Numbers that a function is applied to one after another, or one number for all of them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lane<'a, F> {
    Numbers(&'a [F]),
    Number(F),
}

impl<'a, F: Float> Lane<'a, F> {
    /// Numbers for a result of some length: themselves, or their only one for all of it.
    pub(crate) fn of(x: &'a [F], len: usize) -> Self {
        if x.len() == len { Self::Numbers(x) } else { Self::Number(x[0]) }
    }

    /// Some of them, at most a block, and zeros where there are fewer.
    #[inline(always)]
    fn block(self, at: usize, count: usize) -> [F; WIDTH] {
        match self {
            Self::Numbers(x) => {
                let mut block = [F::zero(); WIDTH];
                block[..count].copy_from_slice(&x[at..at + count]);
                block
            }
            Self::Number(x) => [x; WIDTH],
        }
    }

    #[inline(always)]
    fn number(self, at: usize) -> F {
        match self {
            Self::Numbers(x) => x[at],
            Self::Number(x) => x,
        }
    }
}

#[inline(always)]
fn map<F: Float>(x: [Lane<'_, F>; 2], y: &mut [F], f: impl Fn(F, F) -> F + Copy) {
    /// So few numbers that a block of them would take longer.
    const FEW: usize = 4;
    let (blocks, rest) = (y.len() / WIDTH, y.len() % WIDTH);
    for k in 0..blocks {
        map_block(x, y, k * WIDTH, WIDTH, f);
    }
    let whole = blocks * WIDTH;
    if rest > FEW {
        map_block(x, y, whole, rest, f);
    } else {
        for (at, y) in y.iter_mut().enumerate().skip(whole) {
            *y = f(x[0].number(at), x[1].number(at));
        }
    }
}

#[inline(always)]
fn map_block<F: Float>(
    [a, b]: [Lane<'_, F>; 2],
    y: &mut [F],
    at: usize,
    count: usize,
    f: impl Fn(F, F) -> F + Copy,
) {
    let (x0, x1, mut block) = (a.block(at, count), b.block(at, count), [F::zero(); WIDTH]);
    for i in 0..WIDTH {
        block[i] = f(x0[i], x1[i]);
    }
    y[at..at + count].copy_from_slice(&block[..count]);
}
