//! Loss functions.

use crate::{Error, Var};
use std::panic::Location;

/// Softmax and cross entropy in one: `L = −(1/n) Σ t ln softmax(x)`, whose derivative is `(softmax(x) − t) / n`.
///
/// ```
/// use chainrule::{Tape, nn::SoftmaxWithLoss};
/// use ndarray::{array, arr2};
///
/// let tape = Tape::new();
/// let scores = tape.leaf("scores", arr2(&[[0.0, 0.0]]));
/// let loss = SoftmaxWithLoss.forward(scores, tape.index_leaf("t", array![1]));
/// assert_eq!(loss.value().item(), 2f64.ln());
/// assert_eq!(loss.grad([scores])[0].value().into_array(), arr2(&[[0.5, -0.5]]).into_dyn());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SoftmaxWithLoss;

impl SoftmaxWithLoss {
    /// Records the loss, one number called `loss`, in the scope `loss`.
    ///
    /// Scores are `[n, classes]`; targets are probabilities of the same shape, such as one-hot rows, or class labels, an
    /// index var `[n]`.
    ///
    /// # Panics
    ///
    /// If the targets have another shape.
    #[track_caller]
    pub fn forward<'t>(&self, scores: Var<'t>, targets: Var<'t>) -> Var<'t> {
        let _scope = scores.tape().scope("loss");
        scores.softmax_cross_entropy(targets).named("loss")
    }
}

/// The mean squared error: `L = (1/n) Σ (prediction − target)²` over all n elements, whose derivative is
/// `2 (prediction − target) / n`. One number called `loss`, in the scope `loss`.
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
    same_shape("mse", prediction, target);
    let _scope = prediction.tape().scope("loss");
    (prediction - target).square().mean().named("loss")
}

/// The mean absolute error: `L = (1/n) Σ |prediction − target|` over all n elements, whose derivative is the sign of the
/// difference over n, and 0 where they are equal. One number called `loss`, in the scope `loss`.
///
/// Both have the same shape, as for [`mse`].
///
/// # Panics
///
/// If the shapes differ, or one holds indices.
#[track_caller]
pub fn mae<'t>(prediction: Var<'t>, target: Var<'t>) -> Var<'t> {
    same_shape("mae", prediction, target);
    let _scope = prediction.tape().scope("loss");
    (prediction - target).abs().mean().named("loss")
}

/// Sigmoid and cross entropy in one, of two classes: `L = −(1/n) Σ (t ln σ(x) + (1 − t) ln (1 − σ(x)))` over all n
/// elements, whose derivative is `(σ(x) − t) / n`. One number called `loss`, in the scope `loss`.
///
/// Scores x (logits) are any numbers, and targets t probabilities of the same shape. It is computed as `ln (1 + eˣ) − t x`,
/// by [`logsumexp_over`](Var::logsumexp_over) of 0 and x, which is accurate where a probability underflows.
///
/// ```
/// use chainrule::{Tape, nn};
/// use ndarray::arr1;
///
/// let tape = Tape::new();
/// let (scores, targets) = (tape.leaf("scores", arr1(&[0.0, 800.0])), tape.leaf("targets", arr1(&[1.0, 1.0])));
/// let loss = nn::binary_cross_entropy(scores, targets);
/// assert_eq!(loss.value().item(), 2f64.ln() / 2.0);
/// assert_eq!(loss.grad([scores])[0].value().as_slice().unwrap(), [-0.25, 0.0]);
/// ```
///
/// # Panics
///
/// If the shapes differ, or one holds indices.
#[track_caller]
pub fn binary_cross_entropy<'t>(scores: Var<'t>, targets: Var<'t>) -> Var<'t> {
    same_shape("binary_cross_entropy", scores, targets);
    let tape = scores.tape();
    let _scope = tape.scope("loss");
    let none = tape.constant(0.0).broadcast_like(scores);
    (tape.stack(&[none, scores], -1).logsumexp_over(-1) - targets * scores).mean().named("loss")
}

/// Panics if one operand would be broadcast to the other.
#[track_caller]
fn same_shape(loss: &str, prediction: Var<'_>, target: Var<'_>) {
    let (a, b) = (prediction.shape(), target.shape());
    if a == b {
        return;
    }
    let elements = |shape: &[usize]| shape.iter().product::<usize>();
    let remedy = match elements(&a) == elements(&b) {
        true => "bring one to the shape of the other, with `reshape_like`, `squeeze` or `expand_dims`",
        false => "give as many targets as there are predictions",
    };
    let error = Error::Operands {
        op: loss.to_owned(),
        problem: format!(
            "the prediction has shape {a:?} and the target {b:?}; a loss does not broadcast them, since that would compare \
             one with several of the other: {remedy}"
        ),
        operands: format!("x0 = {prediction:?}, x1 = {target:?}"),
        location: Location::caller().into(),
    };
    panic!("{error}")
}
