//! Systems of linear equations, inverses and powers.

use super::dense::{Lu, Matrices, is_finite, write};
use super::{SPREAD, identity_like, solution, square, systems, transposed};
use crate::Float;
use crate::kernel::{Inputs, Output};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::sample::Sample;

/// The solution of systems of linear equations with matrices in the last two axes: `y = x0⁻¹ · x1`, by an LU decomposition with
/// rows exchanged. `dx1 = x0⁻ᵀ · dy`, and `dx0 = −dx1 · yᵀ` (Giles 2008, "An extended collection of matrix derivative results
/// for forward and reverse mode algorithmic differentiation", 2.3.1). The leading axes stretch to each other.
///
/// The solution is NaN where a pivot is 0 or an element of the matrix is not finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Solve;

impl<F: Float> Kernel<F> for Solve {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let &[ref leading @ .., n, columns] = y.shape else { return };
        if y.data.is_empty() {
            return;
        }
        let (matrices, right) = (Matrices::of(x.real(0), leading), Matrices::of(x.real(1), leading));
        // A matrix that solves for several right sides is decomposed once.
        let mut last: Option<(isize, Option<Lu>)> = None;
        for (k, y) in y.data.chunks_exact_mut(n * columns).enumerate() {
            let start = matrices.start(k);
            if last.as_ref().is_none_or(|(place, _)| *place != start) {
                let matrix = matrices.matrix(k);
                let lu = is_finite(matrix.as_ref()).then(|| Lu::of(&matrix)).filter(|lu| !lu.is_singular());
                last = Some((start, lu));
            }
            match &last {
                Some((_, Some(lu))) => write(lu.solve(right.matrix(k).as_ref()).as_ref(), y),
                _ => y.fill(F::nan()),
            }
        }
    }
}

impl Op for Solve {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = solution of x0 · y = x1"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        solution(x)
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let dx1 = dy.tape().apply(Solve, &[transposed(x[0]), dy]);
        match operand {
            1 => dx1.into(),
            _ => (-dx1.matmul(transposed(y))).into(),
        }
    }

    fn normwise(&self) -> bool {
        true
    }

    fn smooth(&self) -> bool {
        true
    }

    fn samples(&self) -> Vec<Sample> {
        systems(SPREAD)
    }
}

crate::ops::entry::built_in! { Solve, "solve"; }

/// Systems of linear equations, inverses and powers, with the feature `linalg`.
impl<'t> Var<'t> {
    /// The solution y of `x · y = right` for matrices x in the last two axes: `[…, n, n], […, n, k] → […, n, k]`, where the
    /// leading axes stretch to each other; or of a vector, `[…, n, n], [n] → […, n]`, as NumPy. O(n³ + n²k).
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [[0.0, 2.0], [4.0, 4.0]]);
    /// assert_eq!(x.solve(tape.leaf("right", [2.0, 12.0])).value().as_slice().unwrap(), [2.0, 1.0]);
    /// ```
    ///
    /// # Singular matrices
    ///
    /// The solution is NaN where the decomposition finds a pivot that is exactly 0, and where an element of x is not finite.
    /// Of a matrix that is singular but for roundings the solution is large, and holds few right digits or none: it loses as
    /// many as the condition number of x has.
    ///
    /// # Panics
    ///
    /// If x holds no square matrices, or the shapes do not fit.
    #[track_caller]
    #[must_use]
    pub fn solve(self, right: Var<'t>) -> Var<'t> {
        match right.rank() {
            1 => self.tape().apply(Solve, &[self, right.expand_dims(-1)]).squeeze(-1),
            _ => self.tape().apply(Solve, &[self, right]),
        }
    }

    /// The inverse of matrices in the last two axes: the [solution](Self::solve) for the identity, of which all is true here
    /// too; the inverse of a singular matrix is NaN. To multiply by it, solve instead: that takes half of the time, and rounds less.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [[0.0, 2.0], [4.0, 4.0]]);
    /// assert_eq!(x.inverse().value().as_slice().unwrap(), [-0.5, 0.25, 0.5, 0.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If it holds no square matrices.
    #[doc(alias = "inv")]
    #[track_caller]
    #[must_use]
    pub fn inverse(self) -> Var<'t> {
        self.is_square("inverse");
        self.tape().apply(Solve, &[self, identity_like(self)])
    }

    /// The product of as many equal matrices, in the last two axes, by repeated squaring: O(n³ log exponent). To the power of 0
    /// it is the identity; to negative ones, a product of [inverses](Self::inverse).
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [[1.0, 1.0], [1.0, 0.0]]);
    /// assert_eq!(x.matrix_power(10).value().as_slice().unwrap(), [89.0, 55.0, 55.0, 34.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If it holds no square matrices.
    #[track_caller]
    #[must_use]
    pub fn matrix_power(self, exponent: i32) -> Var<'t> {
        self.is_square("matrix_power");
        let mut square = if exponent < 0 { self.inverse() } else { self };
        let (mut left, mut power): (u32, Option<Var<'t>>) = (exponent.unsigned_abs(), None);
        while left > 0 {
            if left % 2 == 1 {
                power = Some(match power {
                    Some(power) => power.matmul(square),
                    None => square,
                });
            }
            left /= 2;
            if left > 0 {
                square = square.matmul(square);
            }
        }
        match power {
            Some(power) => power,
            None => identity_like(self),
        }
    }

    /// Refuses what is no array of square matrices, in the name of a composition.
    #[track_caller]
    pub(super) fn is_square(self, name: &'static str) {
        if let Err(problem) = square(&self.shape()) {
            self.tape().refuse_operands(name, problem, &[self])
        }
    }
}
