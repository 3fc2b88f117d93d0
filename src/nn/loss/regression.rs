//! Losses between predictions and targets that are numbers of any size.

use super::{Reduction, reduced, same_shape};
use crate::Var;

/// The squared error: `(prediction − target)²`, whose derivative is `2 (prediction − target)`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MseLoss {
    reduction: Reduction,
}

/// The absolute error: `|prediction − target|`, whose derivative is the sign of the difference, and 0 where they are equal.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct L1Loss {
    reduction: Reduction,
}

/// Huber's loss, which outliers pull at with no more than δ: `½ r²` where |r| < δ, else `δ (|r| − ½ δ)`, with
/// `r = prediction − target`; its derivative is r, or δ with the sign of r (Huber, "Robust estimation of a location
/// parameter", 1964).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HuberLoss {
    delta: f64,
    reduction: Reduction,
}

/// The smooth absolute error: `½ r² / β` where |r| < β, else `|r| − ½ β`, with `r = prediction − target`: [`HuberLoss`] over β.
/// For β = 0 it is [`L1Loss`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SmoothL1Loss {
    beta: f64,
    reduction: Reduction,
}

reduced! { MseLoss L1Loss HuberLoss SmoothL1Loss }

impl Default for HuberLoss {
    fn default() -> Self {
        Self::new(1.0)
    }
}

impl HuberLoss {
    /// With the greatest slope δ; 1 by default.
    ///
    /// # Panics
    ///
    /// If it is not positive.
    #[track_caller]
    pub fn new(delta: f64) -> Self {
        assert!(delta > 0.0, "HuberLoss: δ must be positive, got {delta}");
        Self { delta, reduction: Reduction::Mean }
    }

    #[track_caller]
    fn each<'t>(self, residual: Var<'t>) -> Var<'t> {
        let size = residual.abs();
        size.less(self.delta).select(0.5 * residual.square(), self.delta * (size - 0.5 * self.delta))
    }
}

impl Default for SmoothL1Loss {
    fn default() -> Self {
        Self::new(1.0)
    }
}

impl SmoothL1Loss {
    /// With the width β of the part that is rounded off; 1 by default.
    ///
    /// # Panics
    ///
    /// If it is negative.
    #[track_caller]
    pub fn new(beta: f64) -> Self {
        assert!(beta >= 0.0, "SmoothL1Loss: β must not be negative, got {beta}");
        Self { beta, reduction: Reduction::Mean }
    }

    #[track_caller]
    fn each<'t>(self, residual: Var<'t>) -> Var<'t> {
        let size = residual.abs();
        if self.beta == 0.0 {
            return size;
        }
        size.less(self.beta).select(0.5 / self.beta * residual.square(), size - 0.5 * self.beta)
    }
}

impl MseLoss {
    #[track_caller]
    fn each<'t>(self, residual: Var<'t>) -> Var<'t> {
        residual.square()
    }
}

impl L1Loss {
    #[track_caller]
    fn each<'t>(self, residual: Var<'t>) -> Var<'t> {
        residual.abs()
    }
}

/// Losses of the difference of two arrays.
macro_rules! of_residuals {
    ($($loss:ident, $name:literal;)+) => {
        $(impl $loss {
            /// Records the loss, called `loss`, in the scope `loss`. Both operands have the same shape, and neither is broadcast
            /// to the other.
            ///
            /// # Panics
            ///
            /// If the shapes differ, or one holds indices.
            #[track_caller]
            pub fn forward<'t>(&self, prediction: Var<'t>, target: Var<'t>) -> Var<'t> {
                same_shape($name, prediction, target);
                let _scope = prediction.tape().scope("loss");
                self.reduction.of(self.each(prediction - target)).named("loss")
            }
        })+
    };
}

of_residuals! {
    MseLoss, "mse";
    L1Loss, "l1";
    HuberLoss, "huber";
    SmoothL1Loss, "smooth_l1";
}

/// The mean squared error: `L = (1/n) Σ (prediction − target)²` over all n elements, whose derivative is
/// `2 (prediction − target) / n`. One number called `loss`, in the scope `loss`. As [`MseLoss`] with other reductions.
///
/// Both have the same shape. A prediction `[n, 1]` and a target `[n]` would broadcast to `[n, n]`, comparing every prediction
/// with every target, and training would converge to the mean of all targets; so this is an error.
///
/// ```
/// use chainrule::{Tape, nn};
/// use ndarray::{arr1, arr2};
///
/// let tape = Tape::new();
/// let prediction = tape.leaf("prediction", arr2(&[[1.0], [2.0]]));
/// let target = tape.leaf("target", arr1(&[1.0, 4.0]));
/// assert_eq!(nn::mse(prediction.squeeze(1), target).value().item(), 2.0);
/// ```
///
/// # Panics
///
/// If the shapes differ, or one holds indices.
#[track_caller]
pub fn mse<'t>(prediction: Var<'t>, target: Var<'t>) -> Var<'t> {
    MseLoss::default().forward(prediction, target)
}

/// The mean absolute error: `L = (1/n) Σ |prediction − target|` over all n elements, whose derivative is the sign of the
/// difference over n, and 0 where they are equal. One number called `loss`, in the scope `loss`. As [`L1Loss`] with other
/// reductions.
///
/// Both have the same shape, as for [`mse`].
///
/// # Panics
///
/// If the shapes differ, or one holds indices.
#[track_caller]
pub fn mae<'t>(prediction: Var<'t>, target: Var<'t>) -> Var<'t> {
    same_shape("mae", prediction, target);
    L1Loss::default().forward(prediction, target)
}
