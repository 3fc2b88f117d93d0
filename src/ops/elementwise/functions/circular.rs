//! Circular functions and their inverses; lengths and angles in the plane.

use super::{by, by_two};
use crate::ops::elementwise::rows::{NONZERO, plain};
use crate::tape::Var;
use crate::tape::sample::Domain;

/// Between the poles on both sides of 0.
const BETWEEN_POLES: Domain = Domain::Between(-1.2, 1.2);
/// Away from the ends at ±1, where the slope is infinite.
const WITHIN_ONE: Domain = Domain::Between(-0.9, 0.9);

plain! {
    unary {
        /// The tangent: `y = tan x`, `dx = dy (1 + y²)`.
        Tan, tan, "tan", "y = tan x", |a| by(libm::tan, a), |x, y, dy| dy * (1.0 + y.square()), BETWEEN_POLES => |a| a.tan();

        /// The inverse sine, from −π/2 to π/2: `y = asin x`, `dx = dy / √(1 − x²)`, infinite at ±1; NaN for |x| > 1.
        #[doc(alias = "arcsin")]
        Asin, asin, "asin", "y = asin x", |a| by(libm::asin, a),
        |x, y, dy| dy / ((1.0 - x) * (1.0 + x)).sqrt(), WITHIN_ONE => |a| a.asin();

        /// The inverse cosine, from 0 to π: `y = acos x`, `dx = −dy / √(1 − x²)`, infinite at ±1; NaN for |x| > 1.
        #[doc(alias = "arccos")]
        Acos, acos, "acos", "y = acos x", |a| by(libm::acos, a),
        |x, y, dy| -(dy / ((1.0 - x) * (1.0 + x)).sqrt()), WITHIN_ONE => |a| a.acos();

        /// The inverse tangent, from −π/2 to π/2: `y = atan x`, `dx = dy / (1 + x²)`.
        #[doc(alias = "arctan")]
        Atan, atan, "atan", "y = atan x", |a| by(libm::atan, a),
        |x, y, dy| dy / (1.0 + x.square()), Domain::Between(-2.0, 2.0) => |a| a.atan();
    }

    binary {
        /// The angle of the point with abscissa x1 and ordinate x0, from −π to π: `y = atan(x0 / x1)` in the right
        /// quadrant, `dx0 = dy x1 / r²`, `dx1 = −dy x0 / r²` with `r² = x0² + x1²`; both 0 at the origin, as in PyTorch. The
        /// angle jumps by 2π where the negative half of the axis of abscissas is crossed.
        #[doc(alias = "arctan2")]
        Atan2, atan2, "atan2", "y = angle of (x1, x0)", |a, b| by_two(libm::atan2, a, b),
        |x0, x1, y, dy| [dy * over_square(x1, x0.hypot(x1)), -(dy * over_square(x0, x0.hypot(x1)))],
        [NONZERO, NONZERO], kink => |a, b| a.atan2(b);

        /// The length of the hypotenuse, without overflow: `y = √(x0² + x1²)`, `dx0 = dy x0 / y`, `dx1 = dy x1 / y`; both 0 at
        /// the origin, where PyTorch's are NaN.
        Hypot, hypot, "hypot", "y = √(x0² + x1²)", |a, b| by_two(libm::hypot, a, b),
        |x0, x1, y, dy| [dy * (x0 / y.select(y, 1.0)), dy * (x1 / y.select(y, 1.0))],
        [NONZERO, NONZERO], kink => |a, b| a.hypot(b);
    }
}

/// `x / r²` without the square, which overflows and underflows; 0 for r = 0, where x is.
#[track_caller]
fn over_square<'t>(x: Var<'t>, r: Var<'t>) -> Var<'t> {
    let r = r.select(r, 1.0);
    x / r / r
}
