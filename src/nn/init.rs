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

/// Normal numbers with mean 0 and this standard deviation, without those that are further than two of it from 0, which are
/// drawn again. What is left has 0.88 of the standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TruncatedNormal(pub f64);

/// A matrix with orthonormal rows or columns, whichever are fewer, times this gain; of more than two axes, all but the last
/// are the rows. Products of such matrices neither grow nor shrink.
///
/// The Q of a matrix of normal numbers, of which R has a positive diagonal, so that all are equally likely: Saxe, McClelland
/// and Ganguli 2014, *Exact solutions to the nonlinear dynamics of learning in deep linear neural networks*; Mezzadri 2007,
/// *How to generate random matrices from the classical compact groups*.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Orthogonal(pub f64);

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

impl Init for TruncatedNormal {
    fn draw(&self, shape: &[usize], rng: &mut dyn Rng) -> ArrayD<f64> {
        let mut draws =
            std::iter::repeat_with(|| -> f64 { StandardNormal.sample(rng) }).filter(|x| x.abs() <= 2.0);
        ArrayD::from_shape_simple_fn(shape, || self.0 * draws.next().unwrap_or_default())
    }
}

impl Init for Orthogonal {
    fn draw(&self, shape: &[usize], rng: &mut dyn Rng) -> ArrayD<f64> {
        let (outputs, inputs) = match shape {
            [inputs @ .., outputs] => (*outputs, inputs.iter().product()),
            [] => (1, 1),
        };
        let drawn = Gaussian(1.0).draw(&[inputs, outputs], rng);
        let drawn = drawn.into_shape_with_order((inputs, outputs)).unwrap_or_default();
        let tall = inputs >= outputs;
        let mut vectors = if tall { drawn.reversed_axes() } else { drawn };
        // Gram and Schmidt's method, twice: once is not orthogonal to the last digits (Giraud and others 2005).
        for i in 0..vectors.nrows() {
            for _ in 0..2 {
                let (before, mut from) = vectors.view_mut().split_at(ndarray::Axis(0), i);
                let mut own = from.row_mut(0);
                for other in before.rows() {
                    let part = other.dot(&own);
                    own.scaled_add(-part, &other);
                }
                let length = own.dot(&own).sqrt();
                own /= length;
            }
        }
        vectors *= self.0;
        let matrix = if tall { vectors.reversed_axes() } else { vectors };
        let elements = matrix.iter().copied().collect();
        ArrayD::from_shape_vec(shape, elements).unwrap_or_else(|e| unreachable!("as many as were drawn: {e}"))
    }
}

/// Draws a weight whose last axis is the outputs, and puts that axis at another place.
#[derive(Debug)]
pub(super) struct OutputsAt<I> {
    axis: usize,
    init: I,
}

impl<I: Init> OutputsAt<I> {
    pub(super) fn new(axis: usize, init: I) -> Self {
        Self { axis, init }
    }
}

impl<I: Init> Init for OutputsAt<I> {
    fn draw(&self, shape: &[usize], rng: &mut dyn Rng) -> ArrayD<f64> {
        let mut sizes = shape.to_vec();
        let outputs = sizes.remove(self.axis);
        sizes.push(outputs);
        let mut order: Vec<usize> = (0..sizes.len() - 1).collect();
        order.insert(self.axis, sizes.len() - 1);
        self.init.draw(&sizes, rng).permuted_axes(order).as_standard_layout().into_owned()
    }
}

/// Fan-in and fan-out of a weight: the last axis is the fan-out, the product of all others the fan-in.
fn fans(shape: &[usize]) -> (f64, f64) {
    match shape {
        [inputs @ .., outputs] => (inputs.iter().product::<usize>() as f64, *outputs as f64),
        [] => (1.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

    #[test]
    fn orthogonal_matrices_are_orthogonal_whichever_side_is_longer() {
        for (shape, rows, columns) in [(&[3, 5][..], 3, 5), (&[4, 2, 6], 8, 6), (&[7], 1, 7), (&[3, 0], 3, 0)]
        {
            let drawn = Orthogonal(2.0).draw(shape, &mut ChaCha8Rng::seed_from_u64(1));
            assert_eq!(drawn.shape(), shape);
            let matrix = drawn.into_shape_with_order((rows, columns)).unwrap();
            let gram = if rows <= columns { matrix.dot(&matrix.t()) } else { matrix.t().dot(&matrix) };
            for ((i, j), &x) in gram.indexed_iter() {
                let want = if i == j { 4.0 } else { 0.0 };
                assert!((x - want).abs() < 1e-13 || columns == 0, "{shape:?} at [{i}, {j}]: {x}");
            }
        }
    }

    #[test]
    fn truncated_numbers_stay_within_two_deviations() {
        let drawn = TruncatedNormal(0.5).draw(&[10_000], &mut ChaCha8Rng::seed_from_u64(1));
        assert!(drawn.iter().all(|x| x.abs() <= 1.0));
        let deviation = (drawn.mapv(|x| x * x).sum() / 1e4).sqrt();
        assert!((deviation - 0.44).abs() < 0.01, "{deviation}");
    }

    #[test]
    fn a_filter_is_drawn_with_the_fan_in_of_its_window() {
        let drawn = OutputsAt::new(0, He).draw(&[64, 16, 5, 5], &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!(drawn.shape(), [64, 16, 5, 5]);
        let deviation = (drawn.mapv(|x| x * x).sum() / drawn.len() as f64).sqrt();
        assert!((deviation / (2.0_f64 / 400.0).sqrt() - 1.0).abs() < 0.02, "{deviation}");
    }
}
