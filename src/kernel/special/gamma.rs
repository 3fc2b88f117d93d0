//! Derivatives of the logarithm of the gamma function.

use super::polynomial;
use std::f64::consts::PI;

/// The positive zero of the digamma function as a sum of two numbers, with mpmath to 60 digits.
pub(crate) const DIGAMMA_ROOT: [f64; 2] = [1.461_632_144_968_362_2, 9.549_995_429_965_697e-17];

/// How far from it the Taylor series is used.
const NEAR_ROOT: f64 = 0.3;

/// `ψ⁽ᵏ⁾(r) / k!` at that zero r for k = 1, 2, …, with mpmath to 60 digits. What is left out is below 2⁻⁵³ of the sum.
pub(crate) const DIGAMMA_TAYLOR: [f64; 25] = [
    0.967_672_245_447_621_2,
    -0.442_763_168_983_592_1,
    0.258_499_760_955_651,
    -0.163_942_705_442_406_52,
    0.107_824_050_691_262_37,
    -0.072_199_561_256_454_71,
    0.048_804_288_164_143_11,
    -0.033_161_126_474_847_36,
    0.022_597_648_232_218_104,
    -0.015_424_765_904_949_36,
    0.010_538_791_616_612_175,
    -0.007_204_534_386_356_869,
    0.004_926_781_395_729_853,
    -0.003_369_801_655_439_328,
    0.002_305_126_326_734_928,
    -0.001_576_936_771_430_197_2,
    0.001_078_825_201_916_296_7,
    -0.000_738_070_938_996_005_2,
    0.000_504_953_265_834_602,
    -0.000_345_468_025_106_307_7,
    0.000_236_356_015_640_270_53,
    -0.000_161_706_220_919_748_03,
    0.000_110_633_727_687_474_1,
    -7.569_179_582_195_066e-5,
    5.178_575_795_222_081e-5,
];

/// `B₂ⱼ / (2j)!` for j = 1, 2, …, with Bernoulli's numbers B.
pub(crate) const BERNOULLI: [f64; 12] = [
    0.083_333_333_333_333_33,
    -0.001_388_888_888_888_889,
    3.306_878_306_878_307e-5,
    -8.267_195_767_195_768e-7,
    2.087_675_698_786_81e-8,
    -5.284_190_138_687_493e-10,
    1.338_253_653_068_467_9e-11,
    -3.389_680_296_322_582_7e-13,
    8.586_062_056_277_845e-15,
    -2.174_868_698_558_062e-16,
    5.509_002_828_360_229_5e-18,
    -1.395_446_468_581_252_3e-19,
];

/// From these on the series of Bernoulli's numbers are used, that of ζ(s, q) from half of s further on.
const FAR: f64 = 7.5;
const FAR_OF_ZETA: f64 = 10.0;

/// The derivative of order n of ψ, the digamma function, which is that of `ln Γ(x)`: infinite at 0, and NaN for n = 0 at
/// negative whole numbers.
pub(crate) fn polygamma(order: u32, x: f64) -> f64 {
    match order {
        0 => digamma(x),
        _ => higher(order, x),
    }
}

/// The recurrence `ψ(x) = ψ(x + 1) − 1/x`, and for large x the asymptotic series (DLMF 5.5.2 and 5.11.2); the reflection
/// `ψ(x) = ψ(1 − x) − π cot πx` for negative x (DLMF 5.5.4).
fn digamma(x: f64) -> f64 {
    if x == 0.0 {
        return f64::INFINITY.copysign(-x);
    }
    if x < 0.0 {
        // Exact, so that the cotangent is accurate however large x is.
        let from_whole = x - x.round();
        return if from_whole == 0.0 || x == f64::NEG_INFINITY {
            f64::NAN
        } else {
            digamma(1.0 - x) - PI / libm::tan(PI * from_whole)
        };
    }
    let from_root = (x - DIGAMMA_ROOT[0]) - DIGAMMA_ROOT[1];
    if from_root.abs() < NEAR_ROOT {
        return from_root * polynomial(&DIGAMMA_TAYLOR, from_root);
    }
    if x == f64::INFINITY {
        return x;
    }
    let (mut x, mut below) = (x, 0.0);
    while x < FAR {
        below += 1.0 / x;
        x += 1.0;
    }
    let (square, mut factorial, mut series) = (1.0 / (x * x), 1.0, 0.0);
    let mut power = square;
    for (j, c) in BERNOULLI.iter().enumerate() {
        // (2j − 1)!, which makes B₂ⱼ / 2j of the coefficient.
        series += c * factorial * power;
        let k = 2.0 * (j + 1) as f64;
        (factorial, power) = (factorial * k * (k + 1.0), power * square);
    }
    (libm::log(x) - (0.5 / x + series)) - below
}

/// `ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ n! ζ(n + 1, x)` for n ≥ 1 (DLMF 25.11.12).
fn higher(order: u32, x: f64) -> f64 {
    let s = f64::from(order) + 1.0;
    let factors = (2..=order).map(f64::from);
    let magnitude = if x < 0.0 {
        factors.product::<f64>() * zeta_of_negative(s, -x)
    } else if order <= 20 || x == 0.0 || x == f64::INFINITY {
        factors.product::<f64>() * zeta(s, x, 1.0)
    } else {
        // The factorial overflows, and the terms underflow, before their product does.
        factors.map(|k| k / x).product::<f64>() * (zeta(s, x, x) / x / x)
    };
    if order.is_multiple_of(2) { -magnitude } else { magnitude }
}

/// The terms of `ζ(s, x) = Σ (x + k)⁻ˢ` for whole s and x = −u < 0: of those whose base is negative, and of the others.
fn zeta_of_negative(s: f64, u: f64) -> f64 {
    let fraction = u - u.floor();
    let negative = zeta(s, fraction, 1.0) - zeta(s, u + 1.0, 1.0);
    let positive = zeta(s, 1.0 - fraction, 1.0);
    if s % 2.0 == 0.0 { positive + negative } else { positive - negative }
}

/// `uˢ` times Hurwitz's `ζ(s, q) = Σ (q + k)⁻ˢ` over k ≥ 0 for s ≥ 2 and q ≥ 0, by the formula of Euler and Maclaurin (DLMF
/// 25.11.5 with 2.10.1).
fn zeta(s: f64, q: f64, unit: f64) -> f64 {
    let (mut q, mut sum) = (q, 0.0);
    while q < FAR_OF_ZETA + 0.5 * s {
        sum += libm::pow(q / unit, -s);
        q += 1.0;
    }
    let first = libm::pow(q / unit, -s);
    let (square, mut correction, mut rising) = (q * q, 0.0, s * first / q);
    for (j, c) in BERNOULLI.iter().enumerate() {
        // s (s + 1) … (s + 2j − 2) / q²ʲ⁻¹ times the first term.
        correction += c * rising;
        let k = s + 2.0 * j as f64;
        rising *= (k + 1.0) * (k + 2.0) / square;
    }
    let rest = unit * libm::pow(q / unit, 1.0 - s) / (s - 1.0);
    sum + (rest + (0.5 * first + correction))
}
