//! Exponentials, logarithms and roots; powers whose exponent is a var.

use super::{by, by_two};
use crate::Float;
use crate::ops::elementwise::rows::{NONZERO, POSITIVE, SMOOTH, plain};
use crate::portable::Portable;
use crate::tape::Var;
use crate::tape::sample::Domain;
use std::f64::consts::{LN_2, LN_10};

plain! {
    unary {
        /// Two to the power of x: `y = 2ˣ`, `dx = dy y ln 2`.
        Exp2, exp2, "exp2", "y = 2^x", |a| by(libm::exp2, a), |x, y, dy| dy * (y * LN_2), SMOOTH => |a| a.exp2();

        /// `y = ln(1 + x)`, exact for small x, where a sum and `ln` are not; `dx = dy / (1 + x)`.
        #[doc(alias = "log1p")]
        Ln1p, ln_1p, "log(1 + x)", "y = ln(1 + x)", |a| by(libm::log1p, a), |x, y, dy| dy / (1.0 + x),
        Domain::Between(-0.7, 2.0) => |a| a.ln_1p();

        /// The binary logarithm: `y = log₂ x`, `dx = dy / (x ln 2)`.
        Log2, log2, "log2", "y = log2 x", |a| by(libm::log2, a), |x, y, dy| dy / (x * LN_2), POSITIVE => |a| a.log2();

        /// The decimal logarithm: `y = log₁₀ x`, `dx = dy / (x ln 10)`.
        Log10, log10, "log10", "y = log10 x", |a| by(libm::log10, a), |x, y, dy| dy / (x * LN_10), POSITIVE => |a| a.log10();

        /// The cube root, of either sign: `y = ∛x`, `dx = dy / 3y²`, infinite at 0.
        Cbrt, cbrt, "∛", "y = ∛x", |a| by(libm::cbrt, a), |x, y, dy| dy / (3.0 * y.square()), NONZERO => |a| a.cbrt();
    }

    binary {
        /// A power whose exponent is a var: `y = x0^x1`, `dx0 = dy x1 x0^(x1 − 1)`, `dx1 = dy y ln x0`.
        ///
        /// A negative base has powers with whole exponents, and NaN for others; `x⁰` is 1 for all x, 0 included. As in PyTorch,
        /// dx0 is 0 where x1 = 0, and dx1 is 0 where x0 = 0 and x1 ≥ 0; dx1 is NaN for a negative base, beside which no power
        /// exists. For an exponent that is a number, [`powi`](crate::Var::powi) and [`powf`](crate::Var::powf) are faster.
        #[doc(alias = "power")]
        Pow, pow, "^", "y = x0^x1", |a, b| a.powf(b), |x0, x1, y, dy| [pow_base(x0, x1, dy), pow_exponent(x0, x1, y, dy)],
        [Domain::Between(0.3, 2.0), SMOOTH] => |a, b| a.pow(b);

        /// `y = ln(e^x0 + e^x1)`, without overflow, right for ±∞; `dx0 = dy σ(x0 − x1)`, `dx1 = dy σ(x1 − x0)`, half to each for
        /// equal infinities.
        LogAddExp, logaddexp, "logaddexp", "y = ln(exp x0 + exp x1)", |a, b| by_two(log_add_exp, a, b),
        |x0, x1, y, dy| [dy * apart(x0, x1).sigmoid(), dy * apart(x1, x0).sigmoid()], [SMOOTH, SMOOTH] => |a, b| portable_log_add_exp(a, b);

        /// `y = x0 ln x1`, and 0 where x0 = 0, unless x1 is NaN; `dx0 = dy ln x1`, `dx1 = dy x0 / x1`. Where x0 = 0 and x1 ≤ 0, both
        /// are 0; PyTorch's dx1 is NaN where both are 0.
        Xlogy, xlogy, "xlogy", "y = x0 ln x1", |a, b| by_two(|a, b| x_log(a, b, libm::log), a, b),
        |x0, x1, y, dy| [dy.xlogy(off_end(x0, x1)), vanishing(x0, x1).select(0.0, dy * (x0 / off_end(x0, x1)))],
        [POSITIVE, POSITIVE] => |a, b| portable_x_log(a, b, b.ln());

        /// `y = x0 ln(1 + x1)`, exact for small x1, and 0 where x0 = 0, unless x1 is NaN; `dx0 = dy ln(1 + x1)`,
        /// `dx1 = dy x0 / (1 + x1)`. Where x0 = 0 and x1 ≤ −1, both are 0, as those of [`Xlogy`].
        Xlog1py, xlog1py, "xlog1py", "y = x0 ln(1 + x1)", |a, b| by_two(|a, b| x_log(a, b, libm::log1p), a, b),
        |x0, x1, y, dy| [
            dy.xlog1py(vanishing(x0, 1.0 + x1).select(0.0, x1)),
            vanishing(x0, 1.0 + x1).select(0.0, dy * (x0 / off_end(x0, 1.0 + x1)))
        ],
        [Domain::Between(-0.7, 2.0), Domain::Between(-0.7, 2.0)] => |a, b| portable_x_log(a, b, b.ln_1p());
    }
}

