//! Systems of linear equations, and inverses.

use super::{square, transposed};
use crate::Float;
use crate::kernel::{Inputs, Output, gather};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};
use faer::linalg::solvers::Solve as _;
use faer::{Mat, MatMut};

/// The solution of systems of linear equations with matrices in the last two axes: `y = x0⁻¹ · x1`, by an LU decomposition with
/// rows exchanged. `dx1 = x0⁻ᵀ · dy`, and `dx0 = −dx1 · yᵀ` (Giles 2008, "An extended collection of matrix derivative results
/// for forward and reverse mode algorithmic differentiation", 2.3.1).
///
/// A singular matrix gives infinities, NaN, or large numbers that are rounding. Each matrix is decomposed in memory of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Solve;

fn run_by_faer<F: Float + faer::traits::RealField>(x: Inputs<'_, '_, F>, y: Output<'_, F>) {
    let &[.., n, columns] = y.shape else { return };
    if y.data.is_empty() {
        return;
    }
    gather(x.real(1), 0, y.data);
    let mut elements = x.real(0).iter();
    let mut matrix = Mat::<F>::zeros(n, n);
    for y in y.data.chunks_exact_mut(n * columns) {
        for i in 0..n {
            for j in 0..n {
                matrix[(i, j)] = elements.next().unwrap_or_else(F::nan);
            }
        }
        matrix.partial_piv_lu().solve_in_place(MatMut::from_row_major_slice_mut(y, n, columns));
    }
}

impl Kernel<f32> for Solve {
    fn run(&self, x: Inputs<'_, '_, f32>, y: Output<'_, f32>) {
        run_by_faer(x, y);
    }
}

impl Kernel<f64> for Solve {
    fn run(&self, x: Inputs<'_, '_, f64>, y: Output<'_, f64>) {
        run_by_faer(x, y);
    }
}

impl Op for Solve {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = solution of x0 · y = x1"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [matrix, right] = reals(x)?;
        let (batch, n) = square(matrix)?;
        match right {
            [other @ .., rows, _] if other == batch && *rows == n => Ok(right.to_vec()),
            _ => Err(format!(
                "matrices {matrix:?} solve for right sides with as many rows and batches, got {right:?}"
            )),
        }
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let dx1 = transposed(x[0]).solve(dy);
        match operand {
            1 => dx1.into(),
            _ => (-dx1.matmul(transposed(y))).into(),
        }
    }

    fn smooth(&self) -> bool {
        true
    }

    fn samples(&self) -> Vec<Sample> {
        let shapes: [[&[usize]; 2]; 4] =
            [[&[3, 3], &[3, 2]], [&[2, 2, 2], &[2, 2, 3]], [&[1, 1], &[1, 1]], [&[2, 2, 2], &[2, 2, 0]]];
        let right = Domain::Between(-2.0, 2.0);
        shapes
            .map(|[a, b]| Sample(vec![(a.to_vec(), Domain::PositiveDefinite), (b.to_vec(), right)]))
            .to_vec()
    }
}

crate::ops::entry::built_in! { Solve, "solve"; }

/// Systems of linear equations, with the feature `linalg`.
impl<'t> Var<'t> {
    /// The solution y of `x · y = right` for matrices x in the last two axes: `[…, n, n], […, n, k] → […, n, k]`. A singular
    /// matrix gives infinities, NaN, or large numbers that are rounding.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit; the leading axes are equal.
    #[track_caller]
    #[must_use]
    pub fn solve(self, right: Var<'t>) -> Var<'t> {
        self.tape().apply(Solve, &[self, right])
    }
}
