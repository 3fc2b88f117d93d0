//! Checks of functions that are not on a tape, and of their derivatives.

pub mod forms;
mod moving;
mod noise;

use super::element::Element;
use super::judge::{Answer, Judge};
use super::mode::Mode;
use super::random::{Random, generator, signed};
use super::report::{ParameterReport, Report, Source, Verdict};
use super::rows::{Row, Scale};
use super::run::{check_settings, unseen};
use crate::Float;
use crate::error::{Error, Result};
use crate::graph::NodeId;
use forms::{Argument, Arrays, Form, Gradient, Jacobian, Numbers, Slice, Vjp, epsilon};
use moving::Moving;
use ndarray::{ArrayD, IxDyn};
use std::marker::PhantomData;

/// A check of a derivative that was written by hand, or made by whatever library.
///
/// The verdicts are those of [`Check`](super::Check). Kinks are known only by the slopes to both sides, since there is
/// no graph to look into, and no node can be named. What is checked is called the *analytic* derivative in the report.
///
/// | constructor | the function | its derivative |
/// |---|---|---|
/// | [`new`](Self::new), [`single`](Self::single) | a number of a slice | its gradient |
/// | [`gradient`](Self::gradient) | a number of several arrays | an array for each |
/// | [`vjp`](Self::vjp) | an array of several arrays | the cotangent of each, given that of the result |
/// | [`jacobian`](Self::jacobian) | an array of several arrays | all derivatives, an array for each |
///
/// Functions of `f32` are measured with the longer steps and the tolerance, 1e-3, that single precision wants.
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
///
/// Several arrays have names, and come in the order in which they are named:
///
/// ```
/// use chainrule::check::FunctionCheck;
/// use ndarray::{ArrayD, arr1, arr2};
///
/// // The sum of squares of w and of b, which have shapes of their own.
/// let loss = |x: &[ArrayD<f64>]| x.iter().flatten().map(|x| x * x).sum::<f64>();
/// let gradient = |x: &[ArrayD<f64>]| x.iter().map(|x| 2.0 * x).collect();
/// let (w, b) = (arr2(&[[0.3, -0.2], [0.9, 1.1]]), arr1(&[0.5, -0.7]));
/// let report = FunctionCheck::gradient(loss, gradient).on([("w", &w), ("b", &b)]).run()?;
/// assert!(report.passed() && report.parameter("w").unwrap().shape == [2, 2], "{report}");
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a check does nothing until it is run"]
pub struct FunctionCheck<F, G, K = Slice<f64>> {
    f: F,
    df: G,
    form: PhantomData<K>,
    arguments: Vec<Argument>,
    mode: Mode,
    tolerance: f64,
    seed: u64,
}

impl<F: Fn(&[f64]) -> f64, G: Fn(&[f64]) -> Vec<f64>> FunctionCheck<F, G> {
    /// A check of `df`, the gradient of `f`, at the point `x`: in [`Mode::Full`], with a relative tolerance of 1e-6.
    pub fn new(f: F, df: G, x: &[f64]) -> Self {
        Self::of(f, df, vec![Argument::slice(x)], 1e-6)
    }
}

impl<F: Fn(&[f32]) -> f32, G: Fn(&[f32]) -> Vec<f32>> FunctionCheck<F, G, Slice<f32>> {
    /// The same of a function that computes in single precision: with a relative tolerance of 1e-3.
    pub fn single(f: F, df: G, x: &[f32]) -> Self {
        Self::of(f, df, vec![Argument::slice(x)], tolerance::<f32>())
    }
}

impl<T: Float, F, G> FunctionCheck<F, G, Arrays<T, Gradient>>
where
    F: Fn(&[ArrayD<T>]) -> T,
    G: Fn(&[ArrayD<T>]) -> Vec<ArrayD<T>>,
{
    /// A check of the gradient of a number that depends on several arrays, which are named by [`on`](Self::on): `df`
    /// gives an array for each, of its shape.
    pub fn gradient(f: F, df: G) -> Self {
        Self::of(f, df, Vec::new(), tolerance::<T>())
    }
}

