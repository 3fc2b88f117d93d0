//! The singular value decomposition.

use super::dense::{for_each_matrix, normalise};
use super::eigh::sign;
use super::{SPREAD, identity_like, matrix, rows, transposed};
use crate::Float;
use crate::kernel::{Inputs, Output};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::Sample;
use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::{Mat, Par};

/// The thin singular value decomposition `x = U · diag(s) · Vᵀ` of matrices `[m, n]` with m ≥ n in the last two axes: orthonormal
/// columns of U and V, and s ≥ 0 from the greatest to the least. [Packed](crate::op#packed-results) as `[m + 1 + n, n]`: U, s,
/// V; or s alone, `[n]`.
///
/// With `K = Uᵀ · dU` and `L = Vᵀ · dV`, off the diagonal `Cᵢⱼ = ((K − Kᵀ)ᵢⱼ sⱼ + sᵢ (L − Lᵀ)ᵢⱼ) / (sⱼ² − sᵢ²)`, and on it
/// `Cᵢᵢ = dsᵢ`, `dx = (U · C + (dU − U · K) · diag(1 / s)) · Vᵀ` (Townsend 2016, "Differentiating the singular value
/// decomposition"; Giles 2008, 3.2). In square matrices, `dU − U · K` is 0. For s alone it is `U · diag(ds) · Vᵀ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Svd {
    /// Whether the result has U and V too.
    pub vectors: bool,
    /// Whether the matrices are square, which the rule has to know.
    pub square: bool,
}

/// U, s and V in double precision; V alone is made, of zeros, where no vectors are asked for.
pub(super) fn decompose(mut x: Mat<f64>, vectors: bool) -> Option<(Mat<f64>, Vec<f64>, Mat<f64>)> {
    let size = normalise(&mut x);
    let (m, n) = (x.nrows(), x.ncols());
    let k = m.min(n);
    let (mut u, mut s, mut v) = (Mat::zeros(m, k), Diag::zeros(k), Mat::zeros(n, k));
    let compute = if vectors { ComputeSvdVectors::Thin } else { ComputeSvdVectors::No };
    let mut room = MemBuffer::new(svd_scratch::<f64>(m, n, compute, compute, Par::Seq, Default::default()));
    let stack = MemStack::new(&mut room);
    let (of_u, of_v) = (vectors.then(|| u.as_mut()), vectors.then(|| v.as_mut()));
    svd(x.as_ref(), s.as_mut(), of_u, of_v, Par::Seq, stack, Default::default()).ok()?;
    Some((u, (0..k).map(|i| size * s[i]).collect(), v))
}

impl<F: Float> Kernel<F> for Svd {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for_each_matrix(x.real(0), y, |x, y| {
            let (m, n) = (x.nrows(), x.ncols());
            let (u, s, v) = decompose(x, self.vectors)?;
            if !self.vectors {
                y.iter_mut().enumerate().for_each(|(i, y)| *y = F::of(s[i]));
                return Some(());
            }
            for j in 0..n {
                let sign = sign(v.as_ref(), j);
                (0..m).for_each(|i| y[i * n + j] = F::of(sign * u[(i, j)]));
                y[m * n + j] = F::of(s[j]);
                (0..n).for_each(|i| y[(m + 1 + i) * n + j] = F::of(sign * v[(i, j)]));
            }
            Some(())
        });
    }
}

/// U, s and V of n columns.
#[track_caller]
fn parts(y: Var<'_>) -> [Var<'_>; 3] {
    match y.shape().last().map_or(0, |&n| n as isize) {
        // From the end, 0 rows cannot be counted.
        0 => y.split([y.shape()[y.rank() - 2] - 1, 1, 0], -2),
        n => [rows(y, 0, Some(-n - 1)), rows(y, -n - 1, Some(-n)), rows(y, -n, None)],
    }
}

