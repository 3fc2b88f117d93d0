//! Layers without parameters.

use super::Layer;
use super::layer::recorded;
use crate::{Result, Var, ops};

/// One row a layer: doc, type, kind, the op it records.
macro_rules! activations {
    ($($(#[$doc:meta])* $layer:ident, $kind:literal, |$x:ident| $op:expr;)+) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct $layer;

        impl Layer for $layer {
            fn kind(&self) -> &str {
                $kind
            }

            #[track_caller]
            fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
                recorded(self.try_forward(x))
            }

            #[track_caller]
            fn try_forward<'t>(&self, $x: Var<'t>) -> Result<Var<'t>> {
                $x.tape().try_apply($op, &[$x])
            }
        })+
    };
}

activations! {
    /// The rectifier: `y = max(x, 0)`, of any shape.
    Relu, "relu", |x| ops::Relu;

    /// The logistic function: `y = 1 / (1 + e⁻ˣ)`, of any shape.
    Sigmoid, "sigmoid", |x| ops::Sigmoid;

    /// Shares of the exponentials in each row: `yᵢ = e^xᵢ / Σ e^xⱼ` along the last axis, `[n, classes]` to the same.
    ///
    /// A network that is trained ends before it, in [`SoftmaxWithLoss`](super::SoftmaxWithLoss), which is exact where
    /// the logarithm of a share is not.
    Softmax, "softmax", |x| ops::Softmax { axis: x.rank().saturating_sub(1) };
}
