//! Activation functions beside those of [`known`](crate::ops::elementwise::known): compositions, of which plans make one loop.

use crate::ops::IntoVar;
use crate::ops::elementwise::rows::{NONZERO, plain};
use crate::tape::Var;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, SQRT_2};

plain! {
    unary {
        /// The softsign: `y = x / (1 + |x|)`, `dx = dy / (1 + |x|)²`. It goes to ±1 as 1/x, where `tanh` goes exponentially.
        #[doc(alias = "soft_sign")]
        Softsign, softsign, "softsign", "y = x/(1 + |x|)", |a| a / (F::one() + a.abs()),
        |x, y, dy| dy / (1.0 + x.abs()).square(), NONZERO => |a| a / (1.0 + a.abs());
    }
}

/// Scale and slope of [`Var::selu`]: Klambauer and others, "Self-normalizing neural networks" (2017), equation 14.
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

/// Activation functions.
impl<'t> Var<'t> {
    /// The leaky rectifier: `y = x` where x > 0, else `slope x`; `dx = dy` or `slope dy`, the latter for x == 0, as in PyTorch.
    /// With a slope that is a var, and may be trained, it is the parametric rectifier.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", ndarray::arr1(&[-2.0, 0.0, 3.0]));
    /// let slope = tape.leaf("slope", 0.25);
    /// let y = x.leaky_relu(slope);
    /// assert_eq!(y.value().as_slice().unwrap(), [-0.5, 0.0, 3.0]);
    /// let [dx, dslope] = y.sum().grad([x, slope]);
    /// assert_eq!(dx.value().as_slice().unwrap(), [0.25, 0.25, 1.0]);
    /// assert_eq!(dslope.value().item(), -2.0);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn leaky_relu(self, slope: impl IntoVar<'t>) -> Var<'t> {
        self.greater(0.0).select(self, slope.on(self) * self)
    }

    /// The exponential linear unit: `y = x` where x > 0, else `α (eˣ − 1)`; `dx = dy` or `α dy eˣ`, the latter for x == 0, as in
    /// PyTorch.
    #[track_caller]
    #[must_use]
    pub fn elu(self, alpha: f64) -> Var<'t> {
        let positive = self.greater(0.0);
        positive.select(self, alpha * negative_part(self, positive).exp_m1())
    }

    /// The scaled exponential linear unit, which keeps mean 0 and variance 1 from layer to layer: `y = λ x` where x > 0, else
    /// `λ α (eˣ − 1)`, with λ = 1.0507 and α = 1.6733 (Klambauer and others, 2017); for x == 0 the derivative is `λ α`.
    #[track_caller]
    #[must_use]
    pub fn selu(self) -> Var<'t> {
        SELU_SCALE * self.elu(SELU_ALPHA)
    }

    /// The continuously differentiable exponential linear unit: `y = x` where x > 0, else `α (e^(x/α) − 1)`; `dx = dy` or
    /// `dy e^(x/α)`.
    #[track_caller]
    #[must_use]
    pub fn celu(self, alpha: f64) -> Var<'t> {
        let positive = self.greater(0.0);
        positive.select(self, alpha * (negative_part(self, positive) / alpha).exp_m1())
    }

    /// The Gaussian error linear unit: `y = x Φ(x)` with the normal distribution function `Φ(x) = ½ erfc(−x/√2)`,
    /// `dx = dy (Φ(x) + x φ(x))`. Exact for large negative x, where `1 + erf` cancels.
    #[track_caller]
    #[must_use]
    pub fn gelu(self) -> Var<'t> {
        0.5 * self * (-FRAC_1_SQRT_2 * self).erfc()
    }

    /// The approximation of [`gelu`](Self::gelu) by a hyperbolic tangent: `y = ½ x (1 + tanh u)` with
    /// `u = √(2/π) (x + 0.044715 x³)` (Hendrycks and Gimpel, 2016), written as `x σ(2u)`, which does not cancel for large
    /// negative x. GPT-2 and many others are trained with it.
    #[track_caller]
    #[must_use]
    pub fn gelu_tanh(self) -> Var<'t> {
        // √(2/π) = (2/√π) / √2.
        const TWICE: f64 = 2.0 * FRAC_2_SQRT_PI / SQRT_2;
        self * (self * (TWICE + TWICE * 0.044_715 * self.square())).sigmoid()
    }

    /// The sigmoid linear unit, or swish: `y = x σ(x)`, `dx = dy σ(x) (1 + x (1 − σ(x)))`.
    #[track_caller]
    #[must_use]
    pub fn silu(self) -> Var<'t> {
        self * self.sigmoid()
    }

    /// Misra's mish: `y = x tanh(ln(1 + eˣ))`, by [`softplus`](Self::softplus) and [`tanh`](Self::tanh).
    #[track_caller]
    #[must_use]
    pub fn mish(self) -> Var<'t> {
        self * self.softplus().tanh()
    }

    /// `y = max(−1, min(x, 1))`: a [`clamp`](Self::clamp), with derivative 0 for x == ±1.
    #[track_caller]
    #[must_use]
    pub fn hardtanh(self) -> Var<'t> {
        self.clamp(-1.0, 1.0)
    }

    /// `y = max(0, min(x/6 + ½, 1))`, a [sigmoid](Self::sigmoid) of three straight pieces; `dx = dy / 6` between −3 and 3, else 0,
    /// also for x == ±3.
    #[track_caller]
    #[must_use]
    pub fn hardsigmoid(self) -> Var<'t> {
        (self.clamp(-3.0, 3.0) + 3.0) / 6.0
    }

    /// `y = x hardsigmoid(x)`: 0 up to −3, and x from 3 on; for x == ±3 the derivative is that outside.
    #[track_caller]
    #[must_use]
    pub fn hardswish(self) -> Var<'t> {
        self * self.hardsigmoid()
    }
}

/// `min(x, 0)` before an exponential: where that is not taken it must not overflow, since 0 times an infinite derivative is NaN.
#[track_caller]
fn negative_part<'t>(x: Var<'t>, positive: Var<'t>) -> Var<'t> {
    positive.select(0.0, x)
}
