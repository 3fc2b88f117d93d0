//! Decompositions of matrices in the last two axes, and systems of linear equations, by the crate `faer`.
//!
//! Kernels compute in double precision, in `f32` too, and on one thread.

pub(super) mod cholesky;
pub(super) mod cofactor;
mod dense;
pub(super) mod det;
pub(super) mod eigh;
pub(super) mod expm;
pub(super) mod pinv;
pub(super) mod qr;
pub(super) mod solve;
pub(super) mod svd;
pub(super) mod triangular;

use crate::base::shape::broadcast;
use crate::tape::Var;
use crate::tape::op::Operand;
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Maker, Sample};

/// The batch and the size of square matrices in the last two axes.
fn square(x: &[usize]) -> Result<(&[usize], usize), String> {
    match x {
        [batch @ .., n, columns] if n == columns => Ok((batch, *n)),
        _ => Err(format!("takes square matrices in the last two axes, got shape {x:?}")),
    }
}

/// The batch, rows and columns of matrices in the last two axes.
fn matrix(x: &[usize]) -> Result<(&[usize], usize, usize), String> {
    match x {
        [batch @ .., m, n] => Ok((batch, *m, *n)),
        _ => Err(format!("takes matrices in the last two axes, got shape {x:?}")),
    }
}

/// The shape of the solution of systems with square matrices, of which the leading axes stretch to those of the right sides.
fn solution(x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
    let [x, right] = reals(x)?;
    let (batch, n) = square(x)?;
    match right {
        [other @ .., rows, columns] if *rows == n => {
            let batch = broadcast(batch, other)?;
            Ok([&batch[..], &[n, *columns]].concat())
        }
        _ => Err(format!(
            "matrices {x:?} solve for right sides of {n} rows, [.., {n}, k], got shape {right:?}"
        )),
    }
}

/// Systems with matrices of a domain.
fn systems(matrices: Domain) -> Vec<Sample> {
    let shapes: [[&[usize]; 2]; 7] = [
        [&[3, 3], &[3, 2]],
        [&[2, 2, 2], &[2, 2, 3]],
        [&[1, 1], &[1, 1]],
        [&[2, 2], &[3, 2, 1]],
        [&[2, 1, 2, 2], &[3, 2, 2]],
        [&[0, 0], &[0, 2]],
        [&[2, 2, 2], &[2, 2, 0]],
    ];
    let right = Domain::Between(-2.0, 2.0);
    shapes.map(|[a, b]| Sample(vec![(a.to_vec(), matrices), (b.to_vec(), right)])).to_vec()
}

/// Matrices in the last two axes, transposed.
#[track_caller]
fn transposed(x: Var<'_>) -> Var<'_> {
    let rank = x.rank() as isize;
    let axes: Vec<isize> = (0..rank - 2).chain([rank - 1, rank - 2]).collect();
    x.permute(axes)
}

/// Identity matrices as large as some square ones.
#[track_caller]
fn identity_like(x: Var<'_>) -> Var<'_> {
    x.tape().constant(1.0).broadcast_like(x.diagonal(0)).diag_embed(0)
}

/// Rows of matrices, from one on to before another, by ndarray's negative numbers: another number of rows before them leaves
/// the same ones.
#[track_caller]
fn rows(x: Var<'_>, start: isize, end: Option<isize>) -> Var<'_> {
    x.range(x.rank() - 2, start, end, 1)
}

/// Well conditioned matrices whose eigenvalues and singular values are apart: 1, −2, 3, … on the diagonal, and numbers up to
/// 0.3 added everywhere.
const SPREAD: Domain = Domain::By(Maker(|shape, random| {
    let &[.., m, n] = shape else { return Vec::new() };
    let matrices: usize = shape[..shape.len() - 2].iter().product();
    let mut elements = Vec::with_capacity(matrices * m * n);
    for _ in 0..matrices {
        for i in 0..m {
            for j in 0..n {
                let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
                let spread = if i == j { sign * (i as f64 + 1.0) } else { 0.0 };
                elements.push(spread + 0.6 * random() - 0.3);
            }
        }
    }
    elements
}));
