//! Running sums along an axis.

use crate::Float;
use crate::base::shape::check_axis;
use crate::kernel::{Inputs, Output, for_each_line};
use crate::ops::axes::from_front;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};
use crate::tape::{LoadOp, Var};

/// The running sum along an axis: `yᵢ = Σ xₖ` over k ≤ i, or over k ≥ i where it is reversed; `dx` is the running sum of
/// `dy` the other way round.
///
/// Added up one after another, so rounding grows with the length of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CumSum {
    /// The axis along which sums run.
    pub axis: usize,
    /// Whether they run from the end.
    pub reverse: bool,
}

impl<F: Float> Kernel<F> for CumSum {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for_each_line(x.real(0), self.axis, y.data, y.shape[self.axis], |_, x, mut y| {
            let n = x.len();
            let mut sum = F::zero();
            for i in 0..n {
                let i = if self.reverse { n - 1 - i } else { i };
                sum += x.get(i);
                y[i] = sum;
            }
        });
    }
}

impl Op for CumSum {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = running sum of x"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        check_axis(self.axis, x.len())?;
        Ok(x.to_vec())
    }

    fn by_rows(&self) -> bool {
        self.axis > 0
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.tape().apply(Self { reverse: !self.reverse, ..*self }, &[dy]).into()
    }

    fn smooth(&self) -> bool {
        true
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 4][..], &[2, 5, 3], &[1, 1], &[0, 2], &[2, 0]]
            .map(|s| Sample::of([s], Domain::Between(-2.0, 2.0)))
            .to_vec()
    }
}

crate::ops::entry::built_in! {
    CumSum, "cumsum", [axis, reverse], [Self { axis: 0, reverse: false }, Self { axis: 1, reverse: true }];
}

impl<'t> Var<'t> {
    /// The running sum along an axis (−1 is the last): `yᵢ = Σ xₖ` over k ≤ i.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", ndarray::arr1(&[1.0, 2.0, 4.0]));
    /// let y = x.cumsum(-1);
    /// assert_eq!(y.value().as_slice().unwrap(), [1.0, 3.0, 7.0]);
    /// assert_eq!(y.sum().grad([x])[0].value().as_slice().unwrap(), [3.0, 2.0, 1.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn cumsum(self, axis: isize) -> Var<'t> {
        let axis = from_front(&[axis], CumSum::NAME, self, self.rank())[0];
        self.tape().apply(CumSum { axis, reverse: false }, &[self])
    }
}
