//! Layers without parameters.

use super::Layer;
use crate::Var;

/// One row a layer: doc, type, kind, what it records.
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

    /// Shares of the exponentials in each row: `yᵢ = e^xᵢ / Σ e^xⱼ` along the last axis, `[n, classes]` to the same.
    ///
    /// A network that is trained ends before it, in [`SoftmaxWithLoss`](super::SoftmaxWithLoss), which is exact where
    /// the logarithm of a share is not.
    Softmax, "softmax", |x| x.softmax(-1);
}
