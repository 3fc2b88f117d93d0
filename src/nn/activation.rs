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

    /// Softmax of each row: `yᵢ = e^xᵢ / Σ e^xⱼ` along the last axis, `[n, classes]` to the same.
    ///
    /// For training, end the network before it, in [`SoftmaxWithLoss`](super::SoftmaxWithLoss), which is accurate where
    /// the logarithm of a probability is not.
    Softmax, "softmax", |x| x.softmax(-1);
}
