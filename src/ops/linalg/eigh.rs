//! Eigenvalues and eigenvectors of symmetric matrices.

use super::dense::{for_each_matrix, normalise};
use super::{SPREAD, identity_like, rows, square, transposed};
use crate::Float;
use crate::kernel::{Inputs, Output};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::Sample;
use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Mat, MatRef, Par};

/// The decomposition `(x + xᵀ) / 2 = V · diag(λ) · Vᵀ` of matrices in the last two axes, with orthonormal columns of V, and λ
/// from the least to the greatest. [Packed](crate::op#packed-results) as `[1 + n, n]`: λ, then V; or λ alone, `[n]`.
///
/// With `K = Vᵀ · dV`, off the diagonal `Cᵢⱼ = (K − Kᵀ)ᵢⱼ / 2(λⱼ − λᵢ)`, and on it `Cᵢᵢ = dλᵢ`, `dx = V · C · Vᵀ` (Giles 2008, "An
/// extended collection of matrix derivative results for forward and reverse mode algorithmic differentiation", 3.1). It is
/// symmetric, since x counts by its symmetric part. For λ alone it is `V · diag(dλ) · Vᵀ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eigh {
    /// Whether the result has the vectors too.
    pub vectors: bool,
}

/// The sign of a vector that makes `Σ vᵢ / √(i + 1)` positive. A sum with weights that are no multiples of each other is 0 for
/// hardly any vector; so the sign does not jump where an element is 0 or two are equally large.
pub(super) fn sign(v: MatRef<'_, f64>, column: usize) -> f64 {
    let sum: f64 = (0..v.nrows()).map(|i| v[(i, column)] / (i as f64 + 1.0).sqrt()).sum();
    if sum < 0.0 { -1.0 } else { 1.0 }
}

impl<F: Float> Kernel<F> for Eigh {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for_each_matrix(x.real(0), y, |x, y| {
            let n = x.nrows();
            let mut symmetric = Mat::from_fn(n, n, |i, j| 0.5 * x[(i, j)] + 0.5 * x[(j, i)]);
            let size = normalise(&mut symmetric);
            let (mut values, mut v) = (Diag::zeros(n), Mat::zeros(n, n));
            let compute = if self.vectors { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No };
            let scratch = self_adjoint_evd_scratch::<f64>(n, compute, Par::Seq, Default::default());
            let mut room = MemBuffer::new(scratch);
            let stack = MemStack::new(&mut room);
            let vectors = self.vectors.then(|| v.as_mut());
            let (symmetric, into) = (symmetric.as_ref(), values.as_mut());
            self_adjoint_evd(symmetric, into, vectors, Par::Seq, stack, Default::default()).ok()?;
            let (first, others) = y.split_at_mut(n);
            first.iter_mut().enumerate().for_each(|(i, y)| *y = F::of(size * values[i]));
            if self.vectors {
                for j in 0..n {
                    let sign = sign(v.as_ref(), j);
                    (0..n).for_each(|i| others[i * n + j] = F::of(sign * v[(i, j)]));
                }
            }
            Some(())
        });
    }
}

impl Op for Eigh {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        if self.vectors { "y = eigenvalues and eigenvectors of x" } else { "y = eigenvalues of x" }
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        let (batch, n) = square(x)?;
        Ok(if self.vectors { [batch, &[1 + n, n]].concat() } else { [batch, &[n]].concat() })
    }

    fn normwise(&self) -> bool {
        true
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        if !self.vectors {
            let v = rows(x[0].tape().apply(Self { vectors: true }, &[x[0]]), 1, None);
            return (v * dy.expand_dims(-2)).matmul(transposed(v)).into();
        }
        let part = |y| [rows(y, 0, Some(1)), rows(y, 1, None)];
        let ([values, v], [dvalues, dv]) = (part(y), part(dy));
        let k = transposed(v).matmul(dv);
        let identity = identity_like(x[0]);
        // 1 on the diagonal, where K − Kᵀ is 0.
        let gaps = values - transposed(values) + identity;
        let inner = 0.5 * (k - transposed(k)) / gaps + identity * dvalues;
        v.matmul(inner).matmul(transposed(v)).into()
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 3][..], &[2, 2, 2], &[1, 1], &[4, 4], &[0, 2, 2], &[0, 0]]
            .map(|shape| Sample::of([shape], SPREAD))
            .to_vec()
    }
}

crate::ops::entry::built_in! {
    Eigh, "eigh", [vectors], [Self { vectors: true }, Self { vectors: false }];
}

/// Eigenvalues and eigenvectors of symmetric matrices, with the feature `linalg`.
impl<'t> Var<'t> {
    /// The eigenvalues λ of symmetric matrices in the last two axes, from the least to the greatest, and their eigenvectors,
    /// the columns of V: `[…, n, n] → […, n], […, n, n]` with `x = V · diag(λ) · Vᵀ`. Of any matrix, those of the symmetric
    /// part `(x + xᵀ) / 2`; O(n³).
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [[2.0, 1.0], [1.0, 2.0]]);
    /// let [values, _] = x.eigh();
    /// assert!(values.value().iter().zip([1.0, 3.0]).all(|(value, wanted)| (value - wanted).abs() < 1e-12));
    /// ```
    ///
    /// # Signs
    ///
    /// An eigenvector may have either sign: here, the one that makes `Σ vᵢ / √(i + 1)` positive. NumPy and PyTorch leave it to
    /// LAPACK. The gradient of a function that depends on signs, or on the choice among vectors of equal eigenvalues, is that of
    /// this choice and of no other.
    ///
    /// # Equal eigenvalues
    ///
    /// The vectors of equal eigenvalues jump with x, and the gradient through them is infinite or NaN; where eigenvalues are
    /// close, it loses as many digits as their distance has zeros. [`eigvalsh`](Self::eigvalsh) has a gradient there too.
    ///
    /// The result is NaN if an element of x is not finite.
    ///
    /// # Panics
    ///
    /// If it holds no square matrices.
    #[track_caller]
    #[must_use]
    pub fn eigh(self) -> [Var<'t>; 2] {
        let y = self.tape().apply(Eigh { vectors: true }, &[self]);
        [rows(y, 0, Some(1)).squeeze(-2), rows(y, 1, None)]
    }

    /// The eigenvalues of symmetric matrices in the last two axes, from the least to the greatest: `[…, n, n] → […, n]`; of any
    /// matrix, those of the symmetric part.
    ///
    /// The gradient of a symmetric function of them, as their sum, is right where eigenvalues are equal too; that of one among equal
    /// ones is one of several subgradients. The second derivative is NaN there.
    ///
    /// # Panics
    ///
    /// If it holds no square matrices.
    #[track_caller]
    #[must_use]
    pub fn eigvalsh(self) -> Var<'t> {
        self.tape().apply(Eigh { vectors: false }, &[self])
    }
}
