//! What shape rules ask of operands, with messages that say what would be right.

use super::op::Operand;
use crate::base::shape;
use crate::graph::Kind;

/// The shapes of exactly `N` operands, of real numbers or of indices.
///
/// # Errors
///
/// A message if there are more or fewer.
pub fn arrays<'a, const N: usize>(x: &[Operand<'a>]) -> Result<[&'a [usize]; N], String> {
    let operands: [Operand<'a>; N] =
        x.try_into().map_err(|_| format!("takes {N} operands, got {}", x.len()))?;
    Ok(operands.map(|x| x.shape))
}

/// The shapes of exactly `N` operands of real numbers.
///
/// # Errors
///
/// A message if there are more or fewer, or one holds indices.
pub fn reals<'a, const N: usize>(x: &[Operand<'a>]) -> Result<[&'a [usize]; N], String> {
    operands(x, [Kind::Real; N])
}

/// The shapes of exactly `N` operands of these kinds.
///
/// ```
/// use chainrule::op::{Kind, Operand, operands};
/// let (x, places) = (Operand { shape: &[3, 4], kind: Kind::Real }, Operand { shape: &[2], kind: Kind::Index });
/// assert_eq!(operands(&[x, places], [Kind::Real, Kind::Index]), Ok([&[3, 4][..], &[2]]));
/// assert_eq!(
///     operands(&[places, x], [Kind::Real, Kind::Index]).unwrap_err(),
///     "operand 0 holds indices, and real numbers are wanted",
/// );
/// ```
///
/// # Errors
///
/// A message if there are more or fewer, or one is of the other kind.
pub fn operands<'a, const N: usize>(x: &[Operand<'a>], kinds: [Kind; N]) -> Result<[&'a [usize]; N], String> {
    let shapes = arrays(x)?;
    match x.iter().zip(kinds).position(|(x, kind)| x.kind != kind) {
        Some(i) => Err(wrong_kind(i, kinds[i])),
        None => Ok(shapes),
    }
}

/// The shapes of any number of operands of real numbers.
///
/// # Errors
///
/// A message if one holds indices.
pub fn all_reals<'a>(x: &[Operand<'a>]) -> Result<Vec<&'a [usize]>, String> {
    match x.iter().position(|x| x.kind == Kind::Index) {
        Some(i) => Err(wrong_kind(i, Kind::Real)),
        None => Ok(x.iter().map(|x| x.shape).collect()),
    }
}

/// The shapes of any number of operands, all of real numbers or all of indices.
///
/// # Errors
///
/// A message if one is of another kind than the first.
pub fn all_alike<'a>(x: &[Operand<'a>]) -> Result<Vec<&'a [usize]>, String> {
    match x.iter().position(|other| other.kind != x[0].kind) {
        Some(i) => Err(format!("{}, as in operand 0", wrong_kind(i, x[0].kind))),
        None => Ok(x.iter().map(|x| x.shape).collect()),
    }
}

fn wrong_kind(operand: usize, wanted: Kind) -> String {
    match wanted {
        Kind::Real => format!("operand {operand} holds indices, and real numbers are wanted"),
        Kind::Index => format!("operand {operand} holds real numbers, and indices are wanted"),
    }
}

/// The shape to which all broadcast, as NumPy does: aligned at the last axis, 1 stretches to any size.
///
/// # Errors
///
/// A message that names the axis on which two sizes meet that are neither equal nor 1.
pub fn broadcast(shapes: &[&[usize]]) -> Result<Vec<usize>, String> {
    shape::broadcast_all(shapes)
}

/// An axis counted from the front, of one that may be counted from the back: −1 is the last of `rank`.
///
/// # Errors
///
/// A message that names the axis and those that there are.
pub fn axis(axis: isize, rank: usize) -> Result<usize, String> {
    shape::axis(axis, rank)
}

/// Which of `rank` axes are listed; they may be counted from the back.
///
/// # Errors
///
/// A message if one does not exist or is listed twice.
pub fn axes(axes: &[isize], rank: usize) -> Result<Vec<bool>, String> {
    let mut listed = vec![false; rank];
    for &a in axes {
        let front = shape::axis(a, rank)?;
        if std::mem::replace(&mut listed[front], true) {
            return Err(format!("axis {a} is listed twice"));
        }
    }
    Ok(listed)
}
