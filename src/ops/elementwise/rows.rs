//! What follows from a row of elementwise maths: struct, kernel, rule, samples, method, line in the table.
//!
//! A row is `/// doc`, then `Type, method, "symbol", "formula", |a| function, |x, y, dy| rule, domain;` and, before the
//! semicolon, marks: `kink` where it is not smooth, `gate` where it is zero, with derivative zero, wherever its operand is
//! negative, `call` where its loop calls a library's function, `compares` where its result stands still on a branch, and
//! so tells branches apart; and `=> |a| …`, the function written with portable primitives. With two operands, there are a rule
//! and a domain for each.

use crate::tape::sample::Domain;

/// Whether a mark is among those of a row.
macro_rules! marked {
    ($wanted:ident:) => { false };
    (kink: kink $($rest:ident)*) => { true };
    (gate: gate $($rest:ident)*) => { true };
    (call: call $($rest:ident)*) => { true };
    (compares: compares $($rest:ident)*) => { true };
    ($wanted:ident: $other:ident $($rest:ident)*) => { $crate::ops::elementwise::rows::marked!($wanted: $($rest)*) };
}
pub(super) use marked;

/// The parts of a row that depend neither on its number of operands nor on the way it is run.
macro_rules! elementwise_op {
    ($(#[$doc:meta])* $op:ident, $symbol:literal, $formula:literal, [$($x:ident)+],
     $rules:expr, $samples:expr, [$($mark:ident)*], $portable:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $op;

        impl $crate::tape::op::Op for $op {
            $crate::op_settings!();

            fn symbol(&self) -> String {
                $symbol.to_owned()
            }

            fn formula(&self) -> &'static str {
                $formula
            }

            fn elementwise(&self) -> bool {
                true
            }

            fn smooth(&self) -> bool {
                !$crate::ops::elementwise::rows::marked!(kink: $($mark)*)
            }

            fn branches(&self) -> Option<$crate::graph::Branch> {
                $crate::ops::elementwise::rows::marked!(compares: $($mark)*)
                    .then_some($crate::graph::Branch::Result)
            }

            fn gates(&self) -> bool {
                $crate::ops::elementwise::rows::marked!(gate: $($mark)*)
            }

            fn shape(&self, x: &[$crate::tape::op::Operand<'_>]) -> Result<Vec<usize>, String> {
                let [$($x),+] = $crate::tape::operands::reals(x)?;
                $crate::base::shape::broadcast_all(&[$($x),+])
            }

            fn rule<'t>(
                &self,
                operand: usize,
                x: &[$crate::tape::Var<'t>],
                y: $crate::tape::Var<'t>,
                dy: $crate::tape::Var<'t>,
            ) -> $crate::tape::op::Derivative<'t> {
                use $crate::tape::{Var, op::Derivative};
                let rule: fn(usize, &[Var<'t>], Var<'t>, Var<'t>) -> Derivative<'t> = $rules;
                rule(operand, x, y, dy)
            }

            fn portable<'p>(
                &self,
                x: &[$crate::portable::Portable<'p>],
                _: &[usize],
            ) -> Result<$crate::portable::Portable<'p>, String> {
                use $crate::portable::Portable;
                let form: for<'v> fn(&[Portable<'v>]) -> Portable<'v> = $portable;
                Ok(form(x))
            }

            fn samples(&self) -> Vec<$crate::tape::sample::Sample> {
                $samples
            }
        }
    };
}
pub(super) use elementwise_op;

