//! Layers without parameters.

use super::Layer;
use crate::Var;

/// Defines one layer per row: docs, type, kind, recorded expression.
macro_rules! activations {
    ($($(#[$doc:meta])* $layer:ident, $kind:literal, |$x:ident| $forward:expr;)+) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct $layer;

        impl Layer for $layer {
            fn kind(&self) -> &str {
                $kind
            }

            fn forward<'t>(&self, $x: Var<'t>) -> Var<'t> {
                $forward
            }
        })+
    };
}

activations! {
    /// The rectifier: `y = max(x, 0)`, of any shape.
    Relu, "relu", |x| x.relu();

    /// The logistic function: `y = 1 / (1 + e⁻ˣ)`, of any shape.
    Sigmoid, "sigmoid", |x| x.sigmoid();

    /// The hyperbolic tangent: `y = tanh x`, of any shape.
    Tanh, "tanh", |x| x.tanh();

    /// `y = ln(1 + eˣ)`, of any shape.
    Softplus, "softplus", |x| x.softplus();

    /// `y = x / (1 + |x|)`, of any shape.
    Softsign, "softsign", |x| x.softsign();

    /// The Gaussian error linear unit, `y = x Φ(x)`, of any shape: [`Var::gelu`].
    Gelu, "gelu", |x| x.gelu();

    /// Its approximation by a hyperbolic tangent, of any shape: [`Var::gelu_tanh`].
    GeluTanh, "gelu", |x| x.gelu_tanh();

    /// The sigmoid linear unit, or swish: `y = x σ(x)`, of any shape.
    Silu, "silu", |x| x.silu();

    /// `y = x tanh(ln(1 + eˣ))`, of any shape.
    Mish, "mish", |x| x.mish();

    /// The scaled exponential linear unit, of any shape: [`Var::selu`].
    Selu, "selu", |x| x.selu();

    /// `y = max(−1, min(x, 1))`, of any shape.
    HardTanh, "hardtanh", |x| x.hardtanh();

    /// `y = max(0, min(x/6 + ½, 1))`, of any shape.
    HardSigmoid, "hardsigmoid", |x| x.hardsigmoid();

    /// `y = x max(0, min(x/6 + ½, 1))`, of any shape.
    HardSwish, "hardswish", |x| x.hardswish();

    /// The logarithm of the logistic function: `y = −ln(1 + e⁻ˣ)`, of any shape.
    LogSigmoid, "log_sigmoid", |x| x.log_sigmoid();

    /// Softmax of each row: `yᵢ = e^xᵢ / Σ e^xⱼ` along the last axis, `[n, classes]` to the same.
    ///
    /// For training, end the network before it, in [`SoftmaxWithLoss`](super::SoftmaxWithLoss), which is accurate where
    /// the logarithm of a probability is not.
    Softmax, "softmax", |x| x.softmax(-1);

    /// The logarithm of [`Softmax`], of each row: `[n, classes]` to the same, for [`NllLoss`](super::NllLoss).
    LogSoftmax, "log_softmax", |x| x.log_softmax(-1);
}

/// Defines one layer with a setting per row: docs, type, kind, the setting and what it is unless said otherwise, recorded
/// expression.
macro_rules! with_setting {
    ($($(#[$doc:meta])* $layer:ident, $kind:literal, $(#[$field_doc:meta])* $field:ident = $usual:expr,
       |$x:ident| $forward:expr;)+) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $layer {
            $(#[$field_doc])*
            pub $field: f64,
        }

        impl Default for $layer {
            fn default() -> Self {
                Self { $field: $usual }
            }
        }

        impl Layer for $layer {
            fn kind(&self) -> &str {
                $kind
            }

            fn forward<'t>(&self, $x: Var<'t>) -> Var<'t> {
                let $field = self.$field;
                $forward
            }
        })+
    };
}

with_setting! {
    /// The leaky rectifier: `y = x` where x > 0, else `slope x`, of any shape.
    LeakyRelu, "leaky_relu",
    /// The slope of negative numbers; 0.01 by default.
    slope = 0.01, |x| x.leaky_relu(slope);

    /// The exponential linear unit: `y = x` where x > 0, else `α (eˣ − 1)`, of any shape.
    Elu, "elu",
    /// α, which the result nears at −∞ with the other sign; 1 by default.
    alpha = 1.0, |x| x.elu(alpha);

    /// The continuously differentiable exponential linear unit: `y = x` where x > 0, else `α (e^(x/α) − 1)`, of any shape.
    Celu, "celu",
    /// α, which the result nears at −∞ with the other sign; 1 by default.
    alpha = 1.0, |x| x.celu(alpha);
}
