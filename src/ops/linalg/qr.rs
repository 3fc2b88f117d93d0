//! The QR decomposition.

use super::dense::{for_each_matrix, normalise};
use super::triangular::TriangularSolve;
use super::{SPREAD, matrix, rows, transposed};
use crate::Float;
use crate::kernel::{Inputs, Output};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::Sample;
use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch as apply_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj as apply,
};
use faer::linalg::qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch, recommended_block_size};
use faer::{Conj, Mat, Par};

/// The reduced QR decomposition of matrices `[m, n]` with m ≥ n in the last two axes, by Householder reflections:
/// `x = Q · R`, with orthonormal columns of Q, and R an upper triangle whose diagonal is not negative. It is
/// [packed](crate::op#packed-results) as `[m + n, n]`: Q, then R.
///
/// With M = `R · dRᵀ − dQᵀ · Q` and C the symmetric matrix with the lower triangle of M, `dx = (dQ + Q · C) · R⁻ᵀ` (Walter and
/// Lehmann 2012, "Algorithmic differentiation of linear algebra functions with application in optimum experimental design";
/// in this form Liao, Liu, Wang and Xiang 2019, "Differentiable programming tensor networks", IV B).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Qr;

impl<F: Float> Kernel<F> for Qr {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for_each_matrix(x.real(0), y, |mut r, y| {
            let size = normalise(&mut r);
            let (m, n) = (r.nrows(), r.ncols());
            let block = recommended_block_size::<f64>(m, n);
            let mut factor = Mat::zeros(block, n);
            let mut room = MemBuffer::new(StackReq::any_of(&[
                qr_in_place_scratch::<f64>(m, n, block, Par::Seq, Default::default()),
                apply_scratch::<f64>(m, block, n),
            ]));
            let stack = MemStack::new(&mut room);
            qr_in_place(r.as_mut(), factor.as_mut(), Par::Seq, stack, Default::default());
            let mut q = Mat::identity(m, n);
            apply(r.as_ref(), factor.as_ref(), Conj::No, q.as_mut(), Par::Seq, stack);
            let sign = |j: usize| if r[(j, j)] < 0.0 { -1.0 } else { 1.0 };
            let (of_q, of_r) = y.split_at_mut(m * n);
            of_q.iter_mut().enumerate().for_each(|(k, y)| *y = F::of(sign(k % n) * q[(k / n, k % n)]));
            for (k, y) in of_r.iter_mut().enumerate() {
                let (i, j) = (k / n, k % n);
                *y = F::of(if i <= j { size * sign(i) * r[(i, j)] } else { 0.0 });
            }
            Some(())
        });
    }
}

/// Q and R of n columns.
#[track_caller]
fn parts(y: Var<'_>) -> [Var<'_>; 2] {
    match y.shape().last().map_or(0, |&n| n as isize) {
        // From the end, 0 rows cannot be counted.
        0 => y.split([y.shape()[y.rank() - 2], 0], -2),
        n => [rows(y, 0, Some(-n)), rows(y, -n, None)],
    }
}

impl Op for Qr {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = Q and R of x = Q · R"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        match matrix(x)? {
            (batch, m, n) if m >= n => Ok([batch, &[m + n, n]].concat()),
            _ => Err(format!("takes matrices with no more columns than rows, got shape {x:?}")),
        }
    }

    fn normwise(&self) -> bool {
        true
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let ([q, r], [dq, dr]) = (parts(y), parts(dy));
        let m = r.matmul(transposed(dr)) - transposed(dq).matmul(q);
        let symmetric = m.tril(0) + transposed(m.tril(-1));
        let left = dq + q.matmul(symmetric);
        transposed(r.triangular_solve(transposed(left), TriangularSolve::upper())).into()
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 3][..], &[5, 2], &[2, 4, 3], &[1, 1], &[3, 1], &[0, 3, 2], &[3, 0], &[0, 0]]
            .map(|shape| Sample::of([shape], SPREAD))
            .to_vec()
    }
}

crate::ops::entry::built_in! { Qr, "qr"; }

/// The QR decomposition, with the feature `linalg`.
impl<'t> Var<'t> {
    /// The reduced QR decomposition `x = Q · R` of matrices in the last two axes: with k = min(m, n),
    /// `[…, m, n] → […, m, k], […, k, n]`. The columns of Q are orthonormal, R is an upper triangle; O(mnk).
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [[3.0, 1.0], [4.0, 2.0]]);
    /// let [q, r] = x.qr();
    /// let near = |y: chainrule::Var<'_>, wanted: [f64; 4]| y.value().iter().zip(wanted).all(|(y, w)| (y - w).abs() < 1e-12);
    /// assert!(near(q, [0.6, -0.8, 0.8, 0.6]) && near(r, [5.0, 2.2, 0.0, 0.4]));
    /// ```
    ///
    /// # Signs
    ///
    /// The diagonal of R is not negative, so the factors of a matrix of full rank are the only ones. NumPy and PyTorch leave the
    /// signs to LAPACK; multiply column j of Q and row j of R by the sign of `Rⱼⱼ` there to compare.
    ///
    /// # Where there is no derivative
    ///
    /// If the first k columns are linearly dependent, a diagonal element of R is 0, and the gradient infinite or NaN; where they
    /// are so but for roundings, it is large and holds few right digits or none. The factors of a matrix with an element that
    /// is not finite are NaN.
    ///
    /// # Panics
    ///
    /// If it has less than two axes.
    #[track_caller]
    #[must_use]
    pub fn qr(self) -> [Var<'t>; 2] {
        match self.shape()[..] {
            // The first columns have all of Q, which turns the other ones into those of R (Roberts and Roberts 2020, "QR and LQ
            // decomposition matrix backpropagation algorithms for square, wide, and deep matrices", 3).
            [.., m, n] if m < n => {
                let axis = self.rank() - 1;
                let first = self.range(axis, 0, Some(m as isize), 1);
                let [q, r] = parts(self.tape().apply(Qr, &[first]));
                let others = transposed(q).matmul(self.range(axis, m as isize, None, 1));
                [q, self.tape().concat(&[r, others], -1)]
            }
            _ => parts(self.tape().apply(Qr, &[self])),
        }
    }
}
