//! Choosing between two operands by a third.

use crate::Float;
use crate::graph::Branch;
use crate::kernel::{Inputs, Lanes, Output};
use crate::ops::operand::IntoVar;
use crate::portable::Portable;
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};

/// `y = x1` where x0 ≠ 0, else `x2`; `dy` to the operand that was chosen, nothing to x0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Where;

impl<F: Float> Kernel<F> for Where {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        x.map3(|condition, a, b| if condition == F::zero() { b } else { a }, y);
    }
}

impl Op for Where {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = x1 where x0 ≠ 0, else x2"
    }

    fn branches(&self) -> Option<Branch> {
        Some(Branch::Operand(0))
    }

    fn elementwise(&self) -> bool {
        true
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [condition, a, b] = reals(x)?;
        crate::base::shape::broadcast(&crate::base::shape::broadcast(condition, a)?, b)
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        match operand {
            0 => Derivative::Zero,
            1 => x[0].select(dy, 0.0).into(),
            _ => x[0].select(0.0, dy).into(),
        }
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        Ok(x[0].not_equal(0.0).select(x[1], x[2]))
    }

    fn samples(&self) -> Vec<Sample> {
        let shapes: [[&[usize]; 3]; 4] =
            [[&[3, 4], &[3, 4], &[3, 4]], [&[3, 1], &[4], &[]], [&[], &[], &[]], [&[0], &[1], &[]]];
        // A condition of 0 would be a kink of its own.
        shapes.map(|s| Sample::of(s, Domain::Signed(0.2, 2.0))).to_vec()
    }
}

crate::ops::entry::built_in! { Where, "where"; }

impl<'t> Var<'t> {
    /// `a` where self ≠ 0, else `b` (NumPy's `where`); the three broadcast.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", ndarray::arr1(&[-2.0, 3.0]));
    /// let leaky = x.greater(0.0).select(x, 0.1 * x);
    /// assert_eq!(leaky.value().as_slice().unwrap(), [-0.2, 3.0]);
    /// ```
    ///
    /// # NaN from the branch not taken
    ///
    /// Both `a` and `b` are computed everywhere, and differentiated everywhere. What is not chosen gets a cotangent of 0;
    /// where the derivative behind it is infinite or NaN, 0 times that is NaN. The value is right, and the gradient is NaN.
    ///
    /// The remedy is the *double-where* idiom: choose a harmless operand first, so that the function is only computed where
    /// it has a derivative, and then choose the result.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", ndarray::arr1(&[0.0, 4.0]));
    /// let positive = x.greater(0.0);
    ///
    /// let [dx] = positive.select(x.sqrt(), 0.0).sum().grad([x]);
    /// assert!(dx.value()[0].is_nan());
    ///
    /// let [dx] = positive.select(positive.select(x, 1.0).sqrt(), 0.0).sum().grad([x]);
    /// assert_eq!(dx.value().as_slice().unwrap(), [0.0, 0.25]);
    /// ```
    #[doc(alias = "where")]
    #[track_caller]
    #[must_use]
    pub fn select(self, a: impl IntoVar<'t>, b: impl IntoVar<'t>) -> Var<'t> {
        self.tape().apply(Where, &[self, a.on(self), b.on(self)])
    }
}
