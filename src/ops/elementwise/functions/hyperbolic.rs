//! Hyperbolic functions beside `tanh`, and their inverses.

use super::by;
use crate::ops::elementwise::rows::{SMOOTH, plain};
use crate::tape::sample::Domain;

plain! {
    unary {
        /// The hyperbolic sine: `y = (eˣ − e⁻ˣ) / 2`, `dx = dy cosh x`.
        Sinh, sinh, "sinh", "y = sinh x", |a| by(libm::sinh, a), |x, y, dy| dy * x.cosh(), SMOOTH => |a| a.sinh();

        /// The hyperbolic cosine: `y = (eˣ + e⁻ˣ) / 2`, `dx = dy sinh x`.
        Cosh, cosh, "cosh", "y = cosh x", |a| by(libm::cosh, a), |x, y, dy| dy * x.sinh(), SMOOTH => |a| a.cosh();

        /// The inverse hyperbolic sine: `y = ln(x + √(x² + 1))`, `dx = dy / √(x² + 1)`.
        #[doc(alias = "arcsinh")]
        Asinh, asinh, "asinh", "y = asinh x", |a| by(libm::asinh, a), |x, y, dy| dy / x.hypot(1.0), SMOOTH => |a| a.asinh();

        /// The inverse hyperbolic cosine: `y = ln(x + √(x² − 1))`, `dx = dy / √(x² − 1)`, infinite at 1; NaN for x < 1.
        #[doc(alias = "arccosh")]
        Acosh, acosh, "acosh", "y = acosh x", |a| by(libm::acosh, a),
        |x, y, dy| dy / ((x - 1.0).sqrt() * (x + 1.0).sqrt()), Domain::Between(1.3, 3.0) => |a| a.acosh();

        /// The inverse hyperbolic tangent: `y = ½ ln((1 + x) / (1 − x))`, `dx = dy / (1 − x²)`; infinite at ±1, NaN for |x| > 1.
        #[doc(alias = "arctanh")]
        Atanh, atanh, "atanh", "y = atanh x", |a| by(libm::atanh, a),
        |x, y, dy| dy / ((1.0 - x) * (1.0 + x)), Domain::Between(-0.9, 0.9) => |a| a.atanh();
    }
}