impl<T: Float, F, G> FunctionCheck<F, G, Arrays<T, Vjp>>
where
    F: Fn(&[ArrayD<T>]) -> ArrayD<T>,
    G: Fn(&[ArrayD<T>], &ArrayD<T>) -> Vec<ArrayD<T>>,
{
    /// A check of the VJP of an array that depends on several arrays, which are named by [`on`](Self::on): `vjp` is
    /// given them and a cotangent `dy` of the shape of the result, and gives `Σ dyᵢ ∂yᵢ/∂x` for each x. The cotangent
    /// is random.
    ///
    /// ```
    /// use chainrule::check::FunctionCheck;
    /// use ndarray::{Array1, ArrayD, arr1};
    ///
    /// // y = exp(x) ⊙ s, for a vector x and a number s.
    /// let f = |x: &[ArrayD<f64>]| x[0].exp() * &x[1];
    /// let vjp = |x: &[ArrayD<f64>], dy: &ArrayD<f64>| {
    ///     let dx = dy * x[0].exp() * &x[1];
    ///     let ds = (dy * x[0].exp()).sum();
    ///     vec![dx, ndarray::arr0(ds).into_dyn()]
    /// };
    /// let report = FunctionCheck::vjp(f, vjp).on([("x", &arr1(&[0.3, -0.4])), ("s", &1.5)]).run()?;
    /// assert!(report.passed(), "{report}");
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn vjp(f: F, vjp: G) -> Self {
        Self::of(f, vjp, Vec::new(), tolerance::<T>())
    }
}

impl<T: Float, F, G> FunctionCheck<F, G, Arrays<T, Jacobian>>
where
    F: Fn(&[ArrayD<T>]) -> ArrayD<T>,
    G: Fn(&[ArrayD<T>]) -> Vec<ArrayD<T>>,
{
    /// A check of the Jacobians of an array y that depends on several arrays, which are named by [`on`](Self::on):
    /// `jacobian` gives an array for each, whose axes are those of y followed by those of the array.
    ///
    /// Every number of a Jacobian is an element of the report, and takes evaluations of its own.
    pub fn jacobian(f: F, jacobian: G) -> Self {
        Self::of(f, jacobian, Vec::new(), tolerance::<T>())
    }
}

impl<F, G, T> FunctionCheck<F, G, Slice<T>> {
    /// With another name for the point in the report.
    pub fn name(mut self, name: &str) -> Self {
        self.arguments.iter_mut().for_each(|argument| name.clone_into(&mut argument.name));
        self
    }
}

impl<F, G, T: Float, D> FunctionCheck<F, G, Arrays<T, D>> {
    /// At these arrays, each with its name in the report: ndarrays of any dimension, slices, or single numbers.
    pub fn on<const N: usize>(mut self, arrays: [(&str, &dyn Numbers<T>); N]) -> Self {
        self.arguments.extend(arrays.map(|(name, array)| array.argument(name)));
        self
    }
}

/// The relative tolerance for a precision.
fn tolerance<T: Float>() -> f64 {
    if epsilon::<T>() > f64::EPSILON { 1e-3 } else { 1e-6 }
}

impl<F, G, K> FunctionCheck<F, G, K> {
    fn of(f: F, df: G, arguments: Vec<Argument>, tolerance: f64) -> Self {
        Self { f, df, form: PhantomData, arguments, mode: Mode::Full, tolerance, seed: 0 }
    }

    /// Measured in another way.
    pub fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// With another relative tolerance.
    pub fn tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// With other random directions, and another cotangent.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }
}

