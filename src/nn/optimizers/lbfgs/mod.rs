//! L-BFGS: a quasi-Newton method, which drives a plan.

mod descent;
mod line_search;
mod settings;

use settings::LbfgsSettings;
pub use settings::{Minimum, StopReason};

use crate::{Error, Plan, Precision, Result, State, Var};

/// L-BFGS: minimises a function whose gradient is known to many digits, of few or very many parameters, by an inverse Hessian
/// that the last steps imply.
///
/// Nocedal 1980, *Updating quasi-Newton matrices with limited storage*, with a line search for the strong Wolfe conditions; the steps are
/// those of PyTorch's `LBFGS` with `line_search_fn='strong_wolfe'`. Its vectors are in f64, whatever the precision of the plan.
///
/// It is for losses on all data. On batches that change, take one of the other optimisers.
///
/// ```
/// use chainrule::nn::{Lbfgs, StopReason};
/// use chainrule::{State, Tape};
///
/// let tape = Tape::new();
/// let x = tape.parameter("x", [2]);
/// let (a, b) = (x.slice(ndarray::s![0]), x.slice(ndarray::s![1]));
/// let loss = (1.0 - a).square() + 100.0 * (b - a.square()).square(); // Rosenbrock's
/// let mut state: State<f64> = [("x", ndarray::arr1(&[-1.2, 1.0]))].into_iter().collect();
/// let minimum = Lbfgs::new().minimize(loss, &[x], &mut state)?;
/// assert!(minimum.iterations < 50 && minimum.value < 1e-10, "{minimum:?}");
/// assert!(state.to_vec(["x"])?.iter().all(|x| (x - 1.0).abs() < 1e-5));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Lbfgs(LbfgsSettings);

impl Default for Lbfgs {
    fn default() -> Self {
        Self::new()
    }
}

impl Lbfgs {
    /// With the last 10 steps remembered, at most 1,000 steps, and PyTorch's tolerances: 10⁻⁷ for the gradient, 10⁻⁹ for changes.
    pub fn new() -> Self {
        Self(LbfgsSettings {
            history: 10,
            iterations: 1000,
            gradient_tolerance: 1e-7,
            change_tolerance: 1e-9,
            rate: 1.0,
        })
    }

    /// The same with so many steps remembered, at least 1. Each takes two vectors.
    #[must_use]
    pub fn history(self, history: usize) -> Self {
        Self(LbfgsSettings { history: history.max(1), ..self.0 })
    }

    /// The same with at most so many steps.
    #[must_use]
    pub fn iterations(self, iterations: usize) -> Self {
        Self(LbfgsSettings { iterations, ..self.0 })
    }

    /// The same with other tolerances: of the largest element of the gradient, and of changes of parameters and value.
    #[must_use]
    pub fn tolerances(self, gradient: f64, change: f64) -> Self {
        Self(LbfgsSettings { gradient_tolerance: gradient, change_tolerance: change, ..self.0 })
    }

    /// The same with another first step length along each direction than 1.
    #[must_use]
    pub fn rate(self, rate: f64) -> Self {
        Self(LbfgsSettings { rate, ..self.0 })
    }

    /// Minimises a loss, whose inputs have values on the tape, from the parameters' values in a state on, which become
    /// those of the minimum.
    ///
    /// # Errors
    ///
    /// As [`Plan::compile`] and [`Plan::run`]; then the state is as it was.
    ///
    /// # Panics
    ///
    /// If a parameter has no name, the loss is not one number, or an op on the path to a parameter is not differentiable.
    #[track_caller]
    pub fn minimize<F: Precision>(
        &self,
        loss: Var<'_>,
        parameters: &[Var<'_>],
        state: &mut State<F>,
    ) -> Result<Minimum> {
        let names: Vec<String> = parameters.iter().map(|&p| super::record::name_of(p)).collect();
        let gradients = loss.try_grad(parameters)?;
        let mut plan = Plan::compile([loss].into_iter().chain(gradients), [])?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.minimize_plan(&mut plan, &names, state)
    }

    /// As [`minimize`](Self::minimize) with a plan, which may be fed: its first output is the loss, and the following ones are
    /// the gradients of the parameters of these names.
    ///
    /// # Errors
    ///
    /// As [`Plan::run`], and if the outputs are not these; then the state is as it was.
    pub fn minimize_plan<F: Precision>(
        &self,
        plan: &mut Plan<F>,
        names: &[&str],
        state: &mut State<F>,
    ) -> Result<Minimum> {
        let start = state.to_vec(names.iter().copied())?;
        let mut x: Vec<f64> = start.iter().map(|x| x.wide()).collect();
        let found = self.minimize_function(&mut x, |x, gradient| {
            let rounded: Vec<F> = x.iter().map(|&x| F::of(x)).collect();
            state.assign_vec(names.iter().copied(), &rounded)?;
            let outputs = plan.run(state)?;
            let mut rest = gradient;
            for i in 0..names.len() {
                let part = outputs.get_nth(i + 1).ok_or_else(wrong_outputs)?;
                let room = std::mem::take(&mut rest).split_at_mut_checked(part.len());
                let (first, after) = room.ok_or_else(wrong_outputs)?;
                first.iter_mut().zip(part).for_each(|(into, g)| *into = g.wide());
                rest = after;
            }
            match outputs.get_nth(0) {
                Some(loss) if rest.is_empty() && loss.len() == 1 => Ok(loss.sum().wide()),
                _ => Err(wrong_outputs()),
            }
        });
        let end: Vec<F> = match &found {
            Ok(_) => x.iter().map(|&x| F::of(x)).collect(),
            Err(_) => start,
        };
        state.assign_vec(names.iter().copied(), &end)?;
        found
    }

    /// Minimises any function, which writes its gradient and returns its value, from x on.
    ///
    /// A value that is not finite is one that is too high: steps become shorter.
    ///
    /// # Errors
    ///
    /// That of the function; then x is the lowest point that was reached before.
    pub fn minimize_function(
        &self,
        x: &mut [f64],
        mut function: impl FnMut(&[f64], &mut [f64]) -> Result<f64>,
    ) -> Result<Minimum> {
        descent::minimize(&self.0, x, &mut function)
    }
}

fn wrong_outputs() -> Error {
    Error::Argument {
        what: "minimize_plan",
        problem: "the outputs of the plan are not one number, the loss, and the gradient of each parameter that is named"
            .to_owned(),
    }
}
