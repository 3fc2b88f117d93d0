//! What stands in the place of a second operand.

use crate::tape::Var;

/// A second operand: a var, or a number.
pub trait Other<'t> {
    /// The var, recorded as a constant if it is a number.
    fn on(self, x: Var<'t>) -> Var<'t>;
}

impl<'t> Other<'t> for Var<'t> {
    fn on(self, _: Var<'t>) -> Var<'t> {
        self
    }
}

impl<'t> Other<'t> for f64 {
    #[track_caller]
    fn on(self, x: Var<'t>) -> Var<'t> {
        x.tape().constant(self)
    }
}
