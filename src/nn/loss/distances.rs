//! Losses that bring vectors together, or apart.

use super::{Reduction, one_for_each_row, reduced, same_shape};
use crate::Var;

/// The cosine of the angle between vectors along the last axis: `a · b / (|a| |b|)`, of the shape without that axis. A length
/// counts as no less than 1e-8, so that it is 0 for a vector of zeros; there, no derivative goes through the length.
///
/// ```
/// use chainrule::{Tape, nn};
/// use ndarray::arr2;
///
/// let tape = Tape::new();
/// let a = tape.leaf("a", arr2(&[[3.0, 0.0], [1.0, 1.0]]));
/// let b = tape.leaf("b", arr2(&[[5.0, 0.0], [-1.0, 1.0]]));
/// assert_eq!(nn::cosine_similarity(a, b).value().as_slice().unwrap(), [1.0, 0.0]);
/// ```
///
/// # Panics
///
/// If the shapes differ, or are those of scalars.
#[track_caller]
pub fn cosine_similarity<'t>(a: Var<'t>, b: Var<'t>) -> Var<'t> {
    const LEAST: f64 = 1e-8;
    same_shape("cosine_similarity", a, b);
    (a * b).sum_over(-1) / (length(a).maximum(LEAST) * length(b).maximum(LEAST))
}

/// The Euclidean length along the last axis, with derivative 0 at 0. The root is kept off 0, where its slope is infinite.
#[track_caller]
fn length(x: Var<'_>) -> Var<'_> {
    root(x.square().sum_over(-1), |square| square.sqrt())
}

/// A root of something that is not negative, and 0 with derivative 0 at 0.
#[track_caller]
fn root<'t>(x: Var<'t>, of: impl Fn(Var<'t>) -> Var<'t>) -> Var<'t> {
    x.select(of(x.select(x, 1.0)), 0.0)
}

/// Pulls pairs of vectors together or apart by the [cosine](cosine_similarity) of their angle: `1 − cos` for a target of 1,
/// `max(0, cos − margin)` for one of −1, and 0 for any other.
///
/// 1e-12 is added to the squares of lengths, as in PyTorch.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CosineEmbeddingLoss {
    margin: f64,
    reduction: Reduction,
}

/// Wants an anchor nearer to a positive than to a negative by a margin: `max(0, d(a, p) − d(a, n) + margin)`, with the distance
/// `d(x, y) = (Σ |x − y + 1e-6|ᵖ)^(1/p)` along the last axis. The margin is 1 and p is 2 unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TripletMarginLoss {
    margin: f64,
    p: f64,
    swap: bool,
    reduction: Reduction,
}

reduced! { CosineEmbeddingLoss TripletMarginLoss }

impl CosineEmbeddingLoss {
    /// Up to which cosine vectors count as apart; 0 unless said otherwise.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> Self {
        self.margin = margin;
        self
    }

    /// Records the loss, called `loss`, in the scope `loss`: of vectors `[…, n]`, both of the same shape, and targets of the
    /// shape without the last axis.
    ///
    /// # Panics
    ///
    /// If the shapes are others.
    #[track_caller]
    pub fn forward<'t>(&self, a: Var<'t>, b: Var<'t>, targets: Var<'t>) -> Var<'t> {
        const ADDED: f64 = 1e-12;
        same_shape("cosine_embedding", a, b);
        one_for_each_row("cosine_embedding", a, targets);
        let _scope = a.tape().scope("loss");
        let square = |x: Var<'t>| x.square().sum_over(-1) + ADDED;
        let cos = (a * b).sum_over(-1) / (square(a) * square(b)).sqrt();
        let apart = targets.equal(-1.0).select((cos - self.margin).relu(), 0.0);
        self.reduction.of(targets.equal(1.0).select(1.0 - cos, apart)).named("loss")
    }
}

impl Default for TripletMarginLoss {
    fn default() -> Self {
        Self { margin: 1.0, p: 2.0, swap: false, reduction: Reduction::Mean }
    }
}

impl TripletMarginLoss {
    /// By how much the negative has to be further away.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> Self {
        self.margin = margin;
        self
    }

    /// The exponent of the distance.
    ///
    /// # Panics
    ///
    /// If it is below 1.
    #[must_use]
    #[track_caller]
    pub fn p(mut self, p: f64) -> Self {
        assert!(p >= 1.0, "TripletMarginLoss: the exponent of a distance is at least 1, got {p}");
        self.p = p;
        self
    }

    /// The positive takes the place of the anchor where it is nearer to the negative (Balntas and others, "Learning local
    /// feature descriptors with triplets and shallow convolutional neural networks", 2016).
    #[must_use]
    pub fn swap(mut self) -> Self {
        self.swap = true;
        self
    }

    /// Records the loss, called `loss`, in the scope `loss`, of three arrays `[…, n]` of the same shape.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    #[track_caller]
    pub fn forward<'t>(&self, anchor: Var<'t>, positive: Var<'t>, negative: Var<'t>) -> Var<'t> {
        same_shape("triplet_margin", anchor, positive);
        same_shape("triplet_margin", anchor, negative);
        let _scope = anchor.tape().scope("loss");
        let near = self.distance(anchor, positive);
        let mut far = self.distance(anchor, negative);
        if self.swap {
            far = far.minimum(self.distance(positive, negative));
        }
        self.reduction.of((near - far + self.margin).relu()).named("loss")
    }

    #[track_caller]
    fn distance<'t>(&self, a: Var<'t>, b: Var<'t>) -> Var<'t> {
        const ADDED: f64 = 1e-6;
        let difference = a - b + ADDED;
        match self.p {
            2.0 => length(difference),
            1.0 => difference.abs().sum_over(-1),
            p => root(difference.abs().powf(p).sum_over(-1), |sum| sum.powf(1.0 / p)),
        }
    }
}
