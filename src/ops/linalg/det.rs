//! Determinants.

use super::cofactor::Cofactor;
use super::dense::{Lu, for_each_matrix};
use super::{SPREAD, square, transposed};
use crate::Float;
use crate::kernel::{Inputs, Output};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::Sample;

/// The determinant of matrices in the last two axes, the product of the pivots of an LU decomposition. `dx = dy · cofactor(x)`
/// (Jacobi's formula; Giles 2008, "An extended collection of matrix derivative results for forward and reverse mode
/// algorithmic differentiation", 2.2.4, for regular matrices).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Det;

/// The sign of the determinant of matrices in the last two axes, and the logarithm of its absolute value, in a last axis of
/// two: of a singular matrix 0 and −∞. With dl the cotangent of the logarithm, `dx = dl · x⁻ᵀ`; none goes through the sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlogDet;

impl<F: Float> Kernel<F> for Det {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for_each_matrix(x.real(0), y, |matrix, y| {
            y[0] = F::of(Lu::of(&matrix).determinant());
            Some(())
        });
    }
}

impl<F: Float> Kernel<F> for SlogDet {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for_each_matrix(x.real(0), y, |matrix, y| {
            let lu = Lu::of(&matrix);
            y[0] = F::of(lu.sign());
            y[1] = F::of(lu.pivots().map(|pivot| pivot.abs().ln()).sum());
            Some(())
        });
    }
}

impl Op for Det {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = determinant of x"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        square(x).map(|(batch, _)| batch.to_vec())
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        (dy.expand_dims([-2, -1]) * dy.tape().apply(Cofactor, &[x[0]])).into()
    }

    fn normwise(&self) -> bool {
        true
    }

    fn smooth(&self) -> bool {
        true
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 3][..], &[2, 2, 2], &[1, 1], &[4, 4], &[0, 2, 2], &[0, 0]]
            .map(|shape| Sample::of([shape], SPREAD))
            .to_vec()
    }
}

impl Op for SlogDet {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = sign and ln |x| of the determinant of x"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        square(x).map(|(batch, _)| [batch, &[2]].concat())
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let [_, dl] = dy.split([1, 1], -1);
        (dl.expand_dims(-1) * transposed(x[0].inverse())).into()
    }

    fn normwise(&self) -> bool {
        true
    }

    fn smooth(&self) -> bool {
        true
    }

    fn samples(&self) -> Vec<Sample> {
        Op::samples(&Det)
    }
}

crate::ops::entry::built_in! {
    Det, "det";
    SlogDet, "slogdet";
}

/// Determinants, with the feature `linalg`.
impl<'t> Var<'t> {
    /// The determinant of matrices in the last two axes, `[…, n, n] → […]`; O(n³). That of a large matrix overflows, or
    /// vanishes; [`slogdet`](Self::slogdet) does not.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [[1.0, 2.0], [2.0, 4.0]]);
    /// let [dx] = x.det().grad([x]);
    /// assert_eq!(x.det().value().item(), 0.0);
    /// assert!(dx.value().iter().zip([4.0, -2.0, -2.0, 1.0]).all(|(dx, cofactor)| (dx - cofactor).abs() < 1e-12));
    /// ```
    ///
    /// # Singular matrices
    ///
    /// The gradient and the second derivative are right there; the third is NaN. A matrix with an element that is not finite has the determinant
    /// NaN.
    ///
    /// # Panics
    ///
    /// If it holds no square matrices.
    #[track_caller]
    #[must_use]
    pub fn det(self) -> Var<'t> {
        self.tape().apply(Det, &[self])
    }

    /// The sign of the determinant of matrices in the last two axes, −1, 0 or 1, and the natural logarithm of its absolute
    /// value, `[…, n, n] → […], […]`; O(n³). Of a singular matrix the logarithm is −∞, and its gradient NaN.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [[0.0, 1.0], [1.0, 0.0]]);
    /// let [sign, ln] = x.slogdet();
    /// assert_eq!([sign, ln].map(|y| y.value().item()), [-1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If it holds no square matrices.
    #[track_caller]
    #[must_use]
    pub fn slogdet(self) -> [Var<'t>; 2] {
        let [sign, ln] = self.tape().apply(SlogDet, &[self]).split([1, 1], -1);
        [sign.squeeze(-1), ln.squeeze(-1)]
    }

    /// The natural logarithm of the determinant of matrices in the last two axes, `[…, n, n] → […]`: NaN where that is negative,
    /// −∞ where it is 0. Of a positive definite matrix with a Cholesky factor at hand, it is `2 Σ ln Lᵢᵢ`, which costs less.
    ///
    /// # Panics
    ///
    /// If it holds no square matrices.
    #[track_caller]
    #[must_use]
    pub fn logdet(self) -> Var<'t> {
        let [sign, ln] = self.slogdet();
        // 0 for a positive determinant, NaN for a negative one.
        ln + sign.ln()
    }
}
