//! Losses of classification.

use super::{Reduction, one_for_each_row, reduced, refuse, same_shape};
use crate::Var;
use crate::op::Kind;
use ndarray::Array1;

/// Softmax and cross entropy in one: `L = −(1/n) Σ t ln softmax(x)`, whose derivative is `(softmax(x) − t) / n`.
///
/// [`CrossEntropyLoss`] has class weights, label smoothing, an ignored label and other reductions.
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

/// Softmax and cross entropy in one: of a row x of scores along the last axis, `−Σ w t ln softmax(x)` with class weights w, 1
/// unless they are given.
///
/// With label smoothing ε, a share ε of each target is spread over all classes (Szegedy and others, "Rethinking the
/// Inception architecture for computer vision", 2016, section 7). Of labels, the mean is weighted: the sum over rows by the
/// sum of the weights of their labels. Rows whose label is ignored have no part in it, and no gradient; if all are, the
/// mean is NaN. All as in PyTorch.
///
/// ```
/// use chainrule::{Tape, nn::CrossEntropyLoss};
/// use ndarray::{array, arr2};
///
/// let tape = Tape::new();
/// let scores = tape.leaf("scores", arr2(&[[0.0, 0.0], [7.0, 0.0]]));
/// let padding = 2;
/// let labels = tape.index_leaf("labels", array![1, padding]);
/// let loss = CrossEntropyLoss::default().label_smoothing(0.1).ignore_index(padding).forward(scores, labels);
/// assert!((loss.value().item() - 2f64.ln()).abs() < 1e-15);
/// assert_eq!(loss.grad([scores])[0].value().as_slice().unwrap()[2..], [0.0, 0.0]);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CrossEntropyLoss {
    weights: Option<Vec<f64>>,
    smoothing: f64,
    ignored: Option<usize>,
    reduction: Reduction,
}

/// The negative logarithm of the likelihood of labels: `−w xₜ` of a row x of logarithms of probabilities along the last axis,
/// and its label t, with class weights w. It is [`CrossEntropyLoss`] after a [`log_softmax`](Var::log_softmax).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NllLoss {
    weights: Option<Vec<f64>>,
    ignored: Option<usize>,
    reduction: Reduction,
}

reduced! { CrossEntropyLoss NllLoss }

/// The settings that both share.
macro_rules! of_classes {
    ($($loss:ident)+) => {
        $(impl $loss {
            /// What each class counts; 1 unless said otherwise.
            #[must_use]
            pub fn class_weights(mut self, weights: impl Into<Vec<f64>>) -> Self {
                self.weights = Some(weights.into());
                self
            }

            /// The label of rows that count nothing, such as padding; it may be past the last class.
            #[must_use]
            pub fn ignore_index(mut self, label: usize) -> Self {
                self.ignored = Some(label);
                self
            }
        })+
    };
}

of_classes! { CrossEntropyLoss NllLoss }

impl CrossEntropyLoss {
    /// The share ε of each target that is spread over all classes; 0 unless said otherwise.
    ///
    /// # Panics
    ///
    /// If it is not from 0 to 1.
    #[must_use]
    #[track_caller]
    pub fn label_smoothing(mut self, share: f64) -> Self {
        assert!((0.0..=1.0).contains(&share), "label_smoothing: the share must be from 0 to 1, got {share}");
        self.smoothing = share;
        self
    }

