//! The cardinal sine and its derivatives.

use super::every_order;
use crate::kernel::special;
use crate::ops::elementwise::rows::SMOOTH;
use crate::tape::Var;

/// The derivative of an order of `sin πx / πx`, which is 1 at 0: `y = sinc⁽ⁿ⁾(x)`, `dx = dy sinc⁽ⁿ⁺¹⁾(x)`.
///
/// One op for all orders, since a rule of sines and cosines over powers of x has no digit right close to 0, where they
/// cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sinc {
    /// The order n of the derivative: 0 for the function itself.
    pub order: u32,
}

every_order!(Sinc, "sinc", "y = sin(πx)/(πx), differentiated order times", special::sinc, sinc, SMOOTH);

crate::ops::entry::built_in! {
    Sinc, "sinc", [order], [0, 1, 3].map(|order| Self { order });
}

impl<'t> Var<'t> {
    /// The cardinal sine, normalised as in NumPy and PyTorch: `y = sin πx / πx`, and 1 at 0; `dx = dy sinc′(x)`.
    ///
    /// Zero exactly at whole numbers other than 0, and its derivatives of every order are right at and close to 0.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", 1e-8);
    /// let [dx] = x.sinc().grad([x]);
    /// let third = std::f64::consts::PI.powi(2) / 3.0;
    /// assert!((dx.value().item() / 1e-8 + third).abs() < 1e-14);
    /// assert!((dx.grad([x])[0].value().item() + third).abs() < 1e-14);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn sinc(self) -> Var<'t> {
        self.tape().apply(Sinc { order: 0 }, &[self])
    }
}
