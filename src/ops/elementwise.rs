//! Elementwise maths: a table of one-line rules. Each row is an op: struct, method, kernel and rule.

use super::number::Number;
use super::scalar::Scalar;
use crate::Float;
use crate::kernel::{Inputs, Lane, Output, math};
use crate::tape::op::{Branch, Derivative, Domain, Kernel, Op, Operand, Sample, Zero, reals};
use crate::tape::{LoadOp, Var};

/// The parts of an elementwise op that do not depend on its number of operands.
macro_rules! elementwise_op {
    ($(#[$doc:meta])* $op:ident, $method:ident, $symbol:literal, $formula:literal, [$($x:ident)+],
     $of:expr, $rules:expr, $numbers:expr, $samples:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $op;

        impl $op {
            /// One element, for every evaluator.
            #[inline(always)]
            pub(super) fn of<F: Float>($($x: F),+) -> F {
                $of
            }

            /// Its rules at single numbers: the cotangent of each operand, `None` for a structural zero.
            #[inline(always)]
            pub(super) fn rules(x: [Number; 2], y: Number, dy: Number) -> [Option<f64>; 2] {
                let rules: fn([Number; 2], Number, Number) -> [Option<f64>; 2] = $numbers;
                rules(x, y, dy)
            }
        }

        impl<F: Float> Kernel<F> for $op {
            fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
                let operands = [0, x.len() - 1].map(|i| Lane::Numbers(x.real(i).slice()));
                Scalar::$op.map(operands, y.data);
            }
        }

        impl Op for $op {
            fn name(&self) -> &'static str {
                Self::NAME
            }

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
                Scalar::$op.is_smooth()
            }

            fn branches(&self) -> Option<Branch> {
                Scalar::$op.is_comparison().then_some(Branch::Result)
            }

            fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
                let [$($x),+] = reals(x)?;
                let shapes: &[&[usize]] = &[$($x),+];
                shapes[1..].iter().try_fold(shapes[0].to_vec(), |s, x| crate::shape::broadcast(&s, x))
            }

            fn rule<'t>(&self, operand: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
                let rule: fn(usize, &[Var<'t>], Var<'t>, Var<'t>) -> Derivative<'t> = $rules;
                rule(operand, x, y, dy)
            }

            fn samples(&self) -> Vec<Sample> {
                $samples
            }
        }

        super::without_attributes! { $op stringify!($method) }
    };
}

