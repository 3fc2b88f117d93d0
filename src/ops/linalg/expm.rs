//! The matrix exponential.

use super::dense::{Lu, for_each_matrix, product, write};
use super::{SPREAD, square, transposed};
use crate::Float;
use crate::kernel::{Inputs, Output};
use crate::ops::shapes::concat::Segment;
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::Sample;
use faer::Mat;

/// The exponential `Σ xᵏ / k!` of matrices in the last two axes, by a Padé approximant, scaling and squaring.
///
/// `dx` is the Fréchet derivative at xᵀ in the direction of dy, the upper right part of the exponential of a matrix that is
/// twice as large, `[[xᵀ, dy], [0, xᵀ]]` (Najfeld and Havel 1995, "Derivatives of the matrix exponential and their computation";
/// Higham 2008, "Functions of matrices", 3.2 and 10.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expm;

/// Degrees of the approximant, and up to which 1-norm of the matrix each rounds no more than double precision does (Higham 2005,
/// "The scaling and squaring method for the matrix exponential revisited", table 2.3).
const DEGREES: [(usize, f64); 5] = [
    (3, 1.495_585_217_958_292e-2),
    (5, 2.539_398_330_063_23e-1),
    (7, 9.504_178_996_162_932e-1),
    (9, 2.097_847_961_257_068),
    (13, 5.371_920_351_148_152),
];

/// The exponential, unless a norm overflows.
fn exponential(x: Mat<f64>) -> Option<Mat<f64>> {
    let n = x.nrows();
    let columns = (0..n).map(|j| (0..n).map(|i| x[(i, j)].abs()).sum::<f64>());
    let norm = columns.fold(0.0, f64::max);
    if !norm.is_finite() {
        return None;
    }
    let (last, most) = DEGREES[DEGREES.len() - 1];
    let degree = DEGREES.iter().find(|(_, most)| norm <= *most).map_or(last, |(degree, _)| *degree);
    // At most 1,022 for a finite norm.
    let squarings = (norm / most).log2().ceil().max(0.0) as i32;
    let scale = 0.5_f64.powi(squarings);
    let x = Mat::from_fn(n, n, |i, j| x[(i, j)] * scale);
    let square = product(x.as_ref(), x.as_ref());
    // Even and odd terms of the numerator; those of the denominator are the same, the odd ones with the other sign.
    let (mut even, mut odd) = (Mat::<f64>::zeros(n, n), Mat::<f64>::zeros(n, n));
    let mut power = Mat::<f64>::identity(n, n);
    let mut coefficient = 1.0;
    for k in 0..=degree {
        let sum = if k % 2 == 0 { &mut even } else { &mut odd };
        for j in 0..n {
            (0..n).for_each(|i| sum[(i, j)] += coefficient * power[(i, j)]);
        }
        if k % 2 == 1 && k < degree {
            power = product(power.as_ref(), square.as_ref());
        }
        coefficient *= (degree - k) as f64 / ((2 * degree - k) * (k + 1)) as f64;
    }
    let odd = product(x.as_ref(), odd.as_ref());
    let combined = |sign: f64| Mat::from_fn(n, n, |i, j| even[(i, j)] + sign * odd[(i, j)]);
    let mut y = Lu::of(&combined(-1.0)).solve(combined(1.0).as_ref());
    for _ in 0..squarings {
        y = product(y.as_ref(), y.as_ref());
    }
    Some(y)
}

impl<F: Float> Kernel<F> for Expm {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for_each_matrix(x.real(0), y, |x, y| {
            write(exponential(x)?.as_ref(), y);
            Some(())
        });
    }
}

impl Op for Expm {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = matrix exponential of x"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        square(x).map(|_| x.to_vec())
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let (x, tape) = (transposed(x[0]), dy.tape());
        // The derivative is linear in dy, which is made of the order of 1: then it asks for no more squarings.
        let size = dy.abs().sum_keep([-2, -1]);
        let size = size + size.equal(0.0);
        let zeros = tape.constant(0.0).broadcast_like(x);
        let (upper, lower) = (tape.concat(&[x, dy / size], -1), tape.concat(&[zeros, x], -1));
        let y = tape.apply(Expm, &[tape.concat(&[upper, lower], -2)]);
        let [above, right] = [x.rank() - 2, x.rank() - 1];
        let y = tape.apply(Segment { axis: above, part: 0 }, &[y, upper, lower]);
        (tape.apply(Segment { axis: right, part: 1 }, &[y, x, dy]) * size).into()
    }

    fn normwise(&self) -> bool {
        true
    }

    fn smooth(&self) -> bool {
        true
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 3][..], &[2, 2, 2], &[1, 1], &[0, 2, 2], &[0, 0]]
            .map(|shape| Sample::of([shape], SPREAD))
            .to_vec()
    }
}

crate::ops::entry::built_in! { Expm, "expm"; }

/// The matrix exponential, with the feature `linalg`.
impl<'t> Var<'t> {
    /// The exponential `Σ xᵏ / k!` of matrices in the last two axes, `[…, n, n] → […, n, n]`: `exp(x t)` takes the solution of
    /// `ẏ = x y` from time 0 to t. O(n³), and log₂ of the 1-norm as many products; the gradient is that of a matrix twice as large.
    ///
    /// ```
    /// // A turn by a right angle.
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [[0.0, -1.0], [1.0, 0.0]]);
    /// let y = (std::f64::consts::FRAC_PI_2 * x).expm();
    /// assert!(y.value().iter().zip([0.0, -1.0, 1.0, 0.0]).all(|(y, wanted)| (y - wanted).abs() < 1e-12));
    /// ```
    ///
    /// The result is NaN if an element of x, or the norm, is not finite.
    ///
    /// # Panics
    ///
    /// If it holds no square matrices.
    #[doc(alias = "matrix_exp")]
    #[track_caller]
    #[must_use]
    pub fn expm(self) -> Var<'t> {
        self.tape().apply(Expm, &[self])
    }
}
