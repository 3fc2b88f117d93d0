//! Systems of linear equations with triangular matrices.

use super::dense::{Matrices, write};
use super::{solution, systems, transposed};
use crate::Float;
use crate::kernel::{Inputs, Output};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::sample::{Domain, Sample};
use faer::Par;
use faer::linalg::triangular_solve as by_faer;

/// The solution of systems with triangular matrices in the last two axes: `y = x0⁻¹ · x1`, or `x0⁻ᵀ · x1`. The other triangle of
/// x0 does not count. The leading axes stretch to each other. `dx1 = x0⁻ᵀ · dy`, or `x0⁻¹ · dy`, and `dx0` is the triangle of `−dx1 · yᵀ`, or of `−y · dx1ᵀ` (Giles 2008,
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
}

impl<F: Float> Kernel<F> for TriangularSolve {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let &[ref leading @ .., n, columns] = y.shape else { return };
        if y.data.is_empty() {
            return;
        }
        let (matrices, right) = (Matrices::of(x.real(0), leading), Matrices::of(x.real(1), leading));
        for (k, y) in y.data.chunks_exact_mut(n * columns).enumerate() {
            let (matrix, mut solution) = (matrices.matrix(k), right.matrix(k));
            let matrix = if self.transposed { matrix.transpose() } else { matrix.as_ref() };
            let into = solution.as_mut();
            match (self.upper == self.transposed, self.unit_diagonal) {
                (true, false) => by_faer::solve_lower_triangular_in_place(matrix, into, Par::Seq),
                (true, true) => by_faer::solve_unit_lower_triangular_in_place(matrix, into, Par::Seq),
                (false, false) => by_faer::solve_upper_triangular_in_place(matrix, into, Par::Seq),
                (false, true) => by_faer::solve_unit_upper_triangular_in_place(matrix, into, Par::Seq),
            }
            write(solution.as_ref(), y);
        }
    }
}

impl Op for TriangularSolve {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = solution of triangular x0 · y = x1"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        solution(x)
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
        systems(if self.upper { Domain::UpperTriangular } else { Domain::LowerTriangular })
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
    /// read: `[…, n, n], […, n, k] → […, n, k]`, where the leading axes stretch to each other; or of a vector,
    /// `[…, n, n], [n] → […, n]`, as NumPy. O(n²k).
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
    /// If x holds no square matrices, or the shapes do not fit.
    #[doc(alias = "solve_triangular")]
    #[track_caller]
    #[must_use]
    pub fn triangular_solve(self, right: Var<'t>, how: TriangularSolve) -> Var<'t> {
        match right.rank() {
            1 => self.tape().apply(how, &[self, right.expand_dims(-1)]).squeeze(-1),
            _ => self.tape().apply(how, &[self, right]),
        }
    }
}
