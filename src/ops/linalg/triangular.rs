//! Systems of linear equations with triangular matrices.

use super::{square, transposed};
use crate::Float;
use crate::base::shape::{Layout, size};
use crate::kernel::{Inputs, Output, gather};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};
use faer::linalg::triangular_solve as by_faer;
use faer::{MatMut, MatRef, Par};

/// The solution of systems with triangular matrices in the last two axes: `y = x0⁻¹ · x1`, or `x0⁻ᵀ · x1`. The other triangle of
/// x0 is not read. `dx1 = x0⁻ᵀ · dy`, or `x0⁻¹ · dy`, and `dx0` is the triangle of `−dx1 · yᵀ`, or of `−y · dx1ᵀ` (Giles 2008,
/// "An extended collection of matrix derivative results for forward and reverse mode algorithmic differentiation", 2.3.1).
///
/// A 0 on the diagonal gives infinities or NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TriangularSolve {
    /// Whether x0 is an upper triangle.
    pub upper: bool,
    /// Whether the transpose of x0 is solved with.
    pub transposed: bool,
    /// Whether the diagonal of x0 counts as 1, whatever is there; it is not read then.
    pub unit_diagonal: bool,
}

impl TriangularSolve {
    /// With a lower triangle.
    pub fn lower() -> Self {
        Self { upper: false, transposed: false, unit_diagonal: false }
    }

    /// With an upper triangle.
    pub fn upper() -> Self {
        Self { upper: true, ..Self::lower() }
    }

    /// With the transpose of the matrix instead, or with the matrix again.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self { transposed: !self.transposed, ..self }
    }

    /// With 1 on the diagonal.
    #[must_use]
    pub fn unit_diagonal(self) -> Self {
        Self { unit_diagonal: true, ..self }
    }

    fn run_by_faer<F: Float + faer::traits::ComplexField>(self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let &[.., n, columns] = y.shape else { return };
        if y.data.is_empty() {
            return;
        }
        let matrices = &mut y.scratch[..x.real(0).len()];
        gather(x.real(0), 0, matrices);
        gather(x.real(1), 0, y.data);
        for (matrix, y) in matrices.chunks_exact(n * n).zip(y.data.chunks_exact_mut(n * columns)) {
            let matrix = MatRef::from_row_major_slice(matrix, n, n);
            let matrix = if self.transposed { matrix.transpose() } else { matrix };
            let y = MatMut::from_row_major_slice_mut(y, n, columns);
            match (self.upper == self.transposed, self.unit_diagonal) {
                (true, false) => by_faer::solve_lower_triangular_in_place(matrix, y, Par::Seq),
                (true, true) => by_faer::solve_unit_lower_triangular_in_place(matrix, y, Par::Seq),
                (false, false) => by_faer::solve_upper_triangular_in_place(matrix, y, Par::Seq),
                (false, true) => by_faer::solve_unit_upper_triangular_in_place(matrix, y, Par::Seq),
            }
        }
    }
}

impl Kernel<f32> for TriangularSolve {
    fn run(&self, x: Inputs<'_, '_, f32>, y: Output<'_, f32>) {
        self.run_by_faer(x, y);
    }
}

impl Kernel<f64> for TriangularSolve {
    fn run(&self, x: Inputs<'_, '_, f64>, y: Output<'_, f64>) {
        self.run_by_faer(x, y);
    }
}

impl Op for TriangularSolve {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = solution of triangular x0 · y = x1"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [matrix, right] = reals(x)?;
        let (batch, n) = square(matrix)?;
        match right {
            [other @ .., rows, _] if other == batch && *rows == n => Ok(right.to_vec()),
            _ => Err(format!(
                "matrices of shape {matrix:?} solve for right sides of shape {:?}, got {right:?}",
                [batch, &[n]]
                    .concat()
                    .iter()
                    .map(usize::to_string)
                    .chain(["columns".to_owned()])
                    .collect::<Vec<_>>()
            )),
        }
    }

    fn scratch(&self, x: &[&Layout], _: &[usize]) -> usize {
        size(x[0].shape())
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let dx1 = dy.tape().apply(self.transposed(), &[x[0], dy]);
        if operand == 1 {
            return dx1.into();
        }
        let dx0 = match self.transposed {
            false => -dx1.matmul(transposed(y)),
            true => -y.matmul(transposed(dx1)),
        };
        let off = isize::from(self.unit_diagonal);
        if self.upper { dx0.triu(off) } else { dx0.tril(-off) }.into()
    }

    fn smooth(&self) -> bool {
        true
    }

    fn samples(&self) -> Vec<Sample> {
        let triangle = if self.upper { Domain::UpperTriangular } else { Domain::LowerTriangular };
        let shapes: [[&[usize]; 2]; 5] = [
            [&[3, 3], &[3, 2]],
            [&[2, 2, 2], &[2, 2, 3]],
            [&[1, 1], &[1, 1]],
            [&[0, 0], &[0, 2]],
            [&[2, 2, 2], &[2, 2, 0]],
        ];
        let right = Domain::Between(-2.0, 2.0);
        shapes.map(|[a, b]| Sample(vec![(a.to_vec(), triangle), (b.to_vec(), right)])).to_vec()
    }
}

crate::ops::entry::built_in! {
    TriangularSolve, "triangular_solve", [upper, transposed, unit_diagonal], [
        Self::lower(),
        Self::upper(),
        Self::lower().transposed(),
        Self::upper().transposed().unit_diagonal(),
        Self::lower().unit_diagonal(),
    ];
}

/// Triangular systems, with the feature `linalg`.
impl<'t> Var<'t> {
    /// The solution y of `x · y = right` for triangular matrices x in the last two axes, of which the other triangle is not
    /// read: `[…, n, n], […, n, k] → […, n, k]`.
    ///
    /// ```
    /// use chainrule::ops::TriangularSolve;
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [[2.0, 0.0], [1.0, 4.0]]);
    /// let right = tape.leaf("right", [[2.0], [9.0]]);
    /// assert_eq!(x.triangular_solve(right, TriangularSolve::lower()).value().as_slice().unwrap(), [1.0, 2.0]);
    /// ```
    ///
    /// A 0 on the diagonal gives infinities or NaN.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit; the leading axes are equal.
    #[track_caller]
    #[must_use]
    pub fn triangular_solve(self, right: Var<'t>, how: TriangularSolve) -> Var<'t> {
        self.tape().apply(how, &[self, right])
    }
}
