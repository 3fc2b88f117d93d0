//! Losses of probabilities: of two classes, and between distributions.

use super::{Reduction, reduced, refuse, same_shape};
use crate::Var;
use ndarray::Array1;

/// Cross entropy of two classes, from probabilities p: `−(t ln p + (1 − t) ln(1 − p))`, whose derivative is
/// `(p − t) / (p (1 − p))`.
///
/// The logarithms are kept above −100, as PyTorch keeps them; where that is so, at p = 0 and p = 1, they have no derivative.
/// [`BceWithLogitsLoss`], of the numbers before the sigmoid, has neither trouble, and is more accurate.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BceLoss {
    reduction: Reduction,
}

/// Sigmoid and cross entropy of two classes in one: `−(w t ln σ(x) + (1 − t) ln(1 − σ(x)))`, whose derivative is `σ(x) − t`
/// for w = 1. Computed as `(1 − t) x + (1 + (w − 1) t) ln(1 + e⁻ˣ)`, which is accurate where a probability underflows.
///
/// ```
/// use chainrule::{Tape, nn::BceWithLogitsLoss};
/// use ndarray::arr1;
///
/// let tape = Tape::new();
/// let (scores, targets) = (tape.leaf("scores", arr1(&[0.0, -800.0])), tape.leaf("targets", arr1(&[1.0, 1.0])));
/// let loss = BceWithLogitsLoss::default().positive_weights([3.0]).forward(scores, targets);
/// assert!((loss.value().item() - 3.0 * (2f64.ln() + 800.0) / 2.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BceWithLogitsLoss {
    weights: Option<Vec<f64>>,
    reduction: Reduction,
}

/// The divergence of Kullback and Leibler of a distribution p, the target, from one that is given by its logarithms x:
/// `p (ln p − x)`, and 0 where p is; the derivative by x is −p.
///
/// The mean over all elements is not the divergence; that is their sum over classes, and the mean of it over rows is
/// [`Reduction::BatchMean`].
///
/// ```
/// use chainrule::{Tape, nn::{KlDivLoss, Reduction}};
/// use ndarray::arr2;
///
/// let tape = Tape::new();
/// let scores = tape.leaf("scores", arr2(&[[0.0, 0.0]]));
/// let p = tape.leaf("p", arr2(&[[1.0, 0.0]]));
/// let loss = KlDivLoss::default().reduction(Reduction::BatchMean).forward(scores.log_softmax(-1), p);
/// assert_eq!(loss.value().item(), 2f64.ln());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct KlDivLoss {
    log_target: bool,
    reduction: Reduction,
}

reduced! { BceLoss BceWithLogitsLoss KlDivLoss }

/// `ln x`, and no less than −100.
#[track_caller]
fn bounded_ln(x: Var<'_>) -> Var<'_> {
    x.maximum((-100_f64).exp()).ln()
}

impl BceLoss {
    /// Records the loss, called `loss`, in the scope `loss`, of probabilities and targets from 0 to 1 of the same shape.
    ///
    /// # Panics
    ///
    /// If the shapes differ, or one holds indices.
    #[track_caller]
    pub fn forward<'t>(&self, probabilities: Var<'t>, targets: Var<'t>) -> Var<'t> {
        same_shape("bce", probabilities, targets);
        let _scope = probabilities.tape().scope("loss");
        let of_one = targets * bounded_ln(probabilities);
        let of_zero = (1.0 - targets) * bounded_ln(1.0 - probabilities);
        self.reduction.of(-(of_one + of_zero)).named("loss")
    }
}

impl BceWithLogitsLoss {
    /// What a positive target counts more than a negative one: one number, or one for each element of the last axis.
    #[must_use]
    pub fn positive_weights(mut self, weights: impl Into<Vec<f64>>) -> Self {
        self.weights = Some(weights.into());
        self
    }

    /// Records the loss, called `loss`, in the scope `loss`, of scores and targets from 0 to 1 of the same shape.
    ///
    /// # Panics
    ///
    /// If the shapes differ, one holds indices, or there are not as many weights as the last axis is long.
    #[track_caller]
    pub fn forward<'t>(&self, scores: Var<'t>, targets: Var<'t>) -> Var<'t> {
        same_shape("bce_with_logits", scores, targets);
        let _scope = scores.tape().scope("loss");
        let each = match &self.weights {
            None => scores.softplus() - targets * scores,
            Some(weights) => {
                let last = scores.shape().last().copied().unwrap_or(1);
                if weights.len() != 1 && weights.len() != last {
                    let problem = format!(
                        "there are {} weights of positive targets, and the last axis of shape {:?} wants 1 or {last}",
                        weights.len(),
                        scores.shape()
                    );
                    refuse("bce_with_logits", problem, &[scores, targets]);
                }
                let more = match weights[..] {
                    [weight] => scores.tape().constant(weight - 1.0),
                    _ => scores.tape().constant(Array1::from_iter(weights.iter().map(|w| w - 1.0))),
                };
                (1.0 - targets) * scores + (1.0 + more * targets) * (-scores).softplus()
            }
        };
        self.reduction.of(each).named("loss")
    }
}

impl KlDivLoss {
    /// Targets are given by their logarithms, too: `eᵗ (t − x)`.
    #[must_use]
    pub fn log_target(mut self) -> Self {
        self.log_target = true;
        self
    }

    /// Records the loss, called `loss`, in the scope `loss`, of logarithms of probabilities and targets of the same shape.
    ///
    /// # Panics
    ///
    /// If the shapes differ, or one holds indices.
    #[track_caller]
    pub fn forward<'t>(&self, log_probabilities: Var<'t>, targets: Var<'t>) -> Var<'t> {
        same_shape("kl_div", log_probabilities, targets);
        let _scope = targets.tape().scope("loss");
        let each = match self.log_target {
            true => targets.exp() * (targets - log_probabilities),
            false => targets.xlogy(targets) - targets * log_probabilities,
        };
        self.reduction.of(each).named("loss")
    }
}

/// Sigmoid and cross entropy in one, of two classes: `L = −(1/n) Σ (t ln σ(x) + (1 − t) ln (1 − σ(x)))` over all n
/// elements, whose derivative is `(σ(x) − t) / n`. One number called `loss`, in the scope `loss`. As [`BceWithLogitsLoss`] with
/// other reductions, or weights.
///
/// Scores x (logits) are any numbers, and targets t probabilities of the same shape. It is computed as `ln (1 + eˣ) − t x`, by
/// [`softplus`](Var::softplus), which is accurate where a probability underflows.
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
    BceWithLogitsLoss::default().forward(scores, targets)
}