impl Op for Svd {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        if self.vectors { "y = U, s and V of x = U · diag(s) · Vᵀ" } else { "y = singular values of x" }
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        match matrix(x)? {
            (_, m, n) if self.square != (m == n) => {
                let square = if self.square { "square" } else { "other than square" };
                Err(format!(
                    "takes {square} matrices, got shape {x:?}; it was recorded for such, and its gradient is theirs"
                ))
            }
            (batch, m, n) if m >= n && self.vectors => Ok([batch, &[m + 1 + n, n]].concat()),
            (batch, m, n) if m >= n => Ok([batch, &[n]].concat()),
            _ => Err(format!("takes matrices with no more columns than rows, got shape {x:?}; transpose it")),
        }
    }

    fn normwise(&self) -> bool {
        true
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        if !self.vectors {
            let [u, _, v] = parts(x[0].tape().apply(Self { vectors: true, ..*self }, &[x[0]]));
            return (u * dy.expand_dims(-2)).matmul(transposed(v)).into();
        }
        let ([u, s, v], [du, ds, dv]) = (parts(y), parts(dy));
        let (k, l) = (transposed(u).matmul(du), transposed(v).matmul(dv));
        let identity = identity_like(k);
        let down = transposed(s);
        // 1 on the diagonal, where K − Kᵀ and L − Lᵀ are 0.
        let gaps = (s - down) * (s + down) + identity;
        let inner = ((k - transposed(k)) * s + down * (l - transposed(l))) / gaps + identity * ds;
        let mut left = u.matmul(inner);
        if !self.square {
            left += (du - u.matmul(k)) / s;
        }
        left.matmul(transposed(v)).into()
    }

    fn samples(&self) -> Vec<Sample> {
        let shapes: &[&[usize]] = match self.square {
            true => &[&[3, 3], &[2, 2, 2], &[1, 1], &[0, 2, 2], &[0, 0]],
            false => &[&[4, 3], &[2, 3, 2], &[3, 1], &[0, 3, 2], &[3, 0]],
        };
        shapes.iter().map(|shape| Sample::of([shape], SPREAD)).collect()
    }
}

crate::ops::entry::built_in! {
    Svd, "svd", [vectors, square], [
        Self { vectors: true, square: true },
        Self { vectors: true, square: false },
        Self { vectors: false, square: true },
        Self { vectors: false, square: false },
    ];
}

/// The singular value decomposition, with the feature `linalg`.
impl<'t> Var<'t> {
    /// The thin singular value decomposition `x = U · diag(s) · Vᵀ` of matrices in the last two axes: with k = min(m, n),
    /// `[…, m, n] → […, m, k], […, k], […, n, k]`. The columns of U and of V are orthonormal, and s ≥ 0 falls; O(mnk).
    ///
    /// The third is V, as in JAX's and MATLAB's `svd` and in `torch.svd`; NumPy's and `torch.linalg`'s is its transpose.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [[0.0, 2.0], [3.0, 0.0], [0.0, 0.0]]);
    /// let [u, s, v] = x.svd();
    /// assert_eq!((u.shape(), v.shape()), (vec![3, 2], vec![2, 2]));
    /// assert!(s.value().iter().zip([3.0, 2.0]).all(|(s, wanted)| (s - wanted).abs() < 1e-12));
    /// ```
    ///
    /// # Signs
    ///
    /// A column of U and that of V may change their signs together: here, `Σ vᵢ / √(i + 1)` is positive for each column of V, or
    /// of U if m < n. NumPy and PyTorch leave it to LAPACK. The gradient of a function that depends on signs is that of this
    /// choice and of no other.
    ///
    /// # Where there is no derivative
    ///
    /// Vectors of equal singular values jump with x, and the gradient through them is infinite or NaN; so it is, unless x is
    /// square, where a singular value is 0. Where they are close to it, as many digits are lost as there are zeros in the distance.
    /// [`svdvals`](Self::svdvals) has a gradient there too.
    ///
    /// The result is NaN if an element of x is not finite.
    ///
    /// # Panics
    ///
    /// If it has less than two axes.
    #[track_caller]
    #[must_use]
    pub fn svd(self) -> [Var<'t>; 3] {
        let (x, is_wide) = self.tall();
        let [u, s, v] = parts(x.singular(true));
        let s = s.squeeze(-2);
        if is_wide { [v, s, u] } else { [u, s, v] }
    }

    /// The singular values of matrices in the last two axes, from the greatest to the least: `[…, m, n] → […, min(m, n)]`.
    ///
    /// The gradient of a symmetric function of them, as their sum, is right where singular values are equal too; that of one among
    /// equal ones, and that of one which is 0, is one of several subgradients. The second derivative is infinite or NaN there.
    ///
    /// # Panics
    ///
    /// If it has less than two axes.
    #[track_caller]
    #[must_use]
    pub fn svdvals(self) -> Var<'t> {
        self.tall().0.singular(false)
    }

    /// It with no more columns than rows, and whether it had to be transposed.
    #[track_caller]
    fn tall(self) -> (Var<'t>, bool) {
        match self.shape()[..] {
            [.., m, n] if m < n => (transposed(self), true),
            _ => (self, false),
        }
    }

    #[track_caller]
    fn singular(self, vectors: bool) -> Var<'t> {
        let square = matches!(self.shape()[..], [.., m, n] if m == n);
        self.tape().apply(Svd { vectors, square }, &[self])
    }
}
