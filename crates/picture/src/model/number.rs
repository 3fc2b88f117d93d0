//! Number formatting for every picture, table and message: short, with at most three significant digits.

use ndarray::ArrayViewD;

pub use chainrule_base::shown::grouped;

/// Shown in place of a gradient that was requested and not computed.
pub const NOT_COMPUTED: &str = "–";

/// The largest tensor that is written out in full.
const FULL: usize = 4;

/// A number with three significant digits, as short as they allow: `220`, `1.1`, `-0.333`, `1.23×10⁻⁵`.
///
/// Whole numbers below a million keep all their digits. Zero has no sign; other values are `NaN`, `inf` and `-inf`.
pub fn scalar(value: f64) -> String {
    significant(value, 3)
}

/// A tensor as text: up to four elements along up to four axes in full, `[0.3, -1, 2, 0.5]`; a larger one by its shape,
/// mean and standard deviation, `100×50 µ 0.02 σ 0.9`.
///
/// A tensor without axes is written like [`scalar`]. If elements are not finite, their counts replace the mean, which
/// would hide how many there are: `100×50 NaN 3 inf 1`. A mean within rounding error of 0 is 0. If all elements are
/// equal: `100×50 all 0`.
pub fn tensor(value: ArrayViewD<'_, f64>) -> String {
    if is_short(&value) {
        return nested(&value);
    }
    format!("{} {}", shape(value.shape()).unwrap_or_default(), summary(&value))
}

/// The same without the shape: `µ 0.02 σ 0.9`.
pub fn elements(value: ArrayViewD<'_, f64>) -> String {
    if is_short(&value) { nested(&value) } else { summary(&value) }
}

/// Whether a tensor is written out. Many axes would give nothing but brackets, and a file may have any number of axes.
fn is_short(value: &ArrayViewD<'_, f64>) -> bool {
    (1..=FULL).contains(&value.len()) && value.ndim() <= FULL
}

/// The shape of a tensor for a picture, `100×784`; none for a scalar.
pub fn shape(dims: &[usize]) -> Option<String> {
    let dims: Vec<String> = dims.iter().map(usize::to_string).collect();
    (!dims.is_empty()).then(|| dims.join("×"))
}

fn nested(value: &ArrayViewD<'_, f64>) -> String {
    if value.ndim() == 0 {
        return value.first().copied().map_or_else(String::new, scalar);
    }
    let parts: Vec<String> = value.outer_iter().map(|part| nested(&part)).collect();
    format!("[{}]", parts.join(", "))
}

fn summary(value: &ArrayViewD<'_, f64>) -> String {
    let Some(&first) = value.first() else {
        return "empty".to_owned();
    };
    let nans = value.iter().filter(|x| x.is_nan()).count();
    let infinities = value.iter().filter(|x| x.is_infinite()).count();
    if nans + infinities > 0 {
        let mut words = Vec::new();
        if nans > 0 {
            words.push(format!("NaN {nans}"));
        }
        if infinities > 0 {
            words.push(format!("inf {infinities}"));
        }
        return words.join(" ");
    }
    if value.iter().all(|&x| x == first) {
        return format!("all {}", scalar(first));
    }
    // Scaled by the largest element, so that neither the sum nor the squares can overflow.
    let scale = value.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    let count = value.len() as f64;
    let sum: f64 = value.iter().map(|x| x / scale).sum();
    let magnitudes: f64 = value.iter().map(|x| (x / scale).abs()).sum();
    // A sum of n numbers is known to (n − 1) u Σ|x|: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
    // section 4.2. A smaller sum is rounding error.
    let mean = if sum.abs() <= count * f64::EPSILON * magnitudes { 0.0 } else { sum / count };
    let variance = value.iter().map(|x| (x / scale - mean).powi(2)).sum::<f64>() / count;
    format!("µ {} σ {}", significant(mean * scale, 2), significant(variance.sqrt() * scale, 2))
}

