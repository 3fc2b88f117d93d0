//! The pseudoinverse, and least squares.

use super::dense::{for_each_matrix, product, write};
use super::svd::decompose;
use super::{SPREAD, matrix, transposed};
use crate::Float;
use crate::kernel::{Inputs, Output};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::Sample;
use faer::Mat;

/// The pseudoinverse of Moore and Penrose of matrices in the last two axes, `[m, n] → [n, m]`: `y = V · diag(1 / s) · Uᵀ`, where
/// singular values up to a part of the greatest count as 0, and as their own reciprocals.
///
/// With `A = x · y · dyᵀ · (I − y · x)` and `B = (I − x · y) · dyᵀ · y · x`, `dx = yᵀ · y · A + B · y · yᵀ − yᵀ · dy · yᵀ`, where the
/// rank does not change (Golub and Pereyra 1973, "The differentiation of pseudo-inverses and nonlinear least squares problems
/// whose variables separate", 4.12).
///
/// If singular values other than 0 are cut off, `e = x − x · y · x`, the first two terms are the solutions of
/// `L = yᵀ · y · (A + yᵀ · Bᵀ · e + L · eᵀ · e)` and `R = (B + e · Aᵀ · yᵀ + e · eᵀ · R) · y · yᵀ` (derived here from the derivatives of
/// singular vectors, as in [`svd`](Var::svd)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pinv {
    /// The part of the greatest singular value up to which one counts as 0, or max(m, n) roundings in double precision of it if that is more.
    pub rcond: f64,
}

/// The solution of `z = c + p · z · q`, the sum of all `pᵏ · c · qᵏ`, of which it adds up 32 (Smith 1968, "Matrix equation XA + BX = C").
fn stein<'t>(mut p: Var<'t>, c: Var<'t>, mut q: Var<'t>) -> Var<'t> {
    let mut z = c;
    for doubling in 0..5 {
        if doubling > 0 {
            (p, q) = (p.matmul(p), q.matmul(q));
        }
        z += p.matmul(z).matmul(q);
    }
    z
}

impl<F: Float> Kernel<F> for Pinv {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for_each_matrix(x.real(0), y, |x, y| {
            let roundings = x.nrows().max(x.ncols()) as f64 * f64::EPSILON;
            let (u, s, v) = decompose(x, true)?;
            let least = s[0] * self.rcond.max(roundings);
            let scaled =
                Mat::from_fn(v.nrows(), v.ncols(), |i, j| if s[j] > least { v[(i, j)] / s[j] } else { 0.0 });
            write(product(scaled.as_ref(), u.transpose()).as_ref(), y);
            Some(())
        });
    }
}

impl Op for Pinv {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = pseudoinverse of x"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        if !(0.0..1.0).contains(&self.rcond) {
            return Err(format!(
                "`rcond` is a part of the greatest singular value, from 0 to below 1, got {}",
                self.rcond
            ));
        }
        let [x] = reals(x)?;
        matrix(x).map(|(batch, m, n)| [batch, &[n, m]].concat())
    }

    fn normwise(&self) -> bool {
        true
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let (x, yt, g) = (x[0], transposed(y), transposed(dy));
        let inner = yt.matmul(dy).matmul(yt);
        if self.rcond == 0.0 {
            let (p, r) = (g.matmul(y).matmul(yt), yt.matmul(y).matmul(g));
            return (p - x.matmul(y.matmul(p)) + r - r.matmul(y).matmul(x) - inner).into();
        }
        // What of g leads out of the columns of x, and out of its rows.
        let (columns, rows) = (x.matmul(y.matmul(g)), g.matmul(y).matmul(x));
        let (columns, rows) = (columns - columns.matmul(y).matmul(x), rows - x.matmul(y.matmul(rows)));
        // What is cut off.
        let e = x - x.matmul(y).matmul(x);
        // A power of two, so that no power of `yᵀ · y` is out of range. The result does not depend on it.
        let size = y.abs().sum_keep([-2, -1]);
        let size = size.equal(0.0).select(1.0, size).log2().round().exp2();
        let (scaled, scaled_e) = (y / size, e * size);
        let (scaled_t, scaled_et) = (transposed(scaled), transposed(scaled_e));
        let left = yt.matmul(y).matmul(columns + yt.matmul(transposed(rows)).matmul(e));
        let right = (rows + e.matmul(transposed(columns)).matmul(yt)).matmul(y).matmul(yt);
        let left = stein(scaled_t.matmul(scaled), left, scaled_et.matmul(scaled_e));
        let right = stein(scaled_e.matmul(scaled_et), right, scaled.matmul(scaled_t));
        (left + right - inner).into()
    }

    fn samples(&self) -> Vec<Sample> {
        [&[4, 3][..], &[2, 3], &[2, 2, 2], &[1, 1], &[3, 1], &[0, 3, 2], &[3, 0]]
            .map(|shape| Sample::of([shape], SPREAD))
            .to_vec()
    }
}

crate::ops::entry::built_in! { Pinv, "pinv", [rcond], [Self { rcond: 0.0 }, Self { rcond: 1e-3 }]; }

/// The pseudoinverse and least squares, with the feature `linalg`.
impl<'t> Var<'t> {
    /// The pseudoinverse of Moore and Penrose of matrices in the last two axes, `[…, m, n] → […, n, m]`, by a singular value
    /// decomposition: the inverse of a regular matrix, `(xᵀ · x)⁻¹ · xᵀ` of one with independent columns, and the limit of that for
    /// all others. Singular values up to `rcond` of the greatest, or max(m, n) roundings of it if that is more, count as 0. The
    /// roundings are those of double precision: where elements are rounded to single precision, or measured, say so by `rcond`.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let y = tape.leaf("x", [[1.0, 1.0], [1.0, 1.0]]).pinv(0.0);
    /// assert!(y.value().iter().all(|y| (y - 0.25).abs() < 1e-12));
    /// ```
    ///
    /// # Where there is no derivative
    ///
    /// It jumps where the rank changes, or a singular value comes to be cut off. The gradient is that of the pseudoinverse without
    /// what is cut off. PyTorch's takes that for 0 and is off by as large a part as it is of the least that is kept; here, if it
    /// is half of that, by 1e-10. It has no trouble with equal singular values. The result is NaN if an element of x is not finite.
    ///
    /// # Panics
    ///
    /// If it has less than two axes, or `rcond` is not from 0 to below 1.
    #[track_caller]
    #[must_use]
    pub fn pinv(self, rcond: f64) -> Var<'t> {
        self.tape().apply(Pinv { rcond }, &[self])
    }

    /// The y with the least `|x · y − right|²`, and of several the shortest: `pinv(x) · right`. Shapes are those of
    /// [`matmul`](Self::matmul): `[…, m, n], […, m, k] → […, n, k]`, or `[m, n], [m] → [n]`.
    ///
    /// ```
    /// // A line through (0, 1), (1, 2) and (2, 6).
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]);
    /// let y = x.lstsq(tape.leaf("right", [1.0, 2.0, 6.0]));
    /// assert!(y.value().iter().zip([0.5, 2.5]).all(|(y, wanted)| (y - wanted).abs() < 1e-12));
    /// ```
    ///
    /// # Panics
    ///
    /// If the shapes do not fit.
    #[track_caller]
    #[must_use]
    pub fn lstsq(self, right: Var<'t>) -> Var<'t> {
        self.pinv(0.0).matmul(right)
    }
}
