//! What is checked, and how.

use crate::check::report::mode::Mode;
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
    pub(super) loss: Var<'t>,
    pub(super) leaves: Vec<Var<'t>>,
    pub(super) gradients: Option<Vec<Var<'t>>>,
    pub(super) mode: Mode,
    pub(super) tolerance: f64,
    pub(super) order: usize,
    pub(super) threads: usize,
    pub(super) seed: u64,
    pub(super) tamper: Option<fn(&mut Plan<f64>)>,
    pub(super) kernels_only: bool,
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
    pub(super) fn kernels(self) -> Self {
        Self { kernels_only: true, ..self }
    }
}
