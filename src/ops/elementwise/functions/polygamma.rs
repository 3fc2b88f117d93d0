//! The digamma function and its derivatives.

use super::every_order;
use crate::kernel::special;
use crate::ops::elementwise::rows::POSITIVE;
use crate::tape::Var;

/// The derivative of order n + 1 of `ln Γ(x)`: `y = ψ⁽ⁿ⁾(x)`, `dx = dy ψ⁽ⁿ⁺¹⁾(x)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Polygamma {
    /// The order n: 0 for the digamma function, 1 for the trigamma function.
    pub order: u32,
}

every_order!(Polygamma, "ψ", "y = ψ(x), differentiated order times", special::polygamma, polygamma, POSITIVE);

crate::ops::entry::built_in! {
    Polygamma, "polygamma", [order], [0, 1, 4].map(|order| Self { order });
}

impl<'t> Var<'t> {
    /// The digamma function, the derivative of `ln Γ(x)`: `y = ψ(x) = Γ′(x) / Γ(x)`, `dx = dy ψ′(x)`. Infinite at 0, and NaN at
    /// negative whole numbers.
    ///
    /// Within 19 units of the last place for x > 0, close to its zero at 1.46 too.
    #[track_caller]
    #[must_use]
    pub fn digamma(self) -> Var<'t> {
        self.polygamma(0)
    }

    /// The derivative of an order of the [digamma function](Self::digamma): `y = ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ n! Σ (x + k)⁻ⁿ⁻¹` over k ≥ 0 for
    /// n ≥ 1, `dx = dy ψ⁽ⁿ⁺¹⁾(x)`. Infinite at 0 and at negative whole numbers.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", 1.0);
    /// let trigamma = x.polygamma(1).value().item();
    /// assert!((trigamma - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-15);
    /// assert_eq!(x.lgamma().grad([x])[0].grad([x])[0].value().item(), trigamma);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn polygamma(self, order: u32) -> Var<'t> {
        self.tape().apply(Polygamma { order }, &[self])
    }
}
