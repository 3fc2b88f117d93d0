//! The Cholesky decomposition, and what follows from it.

use super::dense::for_each_matrix;
use super::triangular::TriangularSolve;
use super::{square, transposed};
use crate::Float;
use crate::kernel::{Inputs, Output};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{cholesky_in_place, cholesky_in_place_scratch};
use faer::{Mat, Par};

/// The lower triangle L with a positive diagonal of which `L · Lᵀ = (x + xᵀ) / 2`, for matrices in the last two axes. The
/// result is NaN where a matrix is not positive definite, or an element of it not finite.
///
/// `dx = L⁻ᵀ · S · L⁻¹` with S the symmetric part of `Φ(Lᵀ · dy)`, and Φ the lower triangle with half of the diagonal (Murray
/// 2016, "Differentiation of the Cholesky decomposition", 3.1); symmetric, since x counts by its symmetric part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cholesky;

impl<F: Float> Kernel<F> for Cholesky {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for_each_matrix(x.real(0), y, |x, y| {
            let n = x.nrows();
            let mut lower =
                Mat::from_fn(n, n, |i, j| if i < j { 0.0 } else { 0.5 * x[(i, j)] + 0.5 * x[(j, i)] });
            let mut room = MemBuffer::new(cholesky_in_place_scratch::<f64>(n, Par::Seq, Default::default()));
            let stack = MemStack::new(&mut room);
            cholesky_in_place(lower.as_mut(), Default::default(), Par::Seq, stack, Default::default())
                .ok()?;
            for (k, y) in y.iter_mut().enumerate() {
                *y = if k / n < k % n { F::zero() } else { F::of(lower[(k / n, k % n)]) };
            }
            Some(())
        });
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

    fn normwise(&self) -> bool {
        true
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
    /// axes; O(n³).
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [[4.0, 2.0], [2.0, 5.0]]);
    /// assert_eq!(x.cholesky().value().as_slice().unwrap(), [2.0, 0.0, 1.0, 2.0]);
    /// ```
    ///
    /// # Where there is none
    ///
    /// The result is NaN, all of it, for a matrix that is not positive definite, or has an element that is not finite: NumPy and
    /// PyTorch raise an error there.
    ///
    /// # Panics
    ///
    /// If it holds no square matrices.
    #[track_caller]
    #[must_use]
    pub fn cholesky(self) -> Var<'t> {
        self.tape().apply(Cholesky, &[self])
    }

    /// The solution y of `L · Lᵀ · y = right` for Cholesky factors L: two [triangular systems](Var::triangular_solve), with the
    /// same shapes.
    ///
    /// # Panics
    ///
    /// If x holds no square matrices, or the shapes do not fit.
    #[track_caller]
    #[must_use]
    pub fn cholesky_solve(self, right: Var<'t>) -> Var<'t> {
        let lower = TriangularSolve::lower();
        if right.rank() == 1 {
            return self.cholesky_solve(right.expand_dims(-1)).squeeze(-1);
        }
        self.triangular_solve(self.triangular_solve(right, lower), lower.transposed())
    }
}