/// Ops of one operand: doc, type, method, symbol, formula, the function, the rule, the domain of samples.
macro_rules! unary {
    ($($(#[$doc:meta])* $op:ident, $method:ident, $symbol:literal, $formula:literal,
       |$a:ident| $of:expr, |$x:ident, $y:ident, $dy:ident| $rule:expr, $domain:expr;)+) => {
        $(elementwise_op! {
            $(#[$doc])* $op, $method, $symbol, $formula, [$a], $of,
            |_, x, y, dy| { let ($x, $y, $dy) = (x[0], y, dy); let _ = ($x, $y, $dy); ($rule).into() },
            |x, y, dy| { let ($x, $y, $dy) = (x[0], y, dy); let _ = ($x, $y, $dy); [($rule).into(), None] },
            [&[3, 4][..], &[], &[2, 0], &[1, 5, 2]].map(|s| Sample::of([s], $domain)).to_vec()
        })+

        /// Elementwise functions.
        // `neg` stands in the table like all others; the operator records the same op.
        #[allow(clippy::should_implement_trait)]
        impl<'t> Var<'t> {
            $($(#[$doc])*
            #[track_caller]
            #[must_use]
            pub fn $method(self) -> Var<'t> {
                self.tape().apply($op, &[self])
            })+
        }

        #[allow(dead_code, clippy::should_implement_trait, reason = "rules need some of them")]
        impl Number {
            $(#[inline]
            pub(super) fn $method(self) -> Self {
                Self($op::of(self.0))
            })+
        }
    };
}

/// Ops of two operands, which broadcast: as above, with one rule for each operand and a domain for each.
macro_rules! binary {
    ($($(#[$doc:meta])* $op:ident, $method:ident, $symbol:literal, $formula:literal,
       |$a:ident, $b:ident| $of:expr,
       |$x0:ident, $x1:ident, $y:ident, $dy:ident| [$rule0:expr, $rule1:expr], [$domain0:expr, $domain1:expr];)+) => {
        $(elementwise_op! {
            $(#[$doc])* $op, $method, $symbol, $formula, [$a $b], $of,
            |operand, x, y, dy| {
                let ($x0, $x1, $y, $dy) = (x[0], x[1], y, dy);
                let _ = ($x0, $x1, $y, $dy);
                if operand == 0 { ($rule0).into() } else { ($rule1).into() }
            },
            |x, y, dy| {
                let ($x0, $x1, $y, $dy) = (x[0], x[1], y, dy);
                let _ = ($x0, $x1, $y, $dy);
                [($rule0).into(), ($rule1).into()]
            },
            BROADCASTS.map(|[a, b]| Sample(vec![(a.to_vec(), $domain0), (b.to_vec(), $domain1)])).to_vec()
        })+

        #[allow(dead_code, reason = "rules need some of them")]
        impl Number {
            $(#[inline]
            pub(super) fn $method(self, other: impl Into<Number>) -> Self {
                Self($op::of(self.0, other.into().0))
            })+
        }
    };
}

/// Shapes that meet in two operands: equal, stretched on either side, of other rank, of size 1, empty.
const BROADCASTS: [[&[usize]; 2]; 7] = [
    [&[3, 4], &[3, 4]],
    [&[3, 4], &[4]],
    [&[3, 1], &[2, 1, 4]],
    [&[], &[2, 3]],
    [&[], &[]],
    [&[1], &[5]],
    [&[0, 3], &[3]],
];

const SMOOTH: Domain = Domain::Between(-2.0, 2.0);
const POSITIVE: Domain = Domain::Between(0.3, 2.5);
const NONZERO: Domain = Domain::Signed(0.4, 2.0);
const EVEN: Domain = Domain::Spaced(0.0);
const ODD: Domain = Domain::Spaced(0.125);

unary! {
    /// Negation: `y = −x`, `dx = −dy`.
    Neg, neg, "−x", "y = −x", |a| -a, |x, y, dy| -dy, SMOOTH;

    /// The reciprocal: `y = 1/x`, `dx = −dy y²`.
    Recip, recip, "1/x", "y = 1/x", |a| a.recip(), |x, y, dy| -(dy * y.square()), NONZERO;

    /// The square: `y = x²`, `dx = 2 dy x`.
    Square, square, "x²", "y = x²", |a| a * a, |x, y, dy| dy * (2.0 * x), SMOOTH;

    /// The square root: `y = √x`, `dx = dy / 2y`.
    Sqrt, sqrt, "√", "y = √x", |a| a.sqrt(), |x, y, dy| dy / (2.0 * y), POSITIVE;

    /// The exponential: `y = eˣ`, `dx = dy y`.
    Exp, exp, "exp", "y = exp x", |a| math::exp(a), |x, y, dy| dy * y, SMOOTH;

    /// `y = eˣ − 1`, exact for small x, where `exp` and a subtraction are not; `dx = dy (y + 1)`.
    ExpM1, exp_m1, "exp − 1", "y = exp x − 1", |a| math::exp_m1(a), |x, y, dy| dy * (y + 1.0), SMOOTH;

    /// The natural logarithm: `y = ln x`, `dx = dy / x`.
    Ln, ln, "log", "y = ln x", |a| math::ln(a), |x, y, dy| dy / x, POSITIVE;

    /// The sine: `y = sin x`, `dx = dy cos x`.
    Sin, sin, "sin", "y = sin x", |a| a.sin(), |x, y, dy| dy * x.cos(), SMOOTH;

    /// The cosine: `y = cos x`, `dx = −dy sin x`.
    Cos, cos, "cos", "y = cos x", |a| a.cos(), |x, y, dy| -(dy * x.sin()), SMOOTH;

    /// The hyperbolic tangent: `y = tanh x`, `dx = dy (1 − y²)`.
    Tanh, tanh, "tanh", "y = tanh x", |a| math::tanh(a), |x, y, dy| y.tanh_grad(dy), SMOOTH;

    /// The logistic function: `y = 1 / (1 + e⁻ˣ)`, `dx = dy y (1 − y)`.
    Sigmoid, sigmoid, "σ", "y = 1/(1 + exp(−x))", |a| math::sigmoid(a), |x, y, dy| y.sigmoid_grad(dy), SMOOTH;

    /// `y = ln(1 + eˣ)`, computed as `max(x, 0) + ln(1 + e^−|x|)`, exact at large |x|; `dx = dy σ(x)`.
    Softplus, softplus, "softplus", "y = ln(1 + exp x)",
    |a| math::softplus(a), |x, y, dy| dy * x.sigmoid(), SMOOTH;

    /// The magnitude: `y = |x|`, `dx = dy sgn x`; 0 for x == 0.
    Abs, abs, "|x|", "y = |x|", |a| a.abs(), |x, y, dy| dy * (x.greater(0.0) - x.less(0.0)), NONZERO;

    /// `y = max(x, 0)`, `dx = dy` where x > 0, else 0; 0 for x == 0. NaN stays NaN.
    Relu, relu, "relu", "y = max(x, 0)",
    |a| if a <= F::zero() { F::zero() } else { a }, |x, y, dy| dy * y.greater(0.0), NONZERO;
}

binary! {
    /// The sum: `y = x0 + x1`, `dx0 = dy`, `dx1 = dy`.
    Add, add, "+", "y = x0 + x1", |a, b| a + b, |x0, x1, y, dy| [dy, dy], [SMOOTH, SMOOTH];

    /// The difference: `y = x0 − x1`, `dx0 = dy`, `dx1 = −dy`.
    Sub, sub, "−", "y = x0 − x1", |a, b| a - b, |x0, x1, y, dy| [dy, -dy], [SMOOTH, SMOOTH];

    /// The product, element by element: `y = x0 x1`, `dx0 = dy x1`, `dx1 = dy x0`.
    Mul, mul, "×", "y = x0 × x1", |a, b| a * b, |x0, x1, y, dy| [dy * x1, dy * x0], [SMOOTH, SMOOTH];

    /// The quotient: `y = x0 / x1`, `dx0 = dy / x1`, `dx1 = −dy y / x1`.
    Div, div, "÷", "y = x0 ÷ x1", |a, b| a / b, |x0, x1, y, dy| [dy / x1, -(dy * y / x1)], [SMOOTH, NONZERO];

    /// The greater of two: `y = max(x0, x1)`, `dy` to the greater operand; half to each for x0 == x1.
    Maximum, maximum, "max", "y = max(x0, x1)", |a, b| a.maximum(b),
    |x0, x1, y, dy| [dy * (x0.greater(x1) + 0.5 * x0.equal(x1)), dy * (x1.greater(x0) + 0.5 * x0.equal(x1))],
    [EVEN, ODD];

    /// The less of two: `y = min(x0, x1)`, `dy` to the less operand; half to each for x0 == x1.
    Minimum, minimum, "min", "y = min(x0, x1)", |a, b| a.minimum(b),
    |x0, x1, y, dy| [dy * (x0.less(x1) + 0.5 * x0.equal(x1)), dy * (x1.less(x0) + 0.5 * x0.equal(x1))],
    [EVEN, ODD];

    /// What [`Tanh`] hands back, from its result and that one's cotangent: `y = x1 (1 − x0²)`, `dx0 = −2 dy x0 x1`,
    /// `dx1 = dy (1 − x0²)`.
    ///
    /// One node of a recorded gradient, as in TensorFlow (`TanhGrad`) and PyTorch (`tanh_backward`), instead of four.
    TanhGrad, tanh_grad, "tanh′", "y = x1 (1 − x0²)", |a, b| b * (F::one() - a * a),
    |x0, x1, y, dy| [dy * (-2.0 * (x0 * x1)), x0.tanh_grad(dy)], [SMOOTH, SMOOTH];

    /// What [`Sigmoid`] hands back, from its result and that one's cotangent: `y = x1 x0 (1 − x0)`,
    /// `dx0 = dy x1 (1 − 2 x0)`, `dx1 = dy x0 (1 − x0)`.
    SigmoidGrad, sigmoid_grad, "σ′", "y = x1 x0 (1 − x0)", |a, b| b * (a * (F::one() - a)),
    |x0, x1, y, dy| [dy * (x1 * (1.0 - 2.0 * x0)), x0.sigmoid_grad(dy)], [SMOOTH, SMOOTH];

    /// `y = 1` where x0 > x1, else 0; its derivative is 0.
    Greater, greater, ">", "y = x0 > x1", |a, b| F::truth(a > b), |x0, x1, y, dy| [Zero, Zero], [EVEN, ODD];

    /// `y = 1` where x0 ≥ x1, else 0; its derivative is 0.
    GreaterEqual, greater_equal, "≥", "y = x0 ≥ x1", |a, b| F::truth(a >= b), |x0, x1, y, dy| [Zero, Zero], [EVEN, ODD];

    /// `y = 1` where x0 < x1, else 0; its derivative is 0.
    Less, less, "<", "y = x0 < x1", |a, b| F::truth(a < b), |x0, x1, y, dy| [Zero, Zero], [EVEN, ODD];

    /// `y = 1` where x0 ≤ x1, else 0; its derivative is 0.
    LessEqual, less_equal, "≤", "y = x0 ≤ x1", |a, b| F::truth(a <= b), |x0, x1, y, dy| [Zero, Zero], [EVEN, ODD];

    /// `y = 1` where x0 = x1, else 0; its derivative is 0.
    Equal, equal, "=", "y = x0 = x1", |a, b| F::truth(a == b), |x0, x1, y, dy| [Zero, Zero], [EVEN, ODD];

    /// `y = 1` where x0 ≠ x1, else 0; its derivative is 0.
    NotEqual, not_equal, "≠", "y = x0 ≠ x1", |a, b| F::truth(a != b), |x0, x1, y, dy| [Zero, Zero], [EVEN, ODD];
}

/// A second operand: a var, or a number.
pub trait Other<'t> {
    /// The var, recorded as a constant if it is a number.
    fn on(self, x: Var<'t>) -> Var<'t>;
}

impl<'t> Other<'t> for Var<'t> {
    fn on(self, _: Var<'t>) -> Var<'t> {
        self
    }
}

impl<'t> Other<'t> for f64 {
    #[track_caller]
    fn on(self, x: Var<'t>) -> Var<'t> {
        x.tape().constant(self)
    }
}

macro_rules! binary_methods {
    ($($(#[$doc:meta])* $method:ident, $op:ident;)+) => {
        /// Functions and comparisons of two operands, of which the second may be a number; they broadcast.
        impl<'t> Var<'t> {
            $($(#[$doc])*
            #[track_caller]
            #[must_use]
            pub fn $method(self, other: impl Other<'t>) -> Var<'t> {
                self.tape().apply($op, &[self, other.on(self)])
            })+
        }
    };
}

binary_methods! {
    /// The greater of two: `y = max(x0, x1)`; for x0 == x1 each gets half of `dy`.
    maximum, Maximum;
    /// The less of two: `y = min(x0, x1)`; for x0 == x1 each gets half of `dy`.
    minimum, Minimum;
    /// What `tanh` hands back, where self is its result and other the cotangent of that: `y = x1 (1 − x0²)`.
    tanh_grad, TanhGrad;
    /// What `sigmoid` hands back, where self is its result and other the cotangent of that: `y = x1 x0 (1 − x0)`.
    sigmoid_grad, SigmoidGrad;
    /// 1 where self > other, else 0.
    greater, Greater;
    /// 1 where self ≥ other, else 0.
    greater_equal, GreaterEqual;
    /// 1 where self < other, else 0.
    less, Less;
    /// 1 where self ≤ other, else 0.
    less_equal, LessEqual;
    /// 1 where self = other, else 0.
    equal, Equal;
    /// 1 where self ≠ other, else 0.
    not_equal, NotEqual;
}
