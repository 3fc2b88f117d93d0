//! What a search for a minimum is given, and what it found.

/// How steps are made, and when they end.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LbfgsSettings {
    pub(super) history: usize,
    pub(super) iterations: usize,
    pub(super) gradient_tolerance: f64,
    pub(super) change_tolerance: f64,
    pub(super) rate: f64,
}

/// What [`Lbfgs`](super::Lbfgs) found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Minimum {
    /// The value.
    pub value: f64,
    /// The largest element of the gradient, without its sign.
    pub gradient: f64,
    /// The steps that were taken.
    pub iterations: usize,
    /// How often value and gradient were computed.
    pub evaluations: usize,
    /// Why it ended.
    pub reason: StopReason,
}

/// Why [`Lbfgs`](super::Lbfgs) ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// No element of the gradient is larger than its tolerance.
    Gradient,
    /// The parameters or the value hardly change.
    Change,
    /// So many steps were taken as are allowed.
    Iterations,
    /// No lower value was found along the direction: most often rounding, or a wrong gradient.
    LineSearch,
    /// The value or the gradient at the start is not finite.
    NotFinite,
}
