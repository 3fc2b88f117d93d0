//! The gradient checker: the recorded gradients against differences of the same graph, replayed.
//!
//! Unlike a comparison of two numbers, it owns the graph: it judges every node's rules on their own, tells which one is
//! wrong, with the source line that recorded it, and knows a kink from a fault. The chapter
//! [`how_the_checker_decides`] has its formulas and their sources.

mod axes;
mod bench;
mod differences;
mod element;
mod engine;
mod fault;
mod flow;
mod function;
mod functions;
mod groups;
mod hint;
mod judge;
mod kernels;
mod kinks;
mod laws;
mod locate;
mod macros;
mod mode;
mod nodes;
mod ops;
mod preflight;
mod probe;
mod random;
mod replay;
mod report;
mod rows;
mod run;
mod steps;
mod table;
mod trust;
mod whole;
#[doc = include_str!("how_the_checker_decides.md")]
pub mod how_the_checker_decides {}

pub use fault::{Fault, Stage};
pub use functions::{FunctionCheck, forms};
#[doc(hidden)]
pub use macros::expect_pass;
pub use mode::Mode;
pub use ops::{OpCase, OpCheck, OpReport};
pub use report::{NodeReport, ParameterReport, Report, Source, Verdict, Worst};

use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::tape::Var;

/// A gradient check to be run: which output, which leaves, how thoroughly.
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
    gradients: Option<Vec<Var<'t>>>,
    mode: Mode,
    tolerance: f64,
    order: usize,
    threads: usize,
    seed: u64,
    tamper: Option<fn(&mut Plan<f64>)>,
    kernels_only: bool,
}

impl<'t> Check<'t> {
    /// A check of the gradients of `loss`, one number, with respect to leaves: inputs with values and parameters.
    ///
    /// The mode is [`Mode::Full`], the relative tolerance 1e-6, the order 1, on one thread.
    pub fn new(loss: Var<'t>, leaves: &[Var<'t>]) -> Self {
        Self {
            loss,
            leaves: leaves.to_vec(),
            gradients: None,
            mode: Mode::Full,
            tolerance: 1e-6,
            order: 1,
            threads: 1,
            seed: 0,
            tamper: None,
            kernels_only: false,
        }
    }

    /// Measured in another way.
    pub fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// By plain central differences at this step h, in the units of the leaves: [`Mode::Chapter`].
    pub fn step(self, step: f64) -> Self {
        self.mode(Mode::Chapter { step })
    }

    /// With another relative tolerance.
    pub fn tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// Up to this order: 2 checks the gradient's own graph as well, contracted with a random cotangent, by the same
    /// code.
    pub fn order(self, order: usize) -> Self {
        Self { order, ..self }
    }

    /// On this many threads, but on no more than the machine runs at one time, since each has a copy of what is replayed; the
    /// report is the same.
    pub fn threads(self, threads: usize) -> Self {
        let most = std::thread::available_parallelism().map_or(1, usize::from);
        Self { threads: threads.min(most), ..self }
    }

    /// With other random cotangents and directions.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Gradients that are recorded already, one for each leaf, instead of those that [`Var::grad`] records now: those of
    /// a saved graph, or a formula of one's own.
    pub fn gradients(self, gradients: &[Var<'t>]) -> Self {
        Self { gradients: Some(gradients.to_vec()), ..self }
    }

    /// Changes the plan that the loss is replayed by: for tests of the checker itself.
    #[doc(hidden)]
    pub fn tamper(self, tamper: fn(&mut Plan<f64>)) -> Self {
        Self { tamper: Some(tamper), ..self }
    }

    /// Of the kernels alone: no derivative is measured.
    fn kernels(self) -> Self {
        Self { kernels_only: true, ..self }
    }

    /// Runs the check.
    ///
    /// # Errors
    ///
    /// If the output is not one number, something asked for is not a leaf of real numbers with a value, the output is
    /// not finite, an op refuses its operands, or the step vanishes beside an element.
    #[track_caller]
    pub fn run(&self) -> Result<Report> {
        run::run(self)
    }

    /// Runs the check as a negative control: of a gradient that is known to be wrong, so that the check must fail.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); and if the check passes.
    #[track_caller]
    pub fn must_fail(&self) -> Result<Report> {
        must_fail(self.run()?)
    }
}

/// The report of a check that was meant to fail.
fn must_fail(report: Report) -> Result<Report> {
    must_fail_if(report.passed(), report)
}

fn must_fail_if<R: std::fmt::Display>(passed: bool, report: R) -> Result<R> {
    if !passed {
        return Ok(report);
    }
    Err(Error::Argument {
        what: "must_fail",
        problem: format!("the check was to find a wrong gradient, and passed\n{report}"),
    })
}
