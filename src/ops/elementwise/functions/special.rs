//! The error function and its kin, and the logarithm of the gamma function.

use super::by;
use crate::kernel::special::erf_inv;
use crate::ops::elementwise::rows::{POSITIVE, SMOOTH, plain};
use crate::tape::sample::Domain;
use std::f64::consts::FRAC_2_SQRT_PI;

plain! {
    unary {
        /// The error function: `y = 2/√π ∫ e^(−t²) dt` from 0 to x, `dx = 2/√π dy e^(−x²)`. By `libm`, within 0.8 units of
        /// the last place.
        Erf, erf, "erf", "y = erf x", |a| by(libm::erf, a),
        |x, y, dy| dy * (FRAC_2_SQRT_PI * (-x.square()).exp()), SMOOTH => |a| a.erf();

        /// The inverse of the error function: `erf y = x`, `dx = √π/2 dy e^(y²)`; infinite at ±1, NaN for |x| > 1. Within 1.5
        /// units of the last place, close to the ends too.
        Erfinv, erfinv, "erfinv", "y = erfinv x", |a| by(erf_inv, a),
        |x, y, dy| dy * (1.0 / FRAC_2_SQRT_PI * y.square().exp()), Domain::Between(-0.9, 0.9) => |a| a.erfinv();

        /// The logarithm of the magnitude of the gamma function: `y = ln |Γ(x)|`, `dx = dy ψ(x)`, with the
        /// [digamma function](crate::Var::digamma); infinite at 0 and at negative whole numbers.
        /// By `libm`, within 1.5 units of the last place for x > 0.
        Lgamma, lgamma, "ln Γ", "y = ln |Γ(x)|", |a| by(libm::lgamma, a), |x, y, dy| dy * x.digamma(), POSITIVE => |a| a.lgamma();
    }
}
