//! Softmax with cross-entropy loss, for targets that are probabilities and for class labels.

use crate::Float;
use crate::base::shape::size;
use crate::graph::Kind;
use crate::kernel::{Inputs, Output, View, gather, log_sum_exp_rows, sum_blocks};
use crate::ops::along::one_hot::check_labels;
use crate::ops::along::softmax::log_shares;
use crate::portable::Portable;
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};

/// The mean over rows of `−Σ t ln softmax(x)`, with x = x0 and the target probabilities t = x1.
///
/// `dx0 = dy (softmax(x) Σt − t) / n` with n rows, which is `dy (softmax(x) − t) / n` where t adds up to 1;
/// `dx1 = −dy ln softmax(x) / n`. Computed from `ln Σ eˣ`, with no small number added to the logarithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrossEntropy;

/// The mean over rows of `−ln softmax(x)[t]`, with x = x0 and the class labels t = x1.
///
/// `dx0 = dy (softmax(x) − one_hot(t)) / n` with n rows. A label past the last class is [refused](Kernel::check); the kernel
/// alone gives NaN for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrossEntropyIndex;

/// The mean of `f(row number, row, m, ln Σ e^(x−m))` over the rows of x along its last axis, where m is a row's greatest
/// element.
fn mean_of_rows<F: Float>(x: View<'_, F>, f: impl Fn(usize, View<'_, F>, F, F) -> F) -> F {
    let rows = size(&x.shape()[..x.shape().len() - 1]);
    let fill = |first: usize, sums: &mut [F]| {
        log_sum_exp_rows(x, first..first + sums.len(), |i, greatest, log_sum| {
            sums[i - first] = f(i, x.row(i), greatest, log_sum);
        });
    };
    sum_blocks(rows, fill) / F::of(rows as f64)
}

impl<F: Float> Kernel<F> for CrossEntropy {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let targets = x.real(1);
        y.data[0] = mean_of_rows(x.real(0), |i, row, greatest, log_sum| {
            let target = targets.row(i);
            let ((data, first), step) = (target.buffer(), target.strides()[0]);
            sum_blocks(row.len(), |start, terms| {
                gather(row, start, terms);
                for (k, term) in terms.iter_mut().enumerate() {
                    let t = data[(first as isize + (start + k) as isize * step) as usize];
                    // A class that is not wanted costs nothing, even where its probability is 0.
                    *term = if t == F::zero() { t } else { t * (log_sum - (*term - greatest)) };
                }
            })
        });
    }
}

impl<F: Float> Kernel<F> for CrossEntropyIndex {
    fn check(&self, x: Inputs<'_, '_, F>) -> Result<(), String> {
        check_labels(1, x.index(1), x.shape(0).last().copied().unwrap_or(0), None)
    }

    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let labels = x.index(1);
        let in_order = labels.as_slice();
        y.data[0] = mean_of_rows(x.real(0), |i, row, greatest, log_sum| {
            let (x, at) = row.buffer();
            let label = match in_order {
                Some(labels) => labels[i],
                None => {
                    let mut label = [0];
                    gather(labels, i, &mut label);
                    label[0]
                }
            };
            if label >= row.len() {
                return F::nan();
            }
            log_sum - (x[(at as isize + label as isize * row.strides()[0]) as usize] - greatest)
        });
    }
}

const LOGITS: Domain = Domain::Between(-2.0, 2.0);

impl Op for CrossEntropy {
    crate::op_settings!();

    fn symbol(&self) -> String {
        "softmax-loss".to_owned()
    }

    fn formula(&self) -> &'static str {
        "y = −Σ x1 ln softmax(x0) / n"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        match reals(x)? {
            [[], _] => Err("takes rows of scores, got a scalar".to_owned()),
            [x, t] if x == t => Ok(vec![]),
            [x, t] => Err(format!(
                "scores of shape {x:?} want targets of the same shape, got {t:?}; class labels are given as an index input"
            )),
        }
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let (x, t) = (x[0], x[1]);
        let row = t.sum_keep(-1);
        let each = dy / row.count_per(y);
        match operand {
            0 => (each * (x.softmax(-1) * row - t)).into(),
            _ => (-(each * x.log_softmax(-1))).into(),
        }
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        let (t, last) = (x[1], x[0].rank() - 1);
        // A class that is not wanted costs nothing, even where its probability is 0.
        let terms = t.equal(0.0).select(0.0, t * log_shares(x[0], last));
        Ok(-(terms.sum(&(0..=last).collect::<Vec<_>>()) / size(&x[0].shape()[..last]) as f64))
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 4][..], &[5], &[2, 3, 4], &[1, 1]]
            .map(|s| Sample(vec![(s.to_vec(), LOGITS), (s.to_vec(), Domain::Between(0.1, 0.9))]))
            .to_vec()
    }
}

impl Op for CrossEntropyIndex {
    crate::op_settings!();

    fn symbol(&self) -> String {
        "softmax-loss".to_owned()
    }

    fn formula(&self) -> &'static str {
        "y = −Σ ln softmax(x0)[x1] / n"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [scores, labels] = x else { return Err(format!("takes 2 operands, got {}", x.len())) };
        if labels.kind != Kind::Index || scores.kind != Kind::Real {
            return Err("takes scores and class labels: a var of real numbers and an index input".to_owned());
        }
        match scores.shape {
            [rows @ .., _] if rows == labels.shape => Ok(vec![]),
            [rows @ .., _] => Err(format!(
                "scores of shape {:?} want labels of shape {rows:?}, got {:?}",
                scores.shape, labels.shape
            )),
            [] => Err("takes rows of scores, got a scalar".to_owned()),
        }
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        if operand == 1 {
            return Derivative::NotDifferentiable;
        }
        let hot = x[1].one_hot_like(x[0]);
        let each = dy / hot.sum_keep(-1).count_per(y);
        (each * (x[0].softmax(-1) - hot)).into()
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        let (scores, last) = (x[0].shape(), x[0].rank() - 1);
        let labels = x[1].expand_dim(last);
        let taken =
            log_shares(x[0], last).take_along(labels, last).unless_past_end(labels, scores[last], f64::NAN);
        Ok(-(taken.sum(&(0..=last).collect::<Vec<_>>()) / size(&scores[..last]) as f64))
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 4][..], &[5], &[2, 3, 4]]
            .map(|s| {
                let (classes, rows) = (s[s.len() - 1], s[..s.len() - 1].to_vec());
                Sample(vec![(s.to_vec(), LOGITS), (rows, Domain::Index(classes))])
            })
            .to_vec()
    }
}

crate::ops::entry::built_in! {
    CrossEntropy, "softmax_cross_entropy";
    CrossEntropyIndex, "softmax_cross_entropy_index";
}

impl<'t> Var<'t> {
    /// The mean over rows of `−Σ t ln softmax(x)` along the last axis: targets are probabilities of the same shape, or
    /// class labels, an index var of the shape without that axis.
    ///
    /// Computed from `ln Σ eˣ`: exact where probabilities underflow. A label past the last class is
    /// [refused](crate::Error::Refused) when it is computed.
    #[doc(alias = "cross_entropy")]
    #[track_caller]
    #[must_use]
    pub fn softmax_cross_entropy(self, targets: Var<'t>) -> Var<'t> {
        let targets_are = if std::ptr::eq(self.tape(), targets.tape()) {
            self.tape().kind(targets.id())
        } else {
            Kind::Real
        };
        match targets_are {
            Kind::Real => self.tape().apply(CrossEntropy, &[self, targets]),
            Kind::Index => self.tape().apply(CrossEntropyIndex, &[self, targets]),
        }
    }
}
