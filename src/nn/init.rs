//! Initialisers of parameters.

use ndarray::ArrayD;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use std::fmt::Debug;

/// A distribution from which the initial values of a parameter are drawn.
///
/// ```
/// use chainrule::nn::{Affine, Init, Sequential};
/// use ndarray::ArrayD;
/// use rand::{Rng, RngExt};
///
/// /// Uniform between −1 and 1.
/// #[derive(Debug)]
/// struct Uniform;
///
/// impl Init for Uniform {
///     fn draw(&self, shape: &[usize], rng: &mut dyn Rng) -> ArrayD<f64> {
///         ArrayD::from_shape_simple_fn(shape, || rng.random_range(-1.0..1.0))
///     }
/// }
///
/// let net = Sequential::new().push(Affine::new(3, 2).init(Uniform));
/// ```
pub trait Init: Debug + Send + Sync {
    /// The initial values of a parameter of this shape, in f64, drawn from the generator in row-major order.
    fn draw(&self, shape: &[usize], rng: &mut dyn Rng) -> ArrayD<f64>;
}

/// Normal numbers with mean 0 and this standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gaussian(pub f64);

/// Normal numbers with standard deviation `√(2 / (inputs + outputs))`, for layers followed by tanh or sigmoid.
///
/// Glorot and Bengio 2010, *Understanding the difficulty of training deep feedforward neural networks*, eq. 12.
/// 'Deep Learning from Scratch' uses this name for the older [`LeCun`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Xavier;

/// Normal numbers with standard deviation `√(1 / inputs)`.
///
/// LeCun, Bottou, Orr and Müller 1998, *Efficient BackProp*, eq. 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeCun;

/// Normal numbers with standard deviation `√(2 / inputs)`, for layers followed by ReLU.
///
/// He, Zhang, Ren and Sun 2015, *Delving deep into rectifiers*, eq. 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct He;

/// Zeros; draws nothing from the generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Zeros;

impl Init for Gaussian {
    fn draw(&self, shape: &[usize], rng: &mut dyn Rng) -> ArrayD<f64> {
        let mut normal = || -> f64 { StandardNormal.sample(rng) };
        ArrayD::from_shape_simple_fn(shape, || self.0 * normal())
    }
}

impl Init for Xavier {
    fn draw(&self, shape: &[usize], rng: &mut dyn Rng) -> ArrayD<f64> {
        let (inputs, outputs) = fans(shape);
        Gaussian((2.0 / (inputs + outputs)).sqrt()).draw(shape, rng)
    }
}

impl Init for LeCun {
    fn draw(&self, shape: &[usize], rng: &mut dyn Rng) -> ArrayD<f64> {
        Gaussian((1.0 / fans(shape).0).sqrt()).draw(shape, rng)
    }
}

impl Init for He {
    fn draw(&self, shape: &[usize], rng: &mut dyn Rng) -> ArrayD<f64> {
        Gaussian((2.0 / fans(shape).0).sqrt()).draw(shape, rng)
    }
}

impl Init for Zeros {
    fn draw(&self, shape: &[usize], _: &mut dyn Rng) -> ArrayD<f64> {
        ArrayD::zeros(shape)
    }
}

/// Fan-in and fan-out of a weight: the last axis is the fan-out, the product of all others the fan-in.
fn fans(shape: &[usize]) -> (f64, f64) {
    match shape {
        [inputs @ .., outputs] => (inputs.iter().product::<usize>() as f64, *outputs as f64),
        [] => (1.0, 1.0),
    }
}
