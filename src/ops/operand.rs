//! What stands in the place of a second operand.

use crate::tape::Var;

/// What may stand beside a var: a var, or a number, which is recorded as a constant.
///
/// It is the bound of the methods that take a second operand, and of functions that are to take the same:
///
/// ```
/// use chainrule::{IntoVar, Tape, Var};
///
/// /// The mean squared distance of `x` from `y`, a var or a number.
/// fn distance<'t>(x: Var<'t>, y: impl IntoVar<'t>) -> Var<'t> {
///     (x - y.on(x)).square().mean()
/// }
///
/// let tape = Tape::new();
/// let x = tape.leaf("x", [1.0, 3.0]);
/// assert_eq!(distance(x, 1.0).value().item(), 2.0);
/// assert_eq!(distance(x, tape.leaf("y", [1.0, 1.0])).value().item(), 2.0);
///
/// // A function of vars in an argument is `impl Fn(Var<'t>) -> Var<'t>`.
/// fn twice<'t>(f: impl Fn(Var<'t>) -> Var<'t>, x: Var<'t>) -> Var<'t> {
///     f(f(x))
/// }
/// assert_eq!(twice(|x| x.maximum(2.0) + 1.0, x).value().as_slice().unwrap(), [4.0, 5.0]);
/// ```
pub trait IntoVar<'t> {
    /// The var; of a number, a constant on the tape of `x`.
    fn on(self, x: Var<'t>) -> Var<'t>;
}

impl<'t> IntoVar<'t> for Var<'t> {
    fn on(self, _: Var<'t>) -> Var<'t> {
        self
    }
}

impl<'t> IntoVar<'t> for &Var<'t> {
    fn on(self, _: Var<'t>) -> Var<'t> {
        *self
    }
}

impl<'t> IntoVar<'t> for f64 {
    #[track_caller]
    fn on(self, x: Var<'t>) -> Var<'t> {
        x.tape().constant(self)
    }
}