impl<F, G, K: Form<F, G>> FunctionCheck<F, G, K> {
    /// Runs the check: two to a few evaluations for each element, or for each probe.
    ///
    /// A point without any element does not pass, since nothing was checked.
    ///
    /// # Errors
    ///
    /// If a derivative has not the shape that it should have, the function is not finite at the point, or gives another
    /// result when it is asked again, or the settings make no sense.
    pub fn run(&self) -> Result<Report> {
        check_settings(self.mode, self.tolerance)?;
        let (y, shape) = self.value()?;
        let mut random = generator(self.seed, 2);
        let dy: Vec<K::Number> = match shape.is_empty() {
            true => vec![K::Number::of(1.0)],
            false => signed(y.len(), &mut random).into_iter().map(K::Number::of).collect(),
        };
        let weights: Vec<f64> = dy.iter().map(|dy| dy.wide()).collect();
        let cotangent = ArrayD::from_shape_vec(IxDyn(&shape), dy)
            .unwrap_or_else(|e| unreachable!("there is a number for each element: {e}"));
        let derivatives = K::derivatives(&self.df, &K::point(&self.arguments), &cotangent);
        self.check_shapes(&derivatives, &shape)?;
        let epsilon = epsilon::<K::Number>();
        let uncertain = noise::uncertain(&self.arguments, epsilon, &mut random, |point| {
            K::derivatives(&self.df, &K::point(point), &cotangent)
        });
        let nothing = y.is_empty() || self.arguments.iter().all(|argument| argument.numbers.is_empty());
        let mut parameters = Vec::new();
        for (place, given) in derivatives.iter().enumerate() {
            let mut moving = Moving::<F, G, K>::new(&self.f, &self.arguments, place, &y, &weights);
            let mut report = ParameterReport::new(
                NodeId::default(),
                self.arguments[place].name.clone(),
                given.shape.clone(),
            );
            self.fill(given, uncertain[place], &mut moving, &mut report, &mut random)?;
            if nothing {
                report.verdict = Verdict::Unresolved;
                report.note = Some("there is no element to check".to_owned());
            }
            parameters.push(report);
        }
        if parameters.is_empty() {
            return Err(argument(
                "there is nothing to check; name arrays with `.on([(\"w\", &w)])`".to_owned(),
            ));
        }
        let gradients: Vec<Vec<f64>> = derivatives.into_iter().map(|given| given.numbers).collect();
        Ok(Report {
            mode: self.mode,
            order: 1,
            tolerance: self.tolerance,
            source: Source::Analytic,
            output: y.iter().zip(&weights).map(|(y, dy)| y * dy).sum(),
            unseen: unseen(&parameters, &gradients),
            parameters,
            held: Vec::new(),
            nodes: Vec::new(),
            faults: Vec::new(),
            next: None,
        })
    }

    /// Runs the check as a negative control: of a derivative that is known to be wrong, so that the check must fail.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); and if the check passes.
    pub fn must_fail(&self) -> Result<Report> {
        super::must_fail(self.run()?)
    }

    /// The numbers of the function at the point, and their shape.
    fn value(&self) -> Result<(Vec<f64>, Vec<usize>)> {
        let (mut y, mut again) = (Vec::new(), Vec::new());
        let point = K::point(&self.arguments);
        let shape = K::value(&self.f, &point, &mut y);
        K::value(&self.f, &point, &mut again);
        if let Some(number) = y.iter().find(|y| !y.is_finite()) {
            let names: Vec<String> = self.arguments.iter().map(|x| format!("`{}`", x.name)).collect();
            let at = names.join(", ");
            return Err(argument(format!("the function is {number} at {at}; it must be finite there")));
        }
        let changed = y.iter().zip(&again).find(|(a, b)| a.to_bits() != b.to_bits());
        if let Some((a, b)) = changed {
            return Err(argument(format!(
                "the function gives {a:e} and {b:e} at the same point, so no difference means anything"
            )));
        }
        if y.len() != again.len() {
            let (a, b) = (y.len(), again.len());
            return Err(argument(format!("the function gives {a} and {b} numbers at the same point")));
        }
        Ok((y, shape))
    }