/// The rule of a power for its base. The exponent 0 is put aside before, since 0 times the infinite power of 0 is NaN.
#[track_caller]
fn pow_base<'t>(x0: Var<'t>, x1: Var<'t>, dy: Var<'t>) -> Var<'t> {
    let none = x1.equal(0.0);
    let exponent = none.select(1.0, x1);
    none.select(0.0, dy * (exponent * x0.pow(exponent - 1.0)))
}

/// The rule of a power for its exponent. The base 0 is put aside before, since its logarithm is infinite.
#[track_caller]
fn pow_exponent<'t>(x0: Var<'t>, x1: Var<'t>, y: Var<'t>, dy: Var<'t>) -> Var<'t> {
    let none = x0.equal(0.0) * x1.greater_equal(0.0);
    dy * (y * none.select(1.0, x0).ln())
}

/// Where `x0 ln z` is 0 by definition: x0 is, and the logarithm is infinite or NaN.
#[track_caller]
fn vanishing<'t>(x0: Var<'t>, z: Var<'t>) -> Var<'t> {
    x0.equal(0.0) * z.less_equal(0.0)
}

/// z, and 1 there, whose logarithm is 0.
#[track_caller]
fn off_end<'t>(x0: Var<'t>, z: Var<'t>) -> Var<'t> {
    vanishing(x0, z).select(1.0, z)
}

/// `a − b`, and 0 for infinities that are equal.
#[track_caller]
fn apart<'t>(a: Var<'t>, b: Var<'t>) -> Var<'t> {
    let difference = a - b;
    (a.equal(b) * difference.is_nan()).select(0.0, difference)
}

/// The greater, and the logarithm of the sum relative to it. Equal operands are told apart for the infinite ones.
fn log_add_exp(a: f64, b: f64) -> f64 {
    if a == b { a + LN_2 } else { Float::maximum(a, b) + libm::log1p(libm::exp(-(a - b).abs())) }
}

/// `a log(b)`, and 0 where a is 0.
fn x_log(a: f64, b: f64, log: impl Fn(f64) -> f64) -> f64 {
    if a == 0.0 && !b.is_nan() { 0.0 } else { a * log(b) }
}

fn portable_log_add_exp<'p>(a: Portable<'p>, b: Portable<'p>) -> Portable<'p> {
    a.equal(b).select(a + LN_2, a.maximum(b) + (-(a - b).abs()).exp().ln_1p())
}

/// `a log(b)` with this logarithm of b.
fn portable_x_log<'p>(a: Portable<'p>, b: Portable<'p>, log: Portable<'p>) -> Portable<'p> {
    (a.equal(0.0) & !b.is_nan()).select(0.0, a * log)
}

impl<'t> Var<'t> {
    /// The reciprocal of the square root: `y = 1/√x`, by [`sqrt`](Self::sqrt) and [`recip`](Self::recip).
    #[track_caller]
    #[must_use]
    pub fn rsqrt(self) -> Var<'t> {
        self.sqrt().recip()
    }

    /// The logarithm of the [logistic function](Self::sigmoid): `y = ln σ(x) = −ln(1 + e⁻ˣ)`, by
    /// [`softplus`](Self::softplus), exact at large |x|; `dx = dy σ(−x)`.
    #[track_caller]
    #[must_use]
    pub fn log_sigmoid(self) -> Var<'t> {
        -(-self).softplus()
    }
}
