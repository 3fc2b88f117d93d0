//! Which axes an op works on, as users write it.

use crate::base::shape;
use crate::tape::Var;
use crate::tape::op::Operand;
use crate::tape::operands::reals;
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
    /// The axes of an operand counted from the front, sorted; of `rank` axes, which may be more than it has now.
    ///
    /// # Panics
    ///
    /// If one does not exist, with the message of [`Error::Operands`](crate::Error::Operands).
    #[track_caller]
    pub(super) fn resolve(&self, op: &'static str, x: Var<'_>, rank: usize) -> Vec<usize> {
        match self {
            Self::All => (0..rank).collect(),
            Self::Some(axes) => {
                let mut axes = from_front(axes, op, x, rank);
                axes.sort_unstable();
                axes
            }
        }
    }
}

/// Axes of an operand counted from the front, in the order given.
///
/// # Panics
///
/// If one does not exist, with the message of [`Error::Operands`](crate::Error::Operands).
#[track_caller]
pub(super) fn from_front(axes: &[isize], op: &'static str, x: Var<'_>, rank: usize) -> Vec<usize> {
    let found: Result<Vec<usize>, String> = axes.iter().map(|&a| shape::axis(a, rank)).collect();
    match found {
        Ok(axes) => axes,
        Err(problem) => x.tape().refuse_operands(op, problem, &[x]),
    }
}

/// Which of `rank` axes are listed.
///
/// # Errors
///
/// A message if an axis does not exist or is listed twice.
pub(super) fn flags(axes: &[usize], rank: usize) -> Result<Vec<bool>, String> {
    let mut flags = vec![false; rank];
    for &a in axes {
        shape::check_axis(a, rank)?;
        if std::mem::replace(&mut flags[a], true) {
            return Err(format!("axis {a} is listed twice"));
        }
    }
    Ok(flags)
}

/// The shape of the only operand, of real numbers, which has an axis.
pub(super) fn shape_with_axis(x: &[Operand<'_>], axis: usize) -> Result<Vec<usize>, String> {
    let [x] = reals(x)?;
    shape::check_axis(axis, x.len())?;
    Ok(x.to_vec())
}