/// Ops of one operand.
macro_rules! unary_ops {
    ($($(#[$doc:meta])* $op:ident, $method:ident, $symbol:literal, $formula:literal,
       |$a:ident| $of:expr, |$x:ident, $y:ident, $dy:ident| $rule:expr, $domain:expr $(, $mark:ident)*
       => |$v:ident| $portable:expr;)+) => {
        $($crate::ops::elementwise::rows::elementwise_op! {
            $(#[$doc])* $op, $symbol, $formula, [$a],
            |_, x, y, dy| { let ($x, $y, $dy) = (x[0], y, dy); let _ = ($x, $y, $dy); ($rule).into() },
            $crate::ops::elementwise::rows::alone($domain),
            [$($mark)*],
            |x| { let $v = x[0]; $portable }
        })+

        /// Elementwise functions.
        // `neg` stands in the table like all others; the operator records the same op.
        #[allow(clippy::should_implement_trait)]
        impl<'t> $crate::tape::Var<'t> {
            $($(#[$doc])*
            #[track_caller]
            #[must_use]
            pub fn $method(self) -> $crate::tape::Var<'t> {
                self.tape().apply($op, &[self])
            })+
        }
    };
}
pub(super) use unary_ops;

/// Ops of two operands, which broadcast.
macro_rules! binary_ops {
    ($($(#[$doc:meta])* $op:ident, $method:ident, $symbol:literal, $formula:literal, |$a:ident, $b:ident| $of:expr,
       |$x0:ident, $x1:ident, $y:ident, $dy:ident| [$rule0:expr, $rule1:expr],
       [$domain0:expr, $domain1:expr] $(, $mark:ident)* => |$v0:ident, $v1:ident| $portable:expr;)+) => {
        $($crate::ops::elementwise::rows::elementwise_op! {
            $(#[$doc])* $op, $symbol, $formula, [$a $b],
            |operand, x, y, dy| {
                let ($x0, $x1, $y, $dy) = (x[0], x[1], y, dy);
                let _ = ($x0, $x1, $y, $dy);
                if operand == 0 { ($rule0).into() } else { ($rule1).into() }
            },
            $crate::ops::elementwise::rows::together([$domain0, $domain1]),
            [$($mark)*],
            |x| { let ($v0, $v1) = (x[0], x[1]); $portable }
        })+
    };
}
pub(super) use binary_ops;

/// The methods of ops of two operands.
macro_rules! binary_methods {
    ($($(#[$doc:meta])* $op:ident, $method:ident;)+) => {
        /// Functions and comparisons of two operands, which broadcast: `x0` is the var itself, `x1` the other, which may be a
        /// number.
        impl<'t> $crate::tape::Var<'t> {
            $($(#[$doc])*
            #[track_caller]
            #[must_use]
            pub fn $method(self, other: impl $crate::ops::IntoVar<'t>) -> $crate::tape::Var<'t> {
                self.tape().apply($op, &[self, other.on(self)])
            })+
        }
    };
}
pub(super) use binary_methods;

/// Ops that evaluators know by name ([`Scalar`](super::Scalar)): their loops, compiled for every instruction set, and their
/// rules for single numbers stand in one enum. It pays for what graphs of single numbers and hot loops are made of.
///
/// `operators` have an operator instead of a method.
macro_rules! known {
    (unary { $($(#[$doc1:meta])* $op1:ident, $method1:ident, $symbol1:literal, $formula1:literal,
        |$a1:ident| $of1:expr, |$x:ident, $y1:ident, $dy1:ident| $rule:expr, $domain:expr $(, $mark1:ident)*
        => |$v1:ident| $portable1:expr;)+ }
     operators { $($(#[$doc2:meta])* $op2:ident, $method2:ident, $symbol2:literal, $formula2:literal,
        |$a2:ident, $b2:ident| $of2:expr, |$p0:ident, $p1:ident, $y2:ident, $dy2:ident| $rules2:tt,
        $domains2:tt $(, $mark2:ident)* => |$v2:ident, $w2:ident| $portable2:expr;)+ }
     binary { $($(#[$doc3:meta])* $op3:ident, $method3:ident, $symbol3:literal, $formula3:literal,
        |$a3:ident, $b3:ident| $of3:expr, |$q0:ident, $q1:ident, $y3:ident, $dy3:ident| $rules3:tt,
        $domains3:tt $(, $mark3:ident)* => |$v3:ident, $w3:ident| $portable3:expr;)+ }) => {
        $crate::ops::elementwise::rows::unary_ops! {
            $($(#[$doc1])* $op1, $method1, $symbol1, $formula1, |$a1| $of1, |$x, $y1, $dy1| $rule, $domain $(, $mark1)*
                => |$v1| $portable1;)+
        }
        $crate::ops::elementwise::rows::binary_ops! {
            $($(#[$doc2])* $op2, $method2, $symbol2, $formula2, |$a2, $b2| $of2, |$p0, $p1, $y2, $dy2| $rules2,
                $domains2 $(, $mark2)* => |$v2, $w2| $portable2;)+
            $($(#[$doc3])* $op3, $method3, $symbol3, $formula3, |$a3, $b3| $of3, |$q0, $q1, $y3, $dy3| $rules3,
                $domains3 $(, $mark3)* => |$v3, $w3| $portable3;)+
        }
        $crate::ops::elementwise::rows::binary_methods! { $($(#[$doc3])* $op3, $method3;)+ }
        $crate::ops::elementwise::rows::for_numbers! { $($op1, $method1, [$a1], $of1, [$($mark1)*], |x, y, dy| {
            let ($x, $y1, $dy1) = (x[0], y, dy);
            let _ = ($x, $y1, $dy1);
            [($rule).into(), None]
        };)+ }
        $crate::ops::elementwise::rows::for_numbers! { $($op2, $method2, [$a2 $b2], $of2, [$($mark2)*], |x, y, dy| {
            let ($p0, $p1, $y2, $dy2) = (x[0], x[1], y, dy);
            let _ = ($p0, $p1, $y2, $dy2);
            $crate::ops::elementwise::rows::both!($rules2)
        };)+ }
        $crate::ops::elementwise::rows::for_numbers! { $($op3, $method3, [$a3 $b3], $of3, [$($mark3)*], |x, y, dy| {
            let ($q0, $q1, $y3, $dy3) = (x[0], x[1], y, dy);
            let _ = ($q0, $q1, $y3, $dy3);
            $crate::ops::elementwise::rows::both!($rules3)
        };)+ }
        /// The enum of all of them, where it is invoked.
        macro_rules! scalars_of_all {
            () => { scalars! { unary: $($op1)+; binary: $($op2)+ $($op3)+; } };
        }
        pub(super) use scalars_of_all;
        $crate::ops::entry::built_in! {
            $($op1, stringify!($method1);)+
            $($op2, stringify!($method2);)+
            $($op3, stringify!($method3);)+
        }
    };
}
pub(super) use known;

/// The rules of both operands as a list of parts.
macro_rules! both {
    ([$rule0:expr, $rule1:expr]) => {
        [($rule0).into(), ($rule1).into()]
    };
}
pub(super) use both;

/// What evaluators of single numbers call.
macro_rules! for_numbers {
    ($($op:ident, $method:ident, [$first:ident $($second:ident)?], $of:expr, [$($mark:ident)*], $numbers:expr;)+) => {
        $(impl $op {
            /// Whether its loop calls a library's function.
            pub(super) const CALL: bool = $crate::ops::elementwise::rows::marked!(call: $($mark)*);

            /// One element, for every evaluator.
            #[inline(always)]
            pub(super) fn of<F: $crate::Float>($first: F $(, $second: F)?) -> F {
                $of
            }

            /// Its rules at single numbers: the cotangent of each operand, `None` for a structural zero.
            #[inline(always)]
            pub(super) fn rules(
                x: [$crate::ops::elementwise::number::Number; 2],
                y: $crate::ops::elementwise::number::Number,
                dy: $crate::ops::elementwise::number::Number,
            ) -> [Option<f64>; 2] {
                use $crate::ops::elementwise::number::Number;
                let rules: fn([Number; 2], Number, Number) -> [Option<f64>; 2] = $numbers;
                rules(x, y, dy)
            }
        }

        impl<F: $crate::Float> $crate::tape::op::Kernel<F> for $op {
            fn run(&self, x: $crate::kernel::Inputs<'_, '_, F>, y: $crate::kernel::Output<'_, F>) {
                let operands = [0, x.len() - 1].map(|i| $crate::kernel::Lane::Numbers(x.real(i).slice()));
                $crate::ops::Scalar::$op.map(operands, y.data);
            }
        })+

        #[allow(dead_code, clippy::should_implement_trait, reason = "rules need some of them")]
        impl $crate::ops::elementwise::number::Number {
            $(#[inline]
            pub(super) fn $method(self $(, $second: impl Into<$crate::ops::elementwise::number::Number>)?) -> Self {
                Self($op::of(self.0 $(, $second.into().0)?))
            })+
        }
    };
}
pub(super) use for_numbers;

/// Ops that run as a user's op does: a loop over contiguous numbers, and the rule as recorded ops, written with any methods
/// of [`Var`](crate::Var).
macro_rules! plain {
    (unary { $($(#[$doc1:meta])* $op1:ident, $method1:ident, $symbol1:literal, $formula1:literal,
        |$a1:ident| $of1:expr, |$x:ident, $y1:ident, $dy1:ident| $rule:expr, $domain:expr $(, $mark1:ident)*
        => |$v1:ident| $portable1:expr;)+ }
     $(binary { $($(#[$doc2:meta])* $op2:ident, $method2:ident, $symbol2:literal, $formula2:literal,
        |$a2:ident, $b2:ident| $of2:expr, |$p0:ident, $p1:ident, $y2:ident, $dy2:ident| $rules2:tt,
        $domains2:tt $(, $mark2:ident)* => |$v2:ident, $w2:ident| $portable2:expr;)+ })?) => {
        $crate::ops::elementwise::rows::unary_ops! {
            $($(#[$doc1])* $op1, $method1, $symbol1, $formula1, |$a1| $of1, |$x, $y1, $dy1| $rule, $domain $(, $mark1)*
                => |$v1| $portable1;)+
        }
        $(impl<F: $crate::Float> $crate::tape::op::Kernel<F> for $op1 {
            fn run(&self, x: $crate::kernel::Inputs<'_, '_, F>, y: $crate::kernel::Output<'_, F>) {
                let of = |$a1: F| -> F { $of1 };
                y.data.iter_mut().zip(x.real(0).slice()).for_each(|(y, &x)| *y = of(x));
            }
        })*
        $($crate::ops::elementwise::rows::binary_ops! {
            $($(#[$doc2])* $op2, $method2, $symbol2, $formula2, |$a2, $b2| $of2, |$p0, $p1, $y2, $dy2| $rules2,
                $domains2 $(, $mark2)* => |$v2, $w2| $portable2;)+
        }
        $crate::ops::elementwise::rows::binary_methods! { $($(#[$doc2])* $op2, $method2;)+ }
        $(impl<F: $crate::Float> $crate::tape::op::Kernel<F> for $op2 {
            fn run(&self, x: $crate::kernel::Inputs<'_, '_, F>, y: $crate::kernel::Output<'_, F>) {
                let of = |$a2: F, $b2: F| -> F { $of2 };
                let x = x.real(0).slice().iter().zip(x.real(1).slice());
                y.data.iter_mut().zip(x).for_each(|(y, (&a, &b))| *y = of(a, b));
            }
        })+)?
        $crate::ops::entry::built_in! {
            $($op1, stringify!($method1);)+
            $($($op2, stringify!($method2);)+)?
        }
    };
}
pub(super) use plain;

/// Samples of one operand.
pub(super) fn alone(domain: Domain) -> Vec<crate::tape::sample::Sample> {
    [&[3, 4][..], &[], &[2, 0], &[1, 5, 2]].map(|s| crate::tape::sample::Sample::of([s], domain)).to_vec()
}

/// Samples of two operands: shapes that are equal, stretched on either side, of other rank, of size 1, empty.
pub(super) fn together([first, second]: [Domain; 2]) -> Vec<crate::tape::sample::Sample> {
    const SHAPES: [[&[usize]; 2]; 7] = [
        [&[3, 4], &[3, 4]],
        [&[3, 4], &[4]],
        [&[3, 1], &[2, 1, 4]],
        [&[], &[2, 3]],
        [&[], &[]],
        [&[1], &[5]],
        [&[0, 3], &[3]],
    ];
    let sample =
        |[a, b]: [&[usize]; 2]| crate::tape::sample::Sample(vec![(a.to_vec(), first), (b.to_vec(), second)]);
    SHAPES.map(sample).to_vec()
}

/// Both signs, where the function is smooth everywhere.
pub(super) const SMOOTH: Domain = Domain::Between(-2.0, 2.0);
/// Away from a function's end at 0.
pub(super) const POSITIVE: Domain = Domain::Between(0.3, 2.5);
/// Away from a kink or pole at 0.
pub(super) const NONZERO: Domain = Domain::Signed(0.4, 2.0);
/// Two operands no elements of which tie.
pub(super) const EVEN: Domain = Domain::Spaced(0.0);
pub(super) const ODD: Domain = Domain::Spaced(0.125);