    /// Records the loss, called `loss`, in the scope `loss`.
    ///
    /// Scores are `[…, classes]`; targets are class labels, an index var of the shape without that axis, or probabilities of
    /// the same shape. Reduced to nothing, the loss has the shape of the labels.
    ///
    /// # Panics
    ///
    /// If the targets have another shape, if there are not as many weights as classes, or if a label is ignored and targets
    /// are probabilities.
    #[track_caller]
    pub fn forward<'t>(&self, scores: Var<'t>, targets: Var<'t>) -> Var<'t> {
        const NAME: &str = "cross_entropy";
        let _scope = scores.tape().scope("loss");
        if *self == Self::default() {
            return scores.softmax_cross_entropy(targets).named("loss");
        }
        let is_labels = std::ptr::eq(scores.tape(), targets.tape())
            && scores.tape().graph().node(targets.id()).kind() == Kind::Index;
        if is_labels {
            let labels = ClassLabels { weights: self.weights.as_deref(), ignored: self.ignored };
            let each = labels.each(NAME, scores.log_softmax(-1), targets, scores, self.smoothing);
            return each.reduced(self.reduction).named("loss");
        }
        same_shape(NAME, scores, targets);
        if self.ignored.is_some() {
            let problem = "a label to be ignored is set, and targets are probabilities; ignored rows have targets that are all 0";
            refuse(NAME, problem.to_owned(), &[scores, targets]);
        }
        let log = scores.log_softmax(-1);
        // A class that is not wanted costs nothing, even where its probability is 0.
        let impossible = targets.equal(0.0) * log.equal(f64::NEG_INFINITY);
        let of_targets = targets * impossible.select(0.0, log);
        let weights = weights(NAME, self.weights.as_deref(), scores, targets);
        let weighted = |x: Var<'t>| weights.map_or(x, |w| w * x);
        let mut each = -weighted(of_targets).sum_over(-1);
        if self.smoothing > 0.0 {
            each = (1.0 - self.smoothing) * each - self.smoothing * weighted(log).mean_over(-1);
        }
        self.reduction.of(each).named("loss")
    }
}

impl NllLoss {
    /// Records the loss, called `loss`, in the scope `loss`.
    ///
    /// Logarithms of probabilities are `[…, classes]`, and labels an index var of the shape without that axis. Reduced to
    /// nothing, the loss has the shape of the labels.
    ///
    /// # Panics
    ///
    /// If the labels have another shape, or there are not as many weights as classes.
    #[track_caller]
    pub fn forward<'t>(&self, log_probabilities: Var<'t>, labels: Var<'t>) -> Var<'t> {
        let _scope = log_probabilities.tape().scope("loss");
        let rows = ClassLabels { weights: self.weights.as_deref(), ignored: self.ignored };
        rows.each("nll", log_probabilities, labels, log_probabilities, 0.0)
            .reduced(self.reduction)
            .named("loss")
    }
}

/// The class weights as a constant.
#[track_caller]
fn weights<'t>(loss: &str, weights: Option<&[f64]>, scores: Var<'t>, targets: Var<'t>) -> Option<Var<'t>> {
    let weights = weights?;
    let classes = scores.shape().last().copied().unwrap_or_default();
    if weights.len() != classes {
        let problem = format!("there are {} class weights, and {classes} classes", weights.len());
        refuse(loss, problem, &[scores, targets]);
    }
    Some(scores.tape().constant(Array1::from_iter(weights.iter().copied())))
}

/// What labels count.
struct ClassLabels<'a> {
    weights: Option<&'a [f64]>,
    ignored: Option<usize>,
}

/// The losses of rows, and what each row counts where that is not 1.
struct Rows<'t> {
    each: Var<'t>,
    counts: Option<Var<'t>>,
}

impl ClassLabels<'_> {
    #[track_caller]
    fn each<'t>(
        &self,
        loss: &str,
        log: Var<'t>,
        labels: Var<'t>,
        scores: Var<'t>,
        smoothing: f64,
    ) -> Rows<'t> {
        one_for_each_row(loss, scores, labels);
        let hot = match self.ignored {
            Some(ignored) => labels.one_hot_like_ignoring(scores, ignored),
            None => labels.one_hot_like(scores),
        };
        let weights = weights(loss, self.weights, scores, labels);
        let weighted = |x: Var<'t>| weights.map_or(x, |w| w * x);
        let mut each = -hot.select(weighted(log), 0.0).sum_over(-1);
        if smoothing > 0.0 {
            let spread = hot.sum_over(-1).select(weighted(log).mean_over(-1), 0.0);
            each = (1.0 - smoothing) * each - smoothing * spread;
        }
        let counted = self.ignored.is_some() || weights.is_some();
        Rows { each, counts: counted.then(|| weighted(hot).sum_over(-1)) }
    }
}

impl<'t> Rows<'t> {
    #[track_caller]
    fn reduced(self, reduction: Reduction) -> Var<'t> {
        match (reduction, self.counts) {
            (Reduction::Mean, Some(counts)) => self.each.sum() / counts.sum(),
            _ => reduction.of(self.each),
        }
    }
}
