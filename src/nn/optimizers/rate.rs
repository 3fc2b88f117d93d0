//! Learning rates that follow the number of steps.

use crate::Var;
use std::f64::consts::PI;
use std::fmt;
use std::sync::Arc;

/// A learning rate: a number, or a schedule, which is recorded as a function of the number of steps that were taken before.
///
/// The count is a parameter of the tape, such as `sgd/step/w` after the first parameter `w`; it is saved with the state, and a plan
/// that follows a schedule is never compiled anew. A number is a rate too: `Adam::new(0.001)`.
///
/// ```
/// use chainrule::nn::{Optimizer, Rate, Sgd};
/// use chainrule::{Plan, State, Tape};
///
/// let tape = Tape::new();
/// let w = tape.parameter("w", []);
/// let sgd = Sgd::new(Rate::exponential(1.0, 0.5));
/// let mut step = Plan::<f64>::compile([], sgd.updates(w, &[w]))?;
/// let mut state: State<f64> = [("w", ndarray::arr0(0.0))].into_iter().collect();
/// sgd.init(&[w], &mut state);
/// for _ in 0..3 {
///     step.run(&mut state)?;
/// }
/// assert_eq!(state.to_vec(["w", "sgd/step/w"])?, [-1.75, 3.0]);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone)]
pub struct Rate(RateKind);

type Recorded = dyn for<'t> Fn(Var<'t>) -> Var<'t> + Send + Sync;

/// A schedule as data, so that its nodes are recorded at the line of the user.
#[derive(Clone)]
enum RateKind {
    Constant(f64),
    /// The rate, every so many steps, and the logarithm of the factor.
    StepDecay(f64, f64, f64),
    Milestones(f64, Vec<usize>, f64),
    Exponential(f64, f64),
    /// The first and the last rate, and the steps between them.
    Linear(f64, f64, f64),
    Cosine(f64, f64, f64),
    /// The highest rate, and the steps.
    OneCycle(f64, f64),
    WarmUp(Box<Rate>, f64),
    FromFn(Arc<Recorded>),
}

impl Rate {
    /// The same rate at every step.
    pub fn constant(rate: f64) -> Self {
        Self(RateKind::Constant(rate))
    }

