//! What a network is trained to make small.

use crate::Var;

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
    /// Scores are `[n, classes]`; targets are probabilities of the same shape (one-hot rows, say), or class labels:
    /// an index var `[n]`.
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
