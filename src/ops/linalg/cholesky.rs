//! The Cholesky decomposition, and what follows from it.

use super::triangular::TriangularSolve;
use super::{square, transposed};
use crate::Float;
use crate::kernel::{Inputs, Output, gather};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{LltRegularization, cholesky_in_place, cholesky_in_place_scratch};
use faer::{MatMut, Par};

/// The lower triangle L with a positive diagonal of which `L · Lᵀ = (x + xᵀ) / 2`, for matrices in the last two axes. Where a
/// matrix is not positive definite, its triangle is NaN.
///
/// `dx = L⁻ᵀ · S · L⁻¹` with S the symmetric part of `Φ(Lᵀ · dy)`, and Φ the lower triangle with half of the diagonal (Murray
/// 2016, "Differentiation of the Cholesky decomposition", 3.1); symmetric, since x counts by its symmetric part. Each call
/// allocates a row of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cholesky;

fn run_by_faer<F: Float + faer::traits::RealField>(x: Inputs<'_, '_, F>, y: Output<'_, F>) {
    let &[.., n, _] = y.shape else { return };
    if y.data.is_empty() {
        return;
    }
    gather(x.real(0), 0, y.data);
    let mut room = MemBuffer::new(cholesky_in_place_scratch::<F>(n, Par::Seq, Default::default()));
    for matrix in y.data.chunks_exact_mut(n * n) {
        for i in 0..n {
            for j in 0..i {
                let half = F::of(0.5);
                matrix[i * n + j] = half * matrix[i * n + j] + half * matrix[j * n + i];
            }
        }
        let triangle = MatMut::from_row_major_slice_mut(&mut *matrix, n, n);
        let stack = MemStack::new(&mut room);
        let done =
            cholesky_in_place(triangle, LltRegularization::default(), Par::Seq, stack, Default::default());
        for (i, row) in matrix.chunks_exact_mut(n).enumerate() {
            if done.is_err() {
                row[..=i].fill(F::nan());
            }
            row[i + 1..].fill(F::zero());
        }
    }
}

impl Kernel<f32> for Cholesky {
    fn run(&self, x: Inputs<'_, '_, f32>, y: Output<'_, f32>) {
        run_by_faer(x, y);
    }
}

impl Kernel<f64> for Cholesky {
    fn run(&self, x: Inputs<'_, '_, f64>, y: Output<'_, f64>) {
        run_by_faer(x, y);
    }
}

impl Op for Cholesky {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = Cholesky factor of x"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        square(x).map(|_| x.to_vec())
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let product = transposed(y).matmul(dy);
        let lower = product.tril(0) - 0.5 * product.diagonal(0).diag_embed(0);
        let symmetric = 0.5 * (lower + transposed(lower));
        let solve = |right| y.triangular_solve(right, TriangularSolve::lower().transposed());
        transposed(solve(transposed(solve(symmetric)))).into()
    }

    fn smooth(&self) -> bool {
        true
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 3][..], &[2, 2, 2], &[1, 1], &[0, 0], &[0, 2, 2]]
            .map(|shape| Sample::of([shape], Domain::PositiveDefinite))
            .to_vec()
    }
}

crate::ops::entry::built_in! { Cholesky, "cholesky"; }

/// The Cholesky decomposition, with the feature `linalg`.
impl<'t> Var<'t> {
    /// The lower triangle L with a positive diagonal of which `L · Lᵀ` is the symmetric part of x, for matrices in the last two
    /// axes. The triangle of a matrix that is not positive definite is NaN.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [[4.0, 2.0], [2.0, 5.0]]);
    /// assert_eq!(x.cholesky().value().as_slice().unwrap(), [2.0, 0.0, 1.0, 2.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If it holds no square matrices.
    #[track_caller]
    #[must_use]
    pub fn cholesky(self) -> Var<'t> {
        self.tape().apply(Cholesky, &[self])
    }

    /// The solution y of `L · Lᵀ · y = right` for Cholesky factors L: two [triangular systems](Var::triangular_solve).
    ///
    /// # Panics
    ///
    /// If the shapes do not fit; the leading axes are equal.
    #[track_caller]
    #[must_use]
    pub fn cholesky_solve(self, right: Var<'t>) -> Var<'t> {
        let lower = TriangularSolve::lower();
        self.triangular_solve(self.triangular_solve(right, lower), lower.transposed())
    }
}
