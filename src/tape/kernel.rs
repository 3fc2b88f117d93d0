//! What an op computes.

use crate::Float;
use crate::kernel::{Inputs, Output};

/// What an op computes, generic over the precision.
pub trait Kernel<F: Float> {
    /// Writes the result to `y`, whose buffer holds arbitrary numbers before. Must not allocate.
    ///
    /// # Panics
    ///
    /// A kernel that cannot compute a result on some operands refuses them in [`check`](Self::check) instead of panicking.
    /// Where one panics all the same, the panic reaches the caller of the run, and the state is as it was before.
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>);

    /// Whether the operands' numbers are fit to be computed on: an index inside its axis, a matrix that can be factorised.
    ///
    /// Asked before every [`run`](Self::run), of the same operands; those of an
    /// [elementwise](crate::Op::elementwise) op come in pieces. All are fit unless an op says otherwise.
    ///
    /// ```
    /// use chainrule::{op::*, Float, Tape, Var};
    ///
    /// /// `y[i] = x0[x1[i]]`.
    /// #[derive(Debug)]
    /// struct Take;
    ///
    /// impl<F: Float> Kernel<F> for Take {
    ///     fn check(&self, x: Inputs<'_, '_, F>) -> Result<(), String> {
    ///         let rows = x.shape(0)[0];
    ///         match x.index(1).slice().iter().position(|&i| i >= rows) {
    ///             None => Ok(()),
    ///             Some(at) => Err(format!("x1 is {} at index [{at}], and x0 has {rows} rows", x.index(1).slice()[at])),
    ///         }
    ///     }
    ///
    ///     fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
    ///         for (y, &i) in y.data.iter_mut().zip(x.index(1).slice()) {
    ///             *y = x.real(0).array()[i];
    ///         }
    ///     }
    /// }
    ///
    /// impl Op for Take {
    ///     fn name(&self) -> &'static str { "take" }
    ///     fn formula(&self) -> &'static str { "y = x0[x1]" }
    ///     fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> { Ok(x[1].shape.to_vec()) }
    ///     fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
    ///         Derivative::NotDifferentiable
    ///     }
    /// }
    ///
    /// let tape = Tape::new();
    /// let x = tape.leaf("x", ndarray::arr1(&[1.0, 2.0]));
    /// let places = tape.index_leaf("places", ndarray::arr1(&[1, 5]));
    /// let y = tape.apply(Take, &[x, places]);
    /// let message = tape.values([y.id()]).unwrap_err().to_string();
    /// assert!(message.contains("take") && message.contains("x1 is 5 at index [1], and x0 has 2 rows"));
    /// assert!(message.contains("x1 = n1 `places` [2] of indices"));
    /// ```
    ///
    /// # Errors
    ///
    /// What is wrong with which number, and what would be right. Values and runs then return [`Error::Refused`], which adds
    /// op, node, operands and source line; a [`Plan`](crate::Plan) leaves its state as it was.
    ///
    /// [`Error::Refused`]: crate::Error::Refused
    fn check(&self, x: Inputs<'_, '_, F>) -> Result<(), String> {
        let _ = x;
        Ok(())
    }
}
