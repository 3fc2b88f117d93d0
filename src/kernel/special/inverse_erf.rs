//! The inverse of the error function.

use super::polynomial;
use std::f64::consts::{FRAC_2_SQRT_PI, PI};

/// Giles, "Approximating the erfinv function" (GPU Computing Gems, Jade edition, 2011), table 5: the coefficients for
/// single precision, of polynomials in `w − 2.5` and in `√w − 3`, from the constant term on.
pub(crate) const ERF_INV_CENTRE: [f64; 9] = [
    1.501_409_41,
    0.246_640_727,
    -0.004_177_681_64,
    -0.001_253_725_03,
    0.000_218_580_87,
    -4.391_506_54e-6,
    -3.523_387_7e-6,
    3.432_739_39e-7,
    2.810_226_36e-8,
];
pub(crate) const ERF_INV_SIDES: [f64; 9] = [
    2.832_976_82,
    1.001_674_06,
    0.009_438_870_47,
    -0.007_622_461_3,
    0.005_739_507_73,
    -0.003_673_428_44,
    0.001_349_343_22,
    0.000_100_950_558,
    -0.000_200_214_257,
];

/// y with `erf y = x`; infinite at ±1, NaN beyond.
///
/// A start, then Halley's method on `erf y − x`, or on `erfc y − (1 − x)` towards the ends, which is as accurate there.
pub(crate) fn erf_inv(x: f64) -> f64 {
    let magnitude = x.abs();
    if magnitude == 1.0 {
        return f64::INFINITY.copysign(x);
    }
    if magnitude > 1.0 || x.is_nan() {
        return f64::NAN;
    }
    let beyond = 1.0 - magnitude;
    let w = -libm::log(beyond * (1.0 + magnitude));
    let (mut y, steps) = if w < 5.0 {
        (magnitude * polynomial(&ERF_INV_CENTRE, w - 2.5), 1)
    } else if w < 16.0 {
        (magnitude * polynomial(&ERF_INV_SIDES, w.sqrt() - 3.0), 1)
    } else {
        // erfc y ≈ e^(−y²) / (√π y).
        let square = -libm::log(beyond);
        ((square - 0.5 * libm::log(PI * square)).sqrt(), 3)
    };
    for _ in 0..steps {
        let off = if magnitude < 0.5 { libm::erf(y) - magnitude } else { beyond - libm::erfc(y) };
        let newton = off / (FRAC_2_SQRT_PI * libm::exp(-y * y));
        y -= newton / (1.0 + y * newton);
    }
    y.copysign(x)
}
