//! Special functions in f64, where no library that is kept has them to a few units of the last place; what `libm` has is
//! called where it is used.
//!
//! Greatest errors in units of the last place against mpmath with 40 digits, at 3,000 points of each range, beside those of
//! the crates `special` 0.13 and `puruspe` 0.4:
//!
//! | | range | here | `special` | `puruspe` |
//! | --- | --- | --- | --- | --- |
//! | `erf_inv` | (−1, 1), and to 1e-16 of its ends | 1.5 | 6e14 | 1e17 |
//! | `polygamma(0)` | (0, 1e10) | 19 | 11,000 | none |
//! | `polygamma(1)` | (0, 1e10) | 3.6 | 12 | none |
//! | `polygamma(2)` to `(5)` | (0, 1e10) | 7.1 | none | none |
//! | `sinc` | to 1e6 | 3.0 | none | none |
//!
//! Close to a zero of `polygamma` at a negative operand, and of a derivative of `sinc`, the error is a few units of the last
//! place of the operand times the slope.

mod gamma;
mod inverse_erf;
mod sinc;

pub(crate) use gamma::{BERNOULLI, DIGAMMA_ROOT, DIGAMMA_TAYLOR, polygamma};
pub(crate) use inverse_erf::{ERF_INV_CENTRE, ERF_INV_SIDES, erf_inv};
pub(crate) use sinc::sinc;

#[cfg(test)]
mod tests;

/// The value of a polynomial, its coefficients from the constant term on.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}
