//! A check of functions that are not on a tape: a number as a function of a slice, and its gradient.

use super::function::{Function, Moves, Reached};
use super::judge::Judge;
use super::mode::Mode;
use super::random::generator;
use super::report::{ParameterReport, Report, Source};
use super::rows::{Row, Scale};
use crate::error::{Error, Result};
use crate::graph::NodeId;

/// A check of a gradient function, in whatever library or by whatever formula it was made.
///
/// The verdicts are those of [`Check`](super::Check). Kinks are known only by the slopes to both sides, since there is
/// no graph to look into, and no node can be named.
///
/// ```
/// use chainrule::check::FunctionCheck;
///
/// let rosenbrock = |x: &[f64]| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2);
/// let gradient = |x: &[f64]| {
///     vec![-2.0 * (1.0 - x[0]) - 400.0 * x[0] * (x[1] - x[0] * x[0]), 200.0 * (x[1] - x[0] * x[0])]
/// };
/// let report = FunctionCheck::new(rosenbrock, gradient, &[-1.2, 1.0]).run()?;
/// assert!(report.passed(), "{report}");
///
/// // As a negative control, a sign is flipped.
/// let wrong = |x: &[f64]| gradient(x).into_iter().map(|g| -g).collect();
/// let report = FunctionCheck::new(rosenbrock, wrong, &[-1.2, 1.0]).must_fail()?;
/// assert!(report.to_string().contains("sign flipped"));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a check does nothing until it is run"]
pub struct FunctionCheck<F, G> {
    f: F,
    df: G,
    x: Vec<f64>,
    name: String,
    mode: Mode,
    tolerance: f64,
    seed: u64,
}

impl<F: Fn(&[f64]) -> f64, G: Fn(&[f64]) -> Vec<f64>> FunctionCheck<F, G> {
    /// A check of `df`, the gradient of `f`, at the point `x`: in [`Mode::Full`], with a relative tolerance of 1e-6.
    pub fn new(f: F, df: G, x: &[f64]) -> Self {
        Self { f, df, x: x.to_vec(), name: "x".to_owned(), mode: Mode::Full, tolerance: 1e-6, seed: 0 }
    }

    /// With another name for the point in the report.
    pub fn name(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// Measured in another way.
    pub fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// With another relative tolerance.
    pub fn tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// With other random directions.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Runs the check: two to a few evaluations for each element, or for each probe.
    ///
    /// # Errors
    ///
    /// If the gradient has not one number for each element, the function is not finite at the point, or gives another
    /// number when it is asked again, or the settings make no sense.
    pub fn run(&self) -> Result<Report> {
        super::run::check_settings(self.mode, self.tolerance)?;
        let gradient = (self.df)(&self.x);
        if gradient.len() != self.x.len() {
            let (found, wanted) = (gradient.len(), self.x.len());
            return Err(argument(format!(
                "the gradient of `{}` has {found} numbers, and the point has {wanted}; one for each is wanted",
                self.name
            )));
        }
        let output = (self.f)(&self.x);
        let again = (self.f)(&self.x);
        if !output.is_finite() {
            return Err(argument(format!(
                "the function is {output} at `{}`; it must be finite there",
                self.name
            )));
        }
        if output.to_bits() != again.to_bits() {
            return Err(argument(format!(
                "the function gives {output:e} and {again:e} at the same point, so no difference means anything"
            )));
        }
        let finite = |x: &f64| x.is_finite();
        let slope = gradient.iter().copied().filter(finite).fold(0.0_f64, |m, g| m.max(g.abs()));
        let scale = Scale {
            rounding: 4.0 * f64::EPSILON * output.abs(),
            uncertain: 4.0 * f64::EPSILON * slope,
            slope: if slope > 0.0 { slope } else { 1.0 },
        };
        let shape = [self.x.len()];
        let row = Row { name: &self.name, shape: &shape, gradient: &gradient, scale };
        let mut report = ParameterReport::new(NodeId::default(), self.name.clone(), shape.to_vec());
        self.fill(&row, output, &mut report)?;
        Ok(Report {
            mode: self.mode,
            order: 1,
            tolerance: self.tolerance,
            source: Source::Analytic,
            output,
            unseen: report.unseen,
            parameters: vec![report],
            nodes: Vec::new(),
            faults: Vec::new(),
            next: None,
        })
    }

    fn fill(&self, row: &Row<'_>, output: f64, report: &mut ParameterReport) -> Result<()> {
        let mut random = generator(self.seed, 2);
        let mut judge = Judge::new(self.tolerance);
        let mut moves = Moving {
            f: &self.f,
            point: self.x.clone(),
            x: self.x.clone(),
            direction: Direction::Element(0),
            base: [output],
            now: [output],
        };
        if self.x.is_empty() {
            report.close();
            return Ok(());
        }
        if let Mode::Quick { probes } = self.mode {
            return row.probes(probes, &mut moves, &mut judge, report, &mut random, |answer| answer);
        }
        let steps = row.steps(self.mode, &mut moves, &mut judge, &mut random)?;
        report.step = steps.usual();
        let answers = row.answers(&mut moves, &mut judge, &steps)?;
        row.count(&answers, report);
        Ok(())
    }

    /// Runs the check as a negative control: of a gradient that is known to be wrong, so that the check must fail.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); and if the check passes.
    pub fn must_fail(&self) -> Result<Report> {
        super::must_fail(self.run()?)
    }
}

fn argument(problem: String) -> Error {
    Error::Argument { what: "check", problem }
}

/// A function of a slice at a point that is moved.
struct Moving<'f, F> {
    f: &'f F,
    point: Vec<f64>,
    /// Where the function is asked.
    x: Vec<f64>,
    direction: Direction,
    base: [f64; 1],
    now: [f64; 1],
}

enum Direction {
    Element(usize),
    Along(Vec<f64>),
}

impl<F: Fn(&[f64]) -> f64> Function for Moving<'_, F> {
    fn at(&mut self, t: f64) -> Result<Reached> {
        let gone = match &self.direction {
            &Direction::Element(element) => {
                self.x[element] = self.point[element] + t;
                self.x[element] - self.point[element]
            }
            Direction::Along(direction) => {
                let there = self.point.iter().zip(direction).map(|(x, v)| x + t * v);
                self.x.iter_mut().zip(there).for_each(|(x, there)| *x = there);
                t
            }
        };
        self.now = [(self.f)(&self.x)];
        match self.direction {
            Direction::Element(element) => self.x[element] = self.point[element],
            Direction::Along(_) => self.x.copy_from_slice(&self.point),
        }
        Ok(Reached { t: gone, smooth: self.now[0].is_finite() })
    }

    fn numbers(&self) -> &[f64] {
        &self.now
    }

    fn base(&self) -> &[f64] {
        &self.base
    }

    fn weights(&self) -> &[f64] {
        &[1.0]
    }
}

impl<F: Fn(&[f64]) -> f64> Moves for Moving<'_, F> {
    fn point(&self) -> &[f64] {
        &self.point
    }

    fn move_element(&mut self, element: usize) {
        self.direction = Direction::Element(element);
    }

    fn move_along(&mut self, direction: Vec<f64>) {
        self.direction = Direction::Along(direction);
    }

    fn is_idle(&self, _: usize) -> bool {
        false
    }
}
