//! Elementwise maths beside that of [`known`](super::known): rows whose rules may use every method of a var.

use super::rows::{NONZERO, plain};

plain! {
    unary {
        /// The softsign: `y = x / (1 + |x|)`, `dx = dy / (1 + |x|)²`. It goes to ±1 as 1/x, where `tanh` goes exponentially.
        Softsign, softsign, "softsign", "y = x/(1 + |x|)", |a| a / (F::one() + a.abs()),
        |x, y, dy| dy / (1.0 + x.abs()).square(), NONZERO;
    }
}