    /// That there is a derivative for every argument, of the right shape.
    fn check_shapes(&self, derivatives: &[Argument], result: &[usize]) -> Result<()> {
        if derivatives.len() != self.arguments.len() {
            let (found, wanted) = (derivatives.len(), self.arguments.len());
            return Err(argument(format!(
                "{found} derivatives are given for {wanted} arrays; give one for each"
            )));
        }
        for (given, x) in derivatives.iter().zip(&self.arguments) {
            let wanted = if K::ROWS { [result, &x.shape].concat() } else { x.shape.clone() };
            if given.shape == wanted {
                continue;
            }
            let name = &x.name;
            return Err(argument(match (&given.shape[..], &wanted[..]) {
                (&[found], &[wanted]) => format!(
                    "the gradient of `{name}` has {found} numbers, and the point has {wanted}; one for each is wanted"
                ),
                (found, wanted) => {
                    format!("the derivative by `{name}` has the shape {found:?}; it should be {wanted:?}")
                }
            }));
        }
        Ok(())
    }

    /// Fills in the report of one argument.
    fn fill(
        &self,
        given: &Argument,
        uncertain: f64,
        moving: &mut Moving<'_, F, G, K>,
        report: &mut ParameterReport,
        random: &mut Random,
    ) -> Result<()> {
        let Argument { shape, numbers, .. } = given;
        if numbers.is_empty() {
            report.close();
            return Ok(());
        }
        let mut judge = Judge::new(self.tolerance);
        let name = report.name.clone();
        let outputs = moving.count();
        let scale = |slope: &[f64], moving: &mut Moving<'_, F, G, K>, random: &mut Random| {
            let finite = slope.iter().copied().filter(|g| g.is_finite());
            let slope = finite.fold(0.0_f64, |m, g| m.max(g.abs()));
            Ok::<Scale, Error>(Scale {
                rounding: noise::rounding(moving, random)?,
                uncertain: uncertain.max(4.0 * epsilon::<K::Number>() * slope),
                slope: if slope > 0.0 { slope } else { 1.0 },
                kinks: true,
            })
        };
        if let Mode::Quick { probes } = self.mode {
            // The rows of a Jacobian, added up by a random cotangent.
            let gradient = if K::ROWS { moving.contract(numbers) } else { numbers.clone() };
            let scale = scale(&gradient, moving, random)?;
            let row = Row { name: &name, shape, gradient: &gradient, scale, right: false };
            row.probes(probes, moving, &mut judge, report, random, |answer| answer)?;
            report.note = note(report, &[]);
            return steady(&judge, &name);
        }
        let mut answers = Vec::with_capacity(numbers.len());
        let rows = if K::ROWS { outputs } else { 1 };
        for (k, gradient) in numbers.chunks(numbers.len() / rows).enumerate() {
            if K::ROWS {
                moving.look_at(k);
            }
            let scale = scale(gradient, moving, random)?;
            let row = Row { name: &name, shape, gradient, scale, right: false };
            let steps = row.steps(self.mode, moving, &mut judge, random)?;
            report.step = steps.usual();
            answers.extend(row.answers(moving, &mut judge, &steps)?);
        }
        let slope = scale(numbers, moving, random)?;
        Row { name: &name, shape, gradient: numbers, scale: slope, right: false }.count(&answers, report);
        report.note = note(report, &answers);
        steady(&judge, &name)
    }
}

/// That no difference came out otherwise when it was measured again.
fn steady(judge: &Judge, name: &str) -> Result<()> {
    match judge.is_unsteady() {
        false => Ok(()),
        true => Err(argument(format!(
            "the function gives other numbers when it is asked again near `{name}`, so no difference means anything"
        ))),
    }
}

/// Why nothing stands out of rounding, if that is so.
fn note(report: &ParameterReport, answers: &[Answer]) -> Option<String> {
    let open = |answer: &&Answer| matches!(answer.element, Element::Unresolved(_));
    let small = |answer: &Answer| answer.compared.magnitude() <= 4.0 * answer.compared.error;
    let all_small = answers.iter().filter(open).all(small);
    let all_zero = report.passed > 0 && report.compared() == report.zeros;
    (all_zero || report.verdict == Verdict::Unresolved && all_small).then(|| {
        "the gradient is below what rounding of the function can show here, as at a converged fit; check it away from \
         there, such as with 10 % of the largest element added to every one"
            .to_owned()
    })
}

fn argument(problem: String) -> Error {
    Error::Argument { what: "check", problem }
}
