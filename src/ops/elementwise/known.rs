//! Elementwise maths that evaluators know by name: a table of one-line rules. Each row is an op: struct, method, kernel and
//! rule.
//!
//! A rule is compiled for vars and for plain numbers ([`number`](super::number)), so it is written with operators and with
//! functions of this table. Functions that no hot loop is made of are rows of [`functions`](super::functions).

use super::rows::{EVEN, NONZERO, ODD, POSITIVE, SMOOTH, known};
use crate::kernel::math;
use crate::tape::op::Zero;
use std::f64::consts::FRAC_2_SQRT_PI;

known! {
    unary {
        /// Negation: `y = −x`, `dx = −dy`.
        #[doc(alias = "negative")]
        Neg, neg, "−x", "y = −x", |a| -a, |x, y, dy| -dy, SMOOTH => |a| -a;

        /// The reciprocal: `y = 1/x`, `dx = −dy y²`.
        #[doc(alias = "reciprocal")]
        Recip, recip, "1/x", "y = 1/x", |a| a.recip(), |x, y, dy| -(dy * y.square()), NONZERO => |a| a.recip();

        /// The square: `y = x²`, `dx = 2 dy x`.
        Square, square, "x²", "y = x²", |a| a * a, |x, y, dy| dy * (2.0 * x), SMOOTH => |a| a.square();

        /// The square root: `y = √x`, `dx = dy / 2y`.
        Sqrt, sqrt, "√", "y = √x", |a| a.sqrt(), |x, y, dy| dy / (2.0 * y), POSITIVE => |a| a.sqrt();

        /// The exponential: `y = eˣ`, `dx = dy y`.
        Exp, exp, "exp", "y = exp x", |a| math::exp(a), |x, y, dy| dy * y, SMOOTH => |a| a.exp();

        /// `y = eˣ − 1`, exact for small x, where `exp` and a subtraction are not; `dx = dy eˣ`, exact for large negative x, where
        /// `y + 1` is not.
        #[doc(alias = "expm1")]
        ExpM1, exp_m1, "exp − 1", "y = exp x − 1", |a| math::exp_m1(a), |x, y, dy| dy * x.exp(), SMOOTH => |a| a.exp_m1();

        /// The natural logarithm: `y = ln x`, `dx = dy / x`.
        #[doc(alias = "log")]
        Ln, ln, "log", "y = ln x", |a| math::ln(a), |x, y, dy| dy / x, POSITIVE => |a| a.ln();

        /// The sine: `y = sin x`, `dx = dy cos x`.
        Sin, sin, "sin", "y = sin x", |a| a.sin(), |x, y, dy| dy * x.cos(), SMOOTH, call => |a| a.sin();

        /// The cosine: `y = cos x`, `dx = −dy sin x`.
        Cos, cos, "cos", "y = cos x", |a| a.cos(), |x, y, dy| -(dy * x.sin()), SMOOTH, call => |a| a.cos();

        /// The hyperbolic tangent: `y = tanh x`, `dx = dy (1 − y²)`.
        Tanh, tanh, "tanh", "y = tanh x", |a| math::tanh(a), |x, y, dy| y.tanh_grad(dy), SMOOTH => |a| a.tanh();

        /// The logistic function: `y = 1 / (1 + e⁻ˣ)`, `dx = dy y (1 − y)`.
        Sigmoid, sigmoid, "σ", "y = 1/(1 + exp(−x))", |a| math::sigmoid(a), |x, y, dy| y.sigmoid_grad(dy), SMOOTH => |a| a.sigmoid();

        /// `y = ln(1 + eˣ)`, computed as `max(x, 0) + ln(1 + e^−|x|)`, exact at large |x|; `dx = dy σ(x)`.
        Softplus, softplus, "softplus", "y = ln(1 + exp x)",
        |a| math::softplus(a), |x, y, dy| dy * x.sigmoid(), SMOOTH => |a| a.maximum(0.0) + (-a.abs()).exp().ln_1p();

        /// The complement of the error function, exact where that rounds to 1: `y = 1 − erf x`, `dx = −2/√π dy e^(−x²)`. In f64
        /// by `libm`, within 2 units of the last place.
        Erfc, erfc, "erfc", "y = erfc x", |a| math::erfc(a), |x, y, dy| dy * (-FRAC_2_SQRT_PI * (-x.square()).exp()), SMOOTH => |a| a.erfc();

        /// The magnitude: `y = |x|`, `dx = dy sgn x`; 0 for x == 0.
        Abs, abs, "|x|", "y = |x|", |a| a.abs(), |x, y, dy| dy * (x.greater(0.0) - x.less(0.0)), NONZERO, kink => |a| a.abs();

        /// `y = max(x, 0)`, `dx = dy` where x > 0, else 0; 0 for x == 0. NaN stays NaN.
        Relu, relu, "relu", "y = max(x, 0)",
        |a| if a <= F::zero() { F::zero() } else { a }, |x, y, dy| dy * y.greater(0.0), NONZERO, kink, gate => |a| a.less_equal(0.0).select(0.0, a);
    }

    operators {
        /// The sum: `y = x0 + x1`, `dx0 = dy`, `dx1 = dy`.
        Add, add, "+", "y = x0 + x1", |a, b| a + b, |x0, x1, y, dy| [dy, dy], [SMOOTH, SMOOTH] => |a, b| a + b;

        /// The difference: `y = x0 − x1`, `dx0 = dy`, `dx1 = −dy`.
        #[doc(alias = "subtract")]
        Sub, sub, "−", "y = x0 − x1", |a, b| a - b, |x0, x1, y, dy| [dy, -dy], [SMOOTH, SMOOTH] => |a, b| a - b;

        /// The product, element by element: `y = x0 x1`, `dx0 = dy x1`, `dx1 = dy x0`.
        #[doc(alias = "multiply")]
        Mul, mul, "×", "y = x0 × x1", |a, b| a * b, |x0, x1, y, dy| [dy * x1, dy * x0], [SMOOTH, SMOOTH] => |a, b| a * b;

        /// The quotient: `y = x0 / x1`, `dx0 = dy / x1`, `dx1 = −dy y / x1`.
        #[doc(alias = "divide")]
        Div, div, "÷", "y = x0 ÷ x1", |a, b| a / b, |x0, x1, y, dy| [dy / x1, -(dy * y / x1)], [SMOOTH, NONZERO] => |a, b| a / b;

    }

    binary {
        /// The greater of two: `y = max(x0, x1)`, `dy` to the greater operand; half to each for x0 == x1.
        Maximum, maximum, "max", "y = max(x0, x1)", |a, b| a.maximum(b),
        |x0, x1, y, dy| [dy * (x0.greater(x1) + 0.5 * x0.equal(x1)), dy * (x1.greater(x0) + 0.5 * x0.equal(x1))],
        [EVEN, ODD], kink => |a, b| a.maximum(b);

        /// The less of two: `y = min(x0, x1)`, `dy` to the less operand; half to each for x0 == x1.
        Minimum, minimum, "min", "y = min(x0, x1)", |a, b| a.minimum(b),
        |x0, x1, y, dy| [dy * (x0.less(x1) + 0.5 * x0.equal(x1)), dy * (x1.less(x0) + 0.5 * x0.equal(x1))],
        [EVEN, ODD], kink => |a, b| a.minimum(b);

        /// What [`Tanh`] hands back, from its result and that one's cotangent: `y = x1 (1 − x0²)`, `dx0 = −2 dy x0 x1`,
        /// `dx1 = dy (1 − x0²)`.
        ///
        /// One node of a recorded gradient, as in TensorFlow (`TanhGrad`) and PyTorch (`tanh_backward`), instead of four.
        TanhGrad, tanh_grad, "tanh′", "y = x1 (1 − x0²)", |a, b| b * (F::one() - a * a),
        |x0, x1, y, dy| [dy * (-2.0 * (x0 * x1)), x0.tanh_grad(dy)], [SMOOTH, SMOOTH] => |a, b| b * (1.0 - a * a);

        /// What [`Sigmoid`] hands back, from its result and that one's cotangent: `y = x1 x0 (1 − x0)`,
        /// `dx0 = dy x1 (1 − 2 x0)`, `dx1 = dy x0 (1 − x0)`.
        SigmoidGrad, sigmoid_grad, "σ′", "y = x1 x0 (1 − x0)", |a, b| b * (a * (F::one() - a)),
        |x0, x1, y, dy| [dy * (x1 * (1.0 - 2.0 * x0)), x0.sigmoid_grad(dy)], [SMOOTH, SMOOTH] => |a, b| b * (a * (1.0 - a));

        /// `y = 1` where x0 > x1, else 0; its derivative is 0.
        #[doc(alias = "gt")]
        Greater, greater, ">", "y = x0 > x1", |a, b| F::truth(a > b), |x0, x1, y, dy| [Zero, Zero], [EVEN, ODD], kink, compares => |a, b| a.greater(b).real();

        /// `y = 1` where x0 ≥ x1, else 0; its derivative is 0.
        #[doc(alias = "ge")]
        GreaterEqual, greater_equal, "≥", "y = x0 ≥ x1", |a, b| F::truth(a >= b), |x0, x1, y, dy| [Zero, Zero], [EVEN, ODD], kink, compares => |a, b| a.greater_equal(b).real();

        /// `y = 1` where x0 < x1, else 0; its derivative is 0.
        #[doc(alias = "lt")]
        Less, less, "<", "y = x0 < x1", |a, b| F::truth(a < b), |x0, x1, y, dy| [Zero, Zero], [EVEN, ODD], kink, compares => |a, b| a.less(b).real();

        /// `y = 1` where x0 ≤ x1, else 0; its derivative is 0.
        #[doc(alias = "le")]
        LessEqual, less_equal, "≤", "y = x0 ≤ x1", |a, b| F::truth(a <= b), |x0, x1, y, dy| [Zero, Zero], [EVEN, ODD], kink, compares => |a, b| a.less_equal(b).real();

        /// `y = 1` where x0 = x1, else 0; its derivative is 0.
        #[doc(alias = "eq")]
        Equal, equal, "=", "y = x0 = x1", |a, b| F::truth(a == b), |x0, x1, y, dy| [Zero, Zero], [EVEN, ODD], kink, compares => |a, b| a.equal(b).real();

        /// `y = 1` where x0 ≠ x1, else 0; its derivative is 0.
        #[doc(alias = "ne")]
        NotEqual, not_equal, "≠", "y = x0 ≠ x1", |a, b| F::truth(a != b), |x0, x1, y, dy| [Zero, Zero], [EVEN, ODD], kink, compares => |a, b| a.not_equal(b).real();
    }
}
