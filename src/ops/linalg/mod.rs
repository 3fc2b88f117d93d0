//! Decompositions of matrices in the last two axes, and systems of linear equations, by the crate `faer`.

pub(super) mod cholesky;
pub(super) mod solve;
pub(super) mod triangular;

use crate::tape::Var;

/// The batch and the size of square matrices in the last two axes.
fn square(x: &[usize]) -> Result<(&[usize], usize), String> {
    match x {
        [batch @ .., n, columns] if n == columns => Ok((batch, *n)),
        _ => Err(format!("takes square matrices in the last two axes, got shape {x:?}")),
    }
}

/// Matrices in the last two axes, transposed.
fn transposed(x: Var<'_>) -> Var<'_> {
    let rank = x.rank() as isize;
    let axes: Vec<isize> = (0..rank - 2).chain([rank - 1, rank - 2]).collect();
    x.permute(axes)
}
