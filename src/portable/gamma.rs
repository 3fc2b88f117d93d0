//! The logarithm of the gamma function and its derivatives, of portable values, in double precision.

use super::builder::Portable;
use super::element::ElementType;
use crate::kernel::special::{BERNOULLI, DIGAMMA_ROOT, DIGAMMA_TAYLOR};
use std::f64::consts::PI;

/// From here on the asymptotic series have all digits.
const FAR: usize = 8;

impl<'p> Portable<'p> {
    /// `ln |Γ(x)|`.
    #[must_use]
    pub fn lgamma(self) -> Self {
        let x = self.convert(ElementType::Double);
        let low = x.less(0.5);
        let q = low.select(1.0 - x, x);
        // Γ(q + k) = q (q + 1) … Γ(q).
        let (mut far, mut product) = (q, q.full(1.0, &q.shape()));
        for _ in 0..FAR {
            let short = far.less(FAR as f64);
            product = short.select(product * far, product);
            far = short.select(far + 1.0, far);
        }
        // B₂ⱼ / (2j (2j − 1)).
        let coefficients = bernoulli(0.0);
        let series = far.square().recip().polynomial(&coefficients) / far;
        let y = (far - 0.5) * far.ln() - far + (0.5 * (2.0 * PI).ln()) + series - product.ln();
        let from_whole = x - x.round();
        let reflected = (PI / (PI * from_whole).sin().abs()).ln() - y;
        let y = low.select(reflected, y);
        x.abs().equal(f64::INFINITY).select(f64::INFINITY, y).convert(self.element())
    }

    /// The derivative of order n + 1 of `ln Γ(x)`.
    #[must_use]
    pub fn polygamma(self, order: u32) -> Self {
        let x = self.convert(ElementType::Double);
        let y = if order == 0 { digamma(x) } else { higher(order, x) };
        y.convert(self.element())
    }
}

/// `B₂ⱼ (2j − 2 + n)! / (2j)!` for j = 1, 2, …, with Bernoulli's numbers B, for n = 0 or 1.
fn bernoulli(n: f64) -> Vec<f64> {
    let mut factorial = 1.0;
    let coefficient = |(j, c): (usize, &f64)| {
        let k = 2.0 * (j + 1) as f64 - 1.0 + n;
        let own = c * factorial;
        factorial *= k * (k + 1.0);
        own
    };
    BERNOULLI.iter().enumerate().map(coefficient).collect()
}

fn digamma(x: Portable<'_>) -> Portable<'_> {
    let negative = x.less(0.0);
    let from_whole = x - x.round();
    let q = negative.select(1.0 - x, x);
    let (mut far, mut below) = (q, q.full(0.0, &q.shape()));
    for _ in 0..FAR {
        let short = far.less(FAR as f64);
        below = short.select(below + far.recip(), below);
        far = short.select(far + 1.0, far);
    }
    // B₂ⱼ / 2j.
    let coefficients = bernoulli(1.0);
    let square = far.square().recip();
    let series = square * square.polynomial(&coefficients);
    let y = (far.ln() - (0.5 / far + series)) - below;
    let from_root = (q - DIGAMMA_ROOT[0]) - DIGAMMA_ROOT[1];
    let near = from_root.abs().less(0.3);
    let y =
        near.select(from_root * near.select(from_root, from_root.number(0.0)).polynomial(&DIGAMMA_TAYLOR), y);
    let y = q.equal(f64::INFINITY).select(f64::INFINITY, y);
    let reflected = y - PI / (PI * from_whole).tan();
    let reflected = from_whole.equal(0.0).select(f64::NAN, reflected);
    let y = negative.select(reflected, y);
    // Infinite with the other sign at a 0 that has one.
    x.equal(0.0).select(-x.recip(), y)
}

fn higher(order: u32, x: Portable<'_>) -> Portable<'_> {
    let s = f64::from(order) + 1.0;
    let negative = x.less(0.0);
    let u = x.abs();
    let factorial: f64 = (2..=order).map(f64::from).product();
    let fraction = u - u.floor();
    let below = zeta(s, fraction) - zeta(s, u + 1.0);
    let above = zeta(s, 1.0 - fraction);
    let reflected = if s % 2.0 == 0.0 { above + below } else { above - below };
    // The terms come after the factor of the factorial only where that does not overflow; orders that large are rare.
    let magnitude = factorial * negative.select(reflected, zeta(s, x));
    if order.is_multiple_of(2) { -magnitude } else { magnitude }
}

/// Hurwitz' zeta function for q ≥ 0, by the sum of Euler and Maclaurin.
fn zeta(s: f64, q: Portable<'_>) -> Portable<'_> {
    let far = 10.0 + 0.5 * s;
    let (mut q, mut sum) = (q, q.full(0.0, &q.shape()));
    for _ in 0..far.ceil() as usize {
        let short = q.less(far);
        sum = short.select(sum + q.pow(-s), sum);
        q = short.select(q + 1.0, q);
    }
    let first = q.pow(-s);
    let square = q.square();
    let (mut correction, mut rising) = (q.full(0.0, &q.shape()), s * first / q);
    for (j, &c) in BERNOULLI.iter().enumerate() {
        correction = correction + c * rising;
        let k = s + 2.0 * j as f64;
        rising = rising * ((k + 1.0) * (k + 2.0)) / square;
    }
    let rest = q.pow(1.0 - s) / (s - 1.0);
    sum + (rest + (0.5 * first + correction))
}
