//! Loss functions.

mod binary;
mod classes;
mod distances;
mod regression;

pub use binary::{BceLoss, BceWithLogitsLoss, KlDivLoss, binary_cross_entropy};
pub use classes::{CrossEntropyLoss, NllLoss, SoftmaxWithLoss};
pub use distances::{CosineEmbeddingLoss, TripletMarginLoss, cosine_similarity};
pub use regression::{HuberLoss, L1Loss, MseLoss, SmoothL1Loss, mae, mse};

use crate::{Error, Var};
use std::panic::Location;

/// What becomes of the losses of single elements, or rows.
///
/// ```
/// use chainrule::{Tape, nn::{MseLoss, Reduction}};
/// use ndarray::arr1;
///
/// let tape = Tape::new();
/// let (y, t) = (tape.leaf("y", arr1(&[1.0, 5.0])), tape.leaf("t", arr1(&[1.0, 2.0])));
/// let loss = |reduction| MseLoss::default().reduction(reduction).forward(y, t).value().into_array();
/// assert_eq!(loss(Reduction::Mean).sum(), 4.5);
/// assert_eq!(loss(Reduction::Sum).sum(), 9.0);
/// assert_eq!(loss(Reduction::None).as_slice().unwrap(), [0.0, 9.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reduction {
    /// Their mean, one number.
    #[default]
    Mean,
    /// Their sum over all axes but the first, and the mean of that: PyTorch's `batchmean`.
    BatchMean,
    /// Their sum, one number.
    Sum,
    /// They are the result as they are.
    None,
}

impl Reduction {
    #[track_caller]
    fn of(self, each: Var<'_>) -> Var<'_> {
        match self {
            Self::Mean => each.mean(),
            Self::Sum => each.sum(),
            Self::None => each,
            Self::BatchMean => {
                let others: Vec<isize> = (1..each.rank() as isize).collect();
                if others.is_empty() { each.mean() } else { each.sum_over(others).mean() }
            }
        }
    }
}

/// The method that sets the reduction of a loss.
macro_rules! reduced {
    ($($loss:ident)+) => {
        $(impl $loss {
            /// What becomes of the losses of single elements or rows; their mean unless said otherwise.
            #[must_use]
            pub fn reduction(mut self, reduction: crate::nn::Reduction) -> Self {
                self.reduction = reduction;
                self
            }
        })+
    };
}
use reduced;

/// Panics with what is wrong about the operands of a loss.
#[track_caller]
fn refuse(loss: &str, problem: String, operands: &[Var<'_>]) -> ! {
    let operands: Vec<String> = operands.iter().enumerate().map(|(i, x)| format!("x{i} = {x:?}")).collect();
    let error = Error::Operands {
        op: loss.to_owned(),
        problem,
        operands: operands.join(", "),
        location: Location::caller().into(),
    };
    panic!("{error}")
}

/// Panics if one operand would be broadcast to the other.
#[track_caller]
fn same_shape(loss: &str, prediction: Var<'_>, target: Var<'_>) {
    let (a, b) = (prediction.shape(), target.shape());
    if a == b {
        return;
    }
    let elements = |shape: &[usize]| shape.iter().product::<usize>();
    let remedy = match elements(&a) == elements(&b) {
        true => "bring one to the shape of the other, with `reshape_like`, `squeeze` or `expand_dims`",
        false => "give as many targets as there are predictions",
    };
    let problem = format!(
        "the prediction has shape {a:?} and the target {b:?}; a loss does not broadcast them, since that would compare one \
         with several of the other: {remedy}"
    );
    refuse(loss, problem, &[prediction, target])
}

/// Panics unless there is one target for each row of the prediction, along its last axis.
#[track_caller]
fn one_for_each_row(loss: &str, prediction: Var<'_>, target: Var<'_>) {
    let (a, b) = (prediction.shape(), target.shape());
    match a.split_last() {
        Some((_, rows)) if rows == b => {}
        Some((_, rows)) => {
            let problem = format!(
                "rows of shape {a:?} want one target each, of shape {rows:?}, and there are targets of shape {b:?}"
            );
            refuse(loss, problem, &[prediction, target])
        }
        None => refuse(loss, "takes rows, got a scalar".to_owned(), &[prediction, target]),
    }
}
