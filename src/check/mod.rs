//! The gradient checker: the recorded gradients against differences of the same graph, replayed.
//!
//! For every element of every asked-for leaf the output is computed at `x + h` and `x − h`, and
//! `(f(x + h) − f(x − h)) / 2h` is held against the gradient that the reverse pass recorded.

mod element;
mod report;
mod run;

pub use report::{ParameterReport, Report, Verdict, Worst};

use crate::error::Result;
use crate::tape::Var;

/// A gradient check to be run: which output, which leaves, which step.
///
/// The point is where the tape's values are: leaves with values, [fed](crate::Tape::feed) inputs,
/// [loaded](crate::Tape::load) parameters.
///
/// ```
/// let tape = chainrule::Tape::new();
/// let w = tape.leaf("w", ndarray::arr1(&[0.3, -0.2, 0.9]));
/// let loss = (w.tanh() * w).sum();
/// let report = chainrule::Check::new(loss, &[w]).run()?;
/// assert!(report.passed(), "{report}");
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a check does nothing until it is run"]
pub struct Check<'t> {
    loss: Var<'t>,
    leaves: Vec<Var<'t>>,
    step: f64,
    tolerance: f64,
}

impl<'t> Check<'t> {
    /// A check of the gradients of `loss`, one number, with respect to leaves: inputs with values and parameters.
    ///
    /// The step is 1e-4, as in 'Deep Learning from Scratch' (chapter 4), and the relative tolerance 1e-6.
    pub fn new(loss: Var<'t>, leaves: &[Var<'t>]) -> Self {
        Self { loss, leaves: leaves.to_vec(), step: 1e-4, tolerance: 1e-6 }
    }

    /// With another step h, in the units of the leaves.
    pub fn step(self, step: f64) -> Self {
        Self { step, ..self }
    }

    /// With another relative tolerance.
    pub fn tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// Records the gradients, and compares every element: two replays each, in f64.
    ///
    /// An element's verdict, with Δ the difference of both numbers, M the greater magnitude of the two, and err what
    /// rounding and the step's length may have done to the numeric one:
    ///
    /// - *kink*: a comparison in the graph (a ReLU's mask, which of two is the greater, the condition of a `where`)
    ///   came out differently at x + h or x − h than at x, or the step left the output's domain; listed, and left out
    ///   of all figures;
    /// - *fail*: |Δ| > tolerance · M + 4 err, or the gradient is NaN or infinite;
    /// - *pass*: |Δ| ≤ tolerance · M, and M > 4 err;
    /// - *zero*, a pass: the gradient is exactly 0 and the output the same, bit for bit, at x ± h and x ± 8h, and
    ///   rounding could not have hidden a thousandth of the greatest gradient;
    /// - else *unresolved*: too small to be told from rounding.
    ///
    /// A leaf fails if an element does, if nothing was resolved, more than a fifth was not, or most were kinks. Where a
    /// gradient is stopped on purpose ([`Var::stop_gradient`]), differences do not stop, and the leaf fails.
    ///
    /// # Errors
    ///
    /// If the output is not one number, something asked for is not a leaf of real numbers with a value, the output is
    /// not finite, or not the same at two replays, or the step vanishes beside an element.
    #[track_caller]
    pub fn run(&self) -> Result<Report> {
        run::run(self)
    }
}

/// Panics with the report unless the gradients of an output with respect to leaves agree with differences.
///
/// ```
/// # use chainrule::{Tape, assert_gradients};
/// let tape = Tape::new();
/// let (x, w) = (tape.leaf("x", 0.5), tape.leaf("w", -1.5));
/// assert_gradients!((x * w).sigmoid(), [x, w]);
/// ```
#[macro_export]
macro_rules! assert_gradients {
    ($loss:expr, [$($leaf:expr),+ $(,)?] $(,)?) => {
        match $crate::Check::new($loss, &[$($leaf),+]).run() {
            Ok(report) => assert!(report.passed(), "gradients differ\n{report}"),
            Err(error) => panic!("{error}"),
        }
    };
}
