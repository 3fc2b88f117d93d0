//! The cardinal sine and its derivatives.

use std::f64::consts::PI;

/// The derivative of order n of `sin πx / πx`, with its limits at 0 and at infinity.
///
/// `f(u) = sin u / u` has `f⁽ⁿ⁾(u) = Σ (−1)ᵏ uᵐ / (m! (m + n + 1))` over m = 2k − n ≥ 0, which is summed where it hardly
/// cancels; elsewhere `u f⁽ⁿ⁾ = sin⁽ⁿ⁾ − n f⁽ⁿ⁻¹⁾`, Leibniz's rule for `u f = sin u`, whose errors do not grow for u > n.
pub(crate) fn sinc(order: u32, x: f64) -> f64 {
    if x.is_infinite() {
        return 0.0;
    }
    let n = f64::from(order);
    // Even derivatives are even functions, and odd ones odd.
    let magnitude = x.abs();
    let u = PI * magnitude;
    let value = if u < 2.0_f64.max(n) { series(order, u) } else { recurrence(order, magnitude, u) };
    let value = if order % 2 == 1 && x < 0.0 { -value } else { value };
    if order == 0 { value } else { libm::pow(PI, n) * value }
}

fn series(order: u32, u: f64) -> f64 {
    let n = f64::from(order);
    let k = order.div_ceil(2);
    let mut m = f64::from(order % 2);
    let mut power = if order % 2 == 1 { u } else { 1.0 };
    if k % 2 == 1 {
        power = -power;
    }
    let mut sum = 0.0;
    loop {
        let term = power / (m + n + 1.0);
        let next = sum + term;
        // NaN ends it, too.
        if next == sum || next.is_nan() {
            return next;
        }
        sum = next;
        power *= -(u * u) / ((m + 1.0) * (m + 2.0));
        m += 2.0;
    }
}

fn recurrence(order: u32, x: f64, u: f64) -> f64 {
    let whole = x.round();
    let sign = if whole % 2.0 == 0.0 { 1.0 } else { -1.0 };
    // The differences are exact, so that the zeros are where they should be.
    let from_whole = x - whole;
    let (sin, cos) = (sign * libm::sin(PI * from_whole), sign * libm::sin(PI * (0.5 - from_whole.abs())));
    let mut f = sin / u;
    for j in 1..=order {
        let derivative = match j % 4 {
            0 => sin,
            1 => cos,
            2 => -sin,
            _ => -cos,
        };
        f = (derivative - f64::from(j) * f) / u;
    }
    f
}
