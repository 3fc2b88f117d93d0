//! Checks of functions that are not on a tape, and of their derivatives.

use crate::Float;
use crate::check::functions::forms::{
    Argument, Arrays, Gradient, Jacobian, Numbers, SliceNumbers, Vjp, epsilon,
};
use crate::check::report::mode::Mode;
use ndarray::ArrayD;
use std::marker::PhantomData;

/// A check of a derivative that was written by hand, or made by whatever library.
///
/// The verdicts are those of [`Check`](crate::Check). Kinks are known only by the slopes to both sides, since there is
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
pub struct FunctionCheck<F, G, K = SliceNumbers<f64>> {
    pub(super) f: F,
    pub(super) df: G,
    form: PhantomData<K>,
    pub(super) arguments: Vec<Argument>,
    pub(super) mode: Mode,
    pub(super) tolerance: f64,
    pub(super) seed: u64,
}

impl<F: Fn(&[f64]) -> f64, G: Fn(&[f64]) -> Vec<f64>> FunctionCheck<F, G> {
    /// A check of `df`, the gradient of `f`, at the point `x`: in [`Mode::Full`], with a relative tolerance of 1e-6.
    pub fn new(f: F, df: G, x: &[f64]) -> Self {
        Self::of(f, df, vec![Argument::slice(x)], 1e-6)
    }
}

impl<F: Fn(&[f32]) -> f32, G: Fn(&[f32]) -> Vec<f32>> FunctionCheck<F, G, SliceNumbers<f32>> {
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

impl<F, G, T> FunctionCheck<F, G, SliceNumbers<T>> {
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