    /// Any function of the number of steps that were taken before: a number from 0.
    ///
    /// ```
    /// use chainrule::nn::{Adam, Rate};
    /// // As in *Attention is all you need*, section 5.3, with width 512 and 4,000 steps of warm-up.
    /// let adam = Adam::new(Rate::from_fn(|t| {
    ///     let t = t + 1.0;
    ///     512.0_f64.powf(-0.5) * t.sqrt().recip().minimum(t * 4000.0_f64.powf(-1.5))
    /// }));
    /// ```
    pub fn from_fn(f: impl for<'t> Fn(Var<'t>) -> Var<'t> + Send + Sync + 'static) -> Self {
        Self(RateKind::FromFn(Arc::new(f)))
    }

    /// `η γ^⌊t / n⌋`: times γ after every n steps; PyTorch's `StepLR`.
    ///
    /// # Panics
    ///
    /// If n is 0, or γ is not more than 0.
    #[track_caller]
    pub fn step_decay(rate: f64, every: usize, factor: f64) -> Self {
        assert!(every > 0, "step_decay: the rate changes after every 1 or more steps, got 0");
        let ln = logarithm("step_decay", factor);
        Self(RateKind::StepDecay(rate, every as f64, ln))
    }

    /// `η γ^k`, where k of the given steps are not above t; PyTorch's `MultiStepLR`.
    ///
    /// # Panics
    ///
    /// If γ is not more than 0.
    #[track_caller]
    pub fn milestones(rate: f64, steps: &[usize], factor: f64) -> Self {
        let ln = logarithm("milestones", factor);
        Self(RateKind::Milestones(rate, steps.to_vec(), ln))
    }

    /// `η γᵗ`; PyTorch's `ExponentialLR`.
    ///
    /// # Panics
    ///
    /// If γ is not more than 0.
    #[track_caller]
    pub fn exponential(rate: f64, factor: f64) -> Self {
        let ln = logarithm("exponential", factor);
        Self(RateKind::Exponential(rate, ln))
    }

    /// A straight line from the first rate at step 0 to the last one at step `steps`, and the last one after that; PyTorch's
    /// `LinearLR`.
    ///
    /// # Panics
    ///
    /// If there are 0 steps.
    #[track_caller]
    pub fn linear(first: f64, last: f64, steps: usize) -> Self {
        let steps = positive("linear", steps);
        Self(RateKind::Linear(first, last, steps))
    }

    /// Half a wave from the first rate at step 0 to the last one at step `steps`, and the last one after that: `ηₙ + ½ (η₀ − ηₙ)
    /// (1 + cos(π t / n))`. Commonly after a [warm-up](Self::warm_up).
    ///
    /// Loshchilov and Hutter 2017, *SGDR: stochastic gradient descent with warm restarts*, eq. 5, without restarts; PyTorch's
    /// `CosineAnnealingLR` up to there.
    ///
    /// # Panics
    ///
    /// If there are 0 steps.
    #[track_caller]
    pub fn cosine(first: f64, last: f64, steps: usize) -> Self {
        let steps = positive("cosine", steps);
        Self(RateKind::Cosine(first, last, steps))
    }

    /// A rise and a fall within `steps` steps, half a wave each: from `highest / 25` to `highest` in the first three tenths, and
    /// down to `highest / 250,000` at the last step.
    ///
    /// Smith and Topin 2017, *Super-convergence*, as PyTorch's `OneCycleLR` with its defaults.
    ///
    /// # Panics
    ///
    /// If there are fewer than 4 steps, so that the rise has none.
    #[track_caller]
    pub fn one_cycle(highest: f64, steps: usize) -> Self {
        assert!(steps > 3, "one_cycle: a rise and a fall take at least 4 steps, got {steps}");
        Self(RateKind::OneCycle(highest, steps as f64))
    }

    /// The same with a rise before it: in the first n steps, `(t + 1) / (n + 1)` of its first rate; then it follows from its
    /// beginning.
    #[must_use]
    pub fn warm_up(self, steps: usize) -> Self {
        Self(RateKind::WarmUp(Box::new(self), steps as f64))
    }

    /// The rate, if it is the same at every step.
    pub(super) fn as_constant(&self) -> Option<f64> {
        match self.0 {
            RateKind::Constant(rate) => Some(rate),
            _ => None,
        }
    }

    /// Records the rate after t steps.
    ///
    /// # Panics
    ///
    /// If a function of the user gives anything but one number.
    #[track_caller]
    pub fn at<'t>(&self, t: Var<'t>) -> Var<'t> {
        let _updating = t.tape().updating();
        let rate = match &self.0 {
            RateKind::Constant(rate) => t.tape().constant(*rate),
            // Half a step more, since the quotient is rounded.
            RateKind::StepDecay(rate, every, ln) => *rate * (((t + 0.5) / *every).floor() * *ln).exp(),
            RateKind::Milestones(rate, steps, ln) => {
                let mut reached = t.tape().constant(0.0);
                for &step in steps {
                    reached += t.greater_equal(step as f64);
                }
                *rate * (reached * *ln).exp()
            }
            RateKind::Exponential(rate, ln) => *rate * (t * *ln).exp(),
            RateKind::Linear(first, last, steps) => *first + (last - first) * (t / *steps).minimum(1.0),
            RateKind::Cosine(first, last, steps) => wave(*first, *last, t / *steps),
            RateKind::OneCycle(highest, steps) => {
                let (lowest, top, end) = (highest / 25.0, 0.3 * steps - 1.0, steps - 1.0);
                let rise = wave(lowest, *highest, t / top);
                let fall = wave(*highest, lowest / 1e4, ((t - top) / (end - top)).maximum(0.0));
                t.less_equal(top).select(rise, fall)
            }
            RateKind::WarmUp(rate, n) => {
                let rise = ((t + 1.0) / (n + 1.0)).minimum(1.0);
                rise * rate.at((t - *n).maximum(0.0))
            }
            RateKind::FromFn(record) => record(t),
        };
        assert!(rate.shape().is_empty(), "rate: a schedule gives one number, got shape {:?}", rate.shape());
        rate
    }
}

/// Half a wave from one number to another, as the part of the way goes from 0 to 1, and the other after that.
#[track_caller]
fn wave<'t>(first: f64, last: f64, part: Var<'t>) -> Var<'t> {
    last + 0.5 * (first - last) * (1.0 + (PI * part.minimum(1.0)).cos())
}

#[track_caller]
fn logarithm(what: &str, factor: f64) -> f64 {
    assert!(factor > 0.0, "{what}: a factor is more than 0, got {factor:?}");
    factor.ln()
}

#[track_caller]
fn positive(what: &str, steps: usize) -> f64 {
    assert!(steps > 0, "{what}: it takes 1 or more steps, got 0");
    steps as f64
}

impl From<f64> for Rate {
    fn from(rate: f64) -> Self {
        Self::constant(rate)
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            RateKind::Constant(rate) => write!(f, "{rate:?}"),
            RateKind::StepDecay(..) => f.write_str("Rate::step_decay(…)"),
            RateKind::Milestones(..) => f.write_str("Rate::milestones(…)"),
            RateKind::Exponential(..) => f.write_str("Rate::exponential(…)"),
            RateKind::Linear(..) => f.write_str("Rate::linear(…)"),
            RateKind::Cosine(..) => f.write_str("Rate::cosine(…)"),
            RateKind::OneCycle(..) => f.write_str("Rate::one_cycle(…)"),
            RateKind::WarmUp(rate, steps) => write!(f, "{rate:?}.warm_up({steps})"),
            RateKind::FromFn(_) => f.write_str("Rate::from_fn(…)"),
        }
    }
}
