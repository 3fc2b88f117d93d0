//! Which axes an op works on, as users write it.

use crate::shape;
use std::ops::RangeFull;

/// Axes of an operand: one (`0`, `-1` for the last), several (`[0, 2]`), or all (`..`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Axes {
    /// Every axis.
    All,
    /// These axes; negative ones count from the back.
    Some(Vec<isize>),
}

impl From<isize> for Axes {
    fn from(axis: isize) -> Self {
        Self::Some(vec![axis])
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    fn from(axes: [isize; N]) -> Self {
        Self::Some(axes.to_vec())
    }
}

impl From<&[isize]> for Axes {
    fn from(axes: &[isize]) -> Self {
        Self::Some(axes.to_vec())
    }
}

impl From<Vec<isize>> for Axes {
    fn from(axes: Vec<isize>) -> Self {
        Self::Some(axes)
    }
}

impl From<RangeFull> for Axes {
    fn from(_: RangeFull) -> Self {
        Self::All
    }
}

impl Axes {
    /// The axes counted from the front, sorted. What does not exist stays as it is, past the rank, for the op's shape
    /// rule to refuse with all it knows about the operand.
    pub(super) fn resolve(&self, rank: usize) -> Vec<usize> {
        match self {
            Self::All => (0..rank).collect(),
            Self::Some(axes) => {
                let mut axes: Vec<usize> = axes.iter().map(|&a| from_front(a, rank)).collect();
                axes.sort_unstable();
                axes
            }
        }
    }
}

/// An axis counted from the front, or one that surely does not exist.
pub(super) fn from_front(axis: isize, rank: usize) -> usize {
    shape::axis(axis, rank).unwrap_or(if axis < 0 { rank + axis.unsigned_abs() } else { axis.unsigned_abs() })
}

/// Which of `rank` axes are listed.
///
/// # Errors
///
/// A message if an axis does not exist or is listed twice.
pub(super) fn flags(axes: &[usize], rank: usize) -> Result<Vec<bool>, String> {
    let mut flags = vec![false; rank];
    for &a in axes {
        shape::axis(a as isize, rank)?;
        if std::mem::replace(&mut flags[a], true) {
            return Err(format!("axis {a} is listed twice"));
        }
    }
    Ok(flags)
}
