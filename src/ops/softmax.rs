//! Softmax and its logarithm along one axis.

use super::axes::from_front;
use super::reduce::Sum;
use crate::Float;
use crate::graph::{Attribute, Attributes};
use crate::kernel::{Inputs, Line, Output, View, gather};
use crate::tape::op::{Derivative, Domain, Kernel, Op, Operand, Sample, reals};
use crate::tape::{LoadOp, Var};

/// Shares of the exponentials along an axis: `yᵢ = e^xᵢ / Σ e^xⱼ`, `dx = y (dy − Σ dy y)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Softmax {
    /// The axis along which the shares add up to 1.
    pub axis: usize,
}

/// The logarithm of [`Softmax`], exact where that underflows: `y = x − ln Σ eˣ`, `dx = dy − eʸ Σ dy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSoftmax {
    /// The axis along which the exponentials add up to 1.
    pub axis: usize,
}

/// Copies x to y and calls `f(y, start, step)` for every line of y along the axis: elements `start + k · step`.
fn for_each_line<F: Float>(
    x: View<'_, F>,
    axis: usize,
    y: Output<'_, F>,
    f: impl Fn(&mut [F], usize, usize),
) {
    gather(x, 0, y.data);
    let step: usize = y.shape[axis + 1..].iter().product();
    let block = step * y.shape[axis];
    if block == 0 {
        return;
    }
    for start in (0..y.data.len()).step_by(block) {
        (start..start + step).for_each(|first| f(y.data, first, step));
    }
}

/// The greatest element of a line and the log of the sum of exponentials less it.
pub(super) fn log_sum_exp<F: Float>(line: Line<'_, F>) -> (F, F) {
    let greatest = line.fold(F::neg_infinity(), F::maximum);
    (greatest, line.sum_of(|x| (x - greatest).exp()).ln())
}

impl<F: Float> Kernel<F> for Softmax {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let n = y.shape[self.axis];
        for_each_line(x.real(0), self.axis, y, |y, start, step| {
            let at = |k: usize| start + k * step;
            let greatest = (0..n).fold(F::neg_infinity(), |m, k| m.maximum(y[at(k)]));
            (0..n).for_each(|k| y[at(k)] = (y[at(k)] - greatest).exp());
            let sum = Line(View::new(y, start, &[n], &[step as isize])).sum();
            (0..n).for_each(|k| y[at(k)] /= sum);
        });
    }
}

impl<F: Float> Kernel<F> for LogSoftmax {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let n = y.shape[self.axis];
        for_each_line(x.real(0), self.axis, y, |y, start, step| {
            let (greatest, log_sum) = log_sum_exp(Line(View::new(y, start, &[n], &[step as isize])));
            (0..n).for_each(|k| y[start + k * step] = (y[start + k * step] - greatest) - log_sum);
        });
    }
}

/// The parts that both share.
macro_rules! along_axis {
    ($op:ident, $name:literal, $symbol:literal, $formula:literal, |$y:ident, $dy:ident, $sum:ident| $rule:expr) => {
        impl Op for $op {
            fn name(&self) -> &'static str {
                Self::NAME
            }

            fn symbol(&self) -> String {
                $symbol.to_owned()
            }

            fn formula(&self) -> &'static str {
                $formula
            }

            fn attributes(&self) -> Attributes {
                Attributes::new().with("axis", Attribute::Int(self.axis as i64))
            }

            fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
                let [x] = reals(x)?;
                crate::shape::check_axis(self.axis, x.len())?;
                Ok(x.to_vec())
            }

            fn rule<'t>(&self, _: usize, _: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
                let $sum = |v: Var<'t>| v.tape().apply(Sum { axes: vec![self.axis], keep: true }, &[v]);
                let ($y, $dy) = (y, dy);
                ($rule).into()
            }

            fn samples(&self) -> Vec<Sample> {
                [&[3, 4][..], &[2, 5, 3], &[1, 1], &[0, 2], &[2, 0]]
                    .map(|s| Sample::of([s], Domain::Between(-2.0, 2.0)))
                    .to_vec()
            }
        }

        impl LoadOp for $op {
            const NAME: &'static str = $name;

            fn load(a: &Attributes) -> Result<Self, String> {
                let axis = a.int("axis")?;
                usize::try_from(axis)
                    .map(|axis| Self { axis })
                    .map_err(|_| format!("axis {axis} is negative"))
            }

            fn examples() -> Vec<Self> {
                vec![Self { axis: 1 }, Self { axis: 0 }]
            }
        }
    };
}

along_axis!(Softmax, "softmax", "softmax", "y = exp x / Σ exp x", |y, dy, sum| y * (dy - sum(dy * y)));
along_axis!(LogSoftmax, "log_softmax", "log softmax", "y = x − ln Σ exp x", |y, dy, sum| dy
    - y.exp() * sum(dy));

impl<'t> Var<'t> {
    /// `e^xᵢ / Σ e^xⱼ` along an axis (−1 is the last), exact for large x.
    #[track_caller]
    #[must_use]
    pub fn softmax(self, axis: isize) -> Var<'t> {
        let axis = from_front(&[axis], Softmax::NAME, self, self.rank())[0];
        self.tape().apply(Softmax { axis }, &[self])
    }

    /// The logarithm of [`softmax`](Self::softmax), exact where that underflows.
    #[track_caller]
    #[must_use]
    pub fn log_softmax(self, axis: isize) -> Var<'t> {
        let axis = from_front(&[axis], LogSoftmax::NAME, self, self.rank())[0];
        self.tape().apply(LogSoftmax { axis }, &[self])
    }
}