fn significant(value: f64, digits: usize) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    if value.fract() == 0.0 && value.abs() < 1e6 {
        return format!("{value:.0}");
    }
    // Rounding comes first: 0.0009996 is 0.001 and 999.6 is 1000, and the form follows the rounded number.
    let scientific = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-3..6).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        trimmed(&format!("{value:.decimals$}")).to_owned()
    } else {
        let mantissa = trimmed(mantissa);
        let power = raised(exponent);
        // A power of ten alone needs no factor.
        match mantissa {
            "1" => format!("10{power}"),
            "-1" => format!("-10{power}"),
            _ => format!("{mantissa}×10{power}"),
        }
    }
}

/// An exponent: `⁻⁴`.
fn raised(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raise = |c: char| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]);
    exponent.to_string().chars().map(raise).collect()
}

/// Without the trailing zeros of a fraction, and without the point if no digit is left after it.
fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{ArrayD, arr0, arr1, arr2};

    #[test]
    fn scalars_have_three_significant_digits() {
        let table = [
            (220.0, "220"),
            (1.1, "1.1"),
            (2.2, "2.2"),
            (-1.0 / 3.0, "-0.333"),
            (1.23e-5, "1.23×10⁻⁵"),
            (0.001234, "0.00123"),
            (0.0009996, "0.001"),
            (0.1 + 0.2, "0.3"),
            (715.0000000000001, "715"),
            (999.6, "1000"),
            (1234.5, "1234"),
            (60000.0, "60000"),
            (1e6, "10⁶"),
            (123_456_789.0, "1.23×10⁸"),
            (-4.0e-9, "-4×10⁻⁹"),
            (0.0, "0"),
            (-0.0, "0"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::MAX, "1.8×10³⁰⁸"),
            (f64::MIN_POSITIVE, "2.23×10⁻³⁰⁸"),
        ];
        for (value, text) in table {
            assert_eq!(scalar(value), text, "{value:e}");
        }
    }

    #[test]
    fn tensors_are_written_in_full_or_summed_up() {
        assert_eq!(tensor(arr0(2.0).into_dyn().view()), "2");
        assert_eq!(tensor(arr1(&[0.3, -1.0, 2.0, 0.5]).into_dyn().view()), "[0.3, -1, 2, 0.5]");
        assert_eq!(tensor(arr2(&[[1.0, 2.0], [3.0, 4.0]]).into_dyn().view()), "[[1, 2], [3, 4]]");
        assert_eq!(tensor(ArrayD::zeros(vec![100, 50]).view()), "100×50 all 0");
        assert_eq!(tensor(ArrayD::zeros(vec![0, 5]).view()), "0×5 empty");
        let signs = ArrayD::from_shape_fn(vec![100, 50], |i| if i[1] % 2 == 0 { 0.92 } else { -0.88 });
        assert_eq!(tensor(signs.view()), "100×50 µ 0.02 σ 0.9");
        let balanced = arr1(&[0.7, -0.7, 0.1, 0.2, -0.3]).into_dyn();
        assert!(balanced.sum() != 0.0);
        assert_eq!(tensor(balanced.view()), "5 µ 0 σ 0.47");
        let mut sick = ArrayD::ones(vec![3, 2]);
        sick[[0, 0]] = f64::NAN;
        sick[[2, 1]] = f64::NEG_INFINITY;
        assert_eq!(tensor(sick.view()), "3×2 NaN 1 inf 1");
        let huge = ArrayD::from_shape_fn(vec![6], |i| if i[0] == 0 { f64::MAX } else { -f64::MAX });
        assert_eq!(tensor(huge.view()), "6 µ -1.2×10³⁰⁸ σ 1.3×10³⁰⁸");
    }

    #[test]
    fn a_scalar_has_no_shape() {
        assert_eq!(shape(&[]), None);
        assert_eq!(shape(&[50]).as_deref(), Some("50"));
        assert_eq!(shape(&[100, 784]).as_deref(), Some("100×784"));
    }
}
