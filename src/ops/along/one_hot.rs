//! Class labels as rows of zeros and a one.

use crate::Float;
use crate::base::shape::unravel;
use crate::graph::Kind;
use crate::kernel::{Inputs, Output, View};
use crate::portable::{ElementType, Portable};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::sample::{Domain, Sample};

/// 1 at the class that a label names, else 0: labels of any shape to that shape and one more axis, as long as the last of
/// x1, of which only the shape is read. A label past the last class is [refused](Kernel::check); the kernel alone gives a
/// row of NaN for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneHot;

/// As [`OneHot`], with a row of zeros for one label, which may be past the last class: padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneHotIgnoring {
    /// The label that names no class.
    pub ignored: usize,
}

/// That the labels, which are operand `operand`, name classes, but for one that is ignored.
pub(super) fn check_labels(
    operand: usize,
    labels: View<'_, usize>,
    classes: usize,
    ignored: Option<usize>,
) -> Result<(), String> {
    let Some(at) = labels.iter().position(|label| label >= classes && Some(label) != ignored) else {
        return Ok(());
    };
    let range = match classes {
        0 => "and there are no classes".to_owned(),
        1 => "and there is 1 class, so that every label is 0".to_owned(),
        _ => format!("and there are {classes} classes, so that labels go from 0 to {}", classes - 1),
    };
    let (label, index) = (labels.iter().nth(at).unwrap_or(0), unravel(at, labels.shape()));
    Err(format!("label {label} at index {index:?} of x{operand} is past the last class, {range}"))
}

/// What both share: all but the label that is ignored.
macro_rules! one_hot {
    ($op:ident, $formula:literal, $ignored:expr) => {
        impl<F: Float> Kernel<F> for $op {
            fn check(&self, x: Inputs<'_, '_, F>) -> Result<(), String> {
                let ignored: fn(&Self) -> Option<usize> = $ignored;
                check_labels(0, x.index(0), x.shape(1).last().copied().unwrap_or(0), ignored(self))
            }

            fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
                let ignored: fn(&Self) -> Option<usize> = $ignored;
                let (classes, ignored) = (y.shape[y.shape.len() - 1], ignored(self));
                y.data.fill(F::zero());
                if classes == 0 {
                    return;
                }
                for (row, label) in y.data.chunks_exact_mut(classes).zip(x.index(0).iter()) {
                    match row.get_mut(label) {
                        _ if Some(label) == ignored => {}
                        Some(y) => *y = F::one(),
                        None => row.fill(F::nan()),
                    }
                }
            }
        }

        impl Op for $op {
            $crate::op_settings!();

            fn formula(&self) -> &'static str {
                $formula
            }

            fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
                let [labels, like] = x else { return Err(format!("takes 2 operands, got {}", x.len())) };
                if labels.kind != Kind::Index || like.kind != Kind::Real {
                    return Err(
                        "takes class labels, an index input, and a var of real numbers with an axis of classes"
                            .to_owned(),
                    );
                }
                match like.shape {
                    [.., classes] => Ok(labels.shape.iter().chain([classes]).copied().collect()),
                    [] => Err("takes the number of classes from the last axis of its second operand, got a scalar"
                        .to_owned()),
                }
            }

            fn reads(&self, operand: usize) -> bool {
                operand == 0
            }

            fn rule<'t>(&self, operand: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
                if operand == 0 { Derivative::NotDifferentiable } else { Derivative::Zero }
            }

            fn smooth(&self) -> bool {
                true
            }

            fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
                let ignored: fn(&Self) -> Option<usize> = $ignored;
                let last = shape.len() - 1;
                let labels = x[0].expand_dim(last);
                let classes = x[0].iota(last, ElementType::Index, shape);
                let y = labels.equal(classes).real().unless_past_end(labels, shape[last], f64::NAN);
                Ok(match ignored(self) {
                    Some(ignored) => labels.equal(ignored as f64).select(0.0, y),
                    None => y,
                })
            }

            fn samples(&self) -> Vec<Sample> {
                vec![
                    Sample(vec![(vec![3], Domain::Index(4)), (vec![3, 4], Domain::Between(-2.0, 2.0))]),
                    Sample(vec![(vec![], Domain::Index(2)), (vec![2], Domain::Between(-2.0, 2.0))]),
                ]
            }
        }
    };
}

one_hot!(OneHot, "y = 1 where x0 names the class, else 0", |_| None);
one_hot!(OneHotIgnoring, "y = 1 where x0 names the class and is not ignored, else 0", |op| Some(op.ignored));

crate::ops::entry::built_in! {
    OneHot, "one_hot";
    OneHotIgnoring, "one_hot_ignoring", [ignored], [1, 9].map(|ignored| Self { ignored });
}

impl<'t> Var<'t> {
    /// Rows with 1 at the class that a label names, else 0: a var of indices, to its shape and one more axis of so many
    /// classes. A label past the last class is [refused](crate::Error::Refused) when it is computed.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let labels = tape.index_leaf("labels", [1, 0]);
    /// assert_eq!(labels.one_hot(3).value().as_slice().unwrap(), [0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn one_hot(self, classes: usize) -> Var<'t> {
        self.one_hot_like(self.tape().constant(0.0).broadcast_to([classes]))
    }

    /// Rows with 1 at the class that a label names, else 0; as many classes as the last axis of `like` is long. A label past
    /// the last class is [refused](crate::Error::Refused) when it is computed.
    #[track_caller]
    #[must_use]
    pub fn one_hot_like(self, like: Var<'t>) -> Var<'t> {
        self.tape().apply(OneHot, &[self, like])
    }

    /// As [`one_hot_like`](Self::one_hot_like), with rows of zeros for one label, such as padding, which may be past the last
    /// class.
    #[track_caller]
    #[must_use]
    pub fn one_hot_like_ignoring(self, like: Var<'t>, label: usize) -> Var<'t> {
        self.tape().apply(OneHotIgnoring { ignored: label }, &[self, like])
    }
}
