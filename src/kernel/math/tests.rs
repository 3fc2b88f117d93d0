//! Errors against f64's functions for f32, and against numbers of twice the precision for f64.

use super::reference::{self, Two};
use super::*;
use crate::Float;

type Function<F> = fn(F) -> F;

/// The greatest error seen, in units of the last place of the right value, and where.
#[derive(Default)]
struct Worst {
    error: f64,
    at: f64,
}

impl Worst {
    fn see(&mut self, error: f64, at: f64) {
        // NaN stays, and is more than any bound.
        if error.is_nan() || error > self.error {
            *self = Self { error, at };
        }
    }

    fn at_most(&self, name: &str, bound: f64) {
        println!("{name}: {:.2} ulp at {:e}", self.error, self.at);
        assert!(self.error <= bound, "{name}: {} ulp at {:e}, more than {bound}", self.error, self.at);
    }
}

/// The distance between neighbours at x, with a significand of so many bits and the least exponent.
fn last_place(x: f64, bits: i32, least: i32) -> f64 {
    let exponent = (x.to_bits() >> 52 & 0x7ff) as i32 - 1023;
    let place = (exponent.max(least) - (bits - 1)).max(-1074);
    if place < -1022 { f64::from_bits(1 << (place + 1074)) } else { 2_f64.powi(place) }
}

fn check_f32(name: &str, f: fn(f32) -> f32, right: fn(f64) -> f64, bound: f64) {
    let mut worst = Worst::default();
    let mut see = |x: f32| {
        let (y, want) = (f(x), right(f64::from(x)));
        let rounded = want as f32;
        if rounded.is_nan() || rounded.is_infinite() || rounded == 0.0 {
            let same = y == rounded || (y.is_nan() && rounded.is_nan());
            assert!(same, "{name}({x:e}) is {y:e}, not {rounded:e}");
        } else {
            worst.see((f64::from(y) - want).abs() / last_place(want, 24, -126), f64::from(x));
        }
    };
    // Bits of all floats at equal distances, a prime, and those where the functions bend.
    (0..=u32::MAX).step_by(4001).for_each(|bits| see(f32::from_bits(bits)));
    (0..100_000).for_each(|i| see(i as f32 * 2.000_03e-4 - 10.0));
    worst.at_most(name, bound);
}

/// The f64 to look at: at equal distances of their bits, and closer where the functions bend.
fn numbers() -> impl Iterator<Item = f64> {
    let bits = (0..40_000_u64).map(|i| f64::from_bits(i.wrapping_mul(461_168_601_842_738_790)));
    let dense = (0..60_000).map(|i| f64::from(i) * 3.333_331e-4 - 10.0);
    let wide = (0..30_000).map(|i| f64::from(i) * 0.050_001 - 750.0);
    let near_one = (0..20_000).map(|i| 0.5 + f64::from(i) * 5.000_07e-5);
    bits.chain(dense).chain(wide).chain(near_one)
}

fn check_f64(name: &str, f: fn(f64) -> f64, right: fn(f64) -> Two, plain: fn(f64) -> f64, bound: f64) {
    let mut worst = Worst::default();
    for x in numbers() {
        let (y, rough) = (f(x), plain(x));
        if rough.is_nan() || rough.is_infinite() || rough == 0.0 {
            let same = y == rough || (y.is_nan() && rough.is_nan());
            assert!(same, "{name}({x:e}) is {y:e}, not {rough:e}");
            continue;
        }
        let place = last_place(rough, 53, -1022);
        if rough.abs() < 1e-280 {
            // Two floats do not hold twice the precision of such numbers: the library's is the neighbour, or the same.
            assert!((y - rough).abs() <= place, "{name}({x:e}) is {y:e}, not {rough:e}");
        } else {
            worst.see((right(x) - y).0.abs() / place, x);
        }
    }
    worst.at_most(name, bound);
}

/// The logistic function by the library's, at arguments where that does not overflow.
fn plain_sigmoid(x: f64) -> f64 {
    if x < -700.0 { x.exp() } else { 1.0 / (1.0 + (-x).exp()) }
}

fn plain_softplus(x: f64) -> f64 {
    (if x < 0.0 { 0.0 } else { x }) + (-x.abs()).exp().ln_1p()
}

// The bounds are a little above the measured errors, in the table of the module's docs.

#[test]
fn errors_in_f32() {
    check_f32("exp", exp, f64::exp, 0.8);
    check_f32("exp_m1", exp_m1, f64::exp_m1, 1.1);
    check_f32("ln", ln, f64::ln, 0.8);
    check_f32("tanh", tanh, f64::tanh, 1.5);
    check_f32("sigmoid", sigmoid, plain_sigmoid, 1.2);
    check_f32("softplus", softplus, plain_softplus, 1.5);
}

#[test]
fn errors_in_f64() {
    check_f64("exp", exp, reference::exp, f64::exp, 0.8);
    check_f64("exp_m1", exp_m1, reference::exp_m1, f64::exp_m1, 1.1);
    check_f64("ln", ln, reference::ln, f64::ln, 0.9);
    check_f64("tanh", tanh, reference::tanh, f64::tanh, 1.5);
    check_f64("sigmoid", sigmoid, reference::sigmoid, plain_sigmoid, 1.2);
    check_f64("softplus", softplus, reference::softplus, plain_softplus, 1.6);
}

/// The functions at the ends of their domains and of the numbers, in either precision.
fn special_values<F: Float>() {
    let (zero, one, infinity, nan) = (F::zero(), F::one(), F::infinity(), F::nan());
    let least = F::of(if F::NAME == "f32" { f64::from(f32::from_bits(1)) } else { f64::from_bits(1) });
    let same = |y: F, want: F| {
        assert_eq!(y.is_nan(), want.is_nan(), "{y} for {want}");
        assert!(
            want.is_nan() || (y == want && y.is_sign_negative() == want.is_sign_negative()),
            "{y} for {want}"
        );
    };
    let table: [(Function<F>, [F; 5]); 6] = [
        (exp, [zero, infinity, one, one, one]),
        (exp_m1, [-one, infinity, -zero, zero, least]),
        (ln, [nan, infinity, -infinity, -infinity, F::of(least.wide().ln())]),
        (tanh, [-one, one, -zero, zero, least]),
        (sigmoid, [zero, one, F::of(0.5), F::of(0.5), F::of(0.5)]),
        (softplus, [zero, infinity, F::of(2_f64.ln()), F::of(2_f64.ln()), F::of(2_f64.ln())]),
    ];
    for (f, want) in table {
        for (x, want) in [-infinity, infinity, -zero, zero, least].into_iter().zip(want) {
            same(f(x), want);
        }
        same(f(nan), nan);
        same(f(-nan), nan);
    }
    same(ln(one), zero);
    same(ln(-one), nan);
    same(ln(-least), nan);
    same(exp(F::max_value()), infinity);
    same(exp(F::min_value()), zero);
    same(exp_m1(F::min_value()), -one);
    same(tanh(F::max_value()), one);
    same(tanh(F::min_value()), -one);
    same(softplus(F::max_value()), F::max_value());
    same(sigmoid(F::min_value()), zero);
}

#[test]
fn erfc_in_f32_is_that_of_f64_rounded() {
    check_f32("erfc", erfc, libm::erfc, 0.51);
    assert!(erfc(f32::NAN).is_nan() && erfc(f64::NAN).is_nan());
    assert_eq!(
        [erfc(f32::NEG_INFINITY), erfc(-0.0_f32), erfc(0.0_f32), erfc(f32::INFINITY)],
        [2.0, 1.0, 1.0, 0.0]
    );
}

#[test]
fn special_values_in_both_precisions() {
    special_values::<f32>();
    special_values::<f64>();
}

/// At neighbours, and where a formula or an exponent changes, results do not turn back.
fn rises<F: Float>(places: &[f64], next: fn(F) -> F) {
    let functions: [(&str, Function<F>); 6] = [
        ("exp", exp),
        ("exp_m1", exp_m1),
        ("ln", ln),
        ("tanh", tanh),
        ("sigmoid", sigmoid),
        ("softplus", softplus),
    ];
    for (name, f) in functions {
        for &place in places.iter().filter(|p| name != "ln" || **p > 0.0) {
            let mut x = F::of(place);
            for _ in 0..2000 {
                let after = next(x);
                assert!(f(after) >= f(x), "{name} falls after {x:e}");
                x = after;
            }
        }
        let mut before = F::neg_infinity();
        for i in -200_000..200_000 {
            let x = F::of(f64::from(i) * 2.1e-4);
            if name != "ln" || x > F::zero() {
                let y = f(x);
                assert!(y >= before, "{name} falls at {x:e}");
                before = y;
            }
        }
    }
}

#[test]
fn rising_functions_rise() {
    rises::<f32>(&[-87.3, -17.3, -9.01, 9.01, 17.3, 88.0], f32::next_up);
    rises::<f64>(&[-708.0, -37.0, -19.06, 19.06, 37.0, 709.0], f64::next_up);
}

/// Every function on blocks is the function on single numbers, whatever the instruction set and the length.
#[test]
fn blocks_and_single_numbers_agree() {
    fn agree<F: Float>(f: fn(F) -> F, blocks: impl Fn(&mut [F])) {
        for len in [0, 1, 3, 4, 15, 16, 17, 31, 32, 100] {
            let x: Vec<F> = (0..len).map(|i| F::of(f64::from(i) * 0.37 - 5.0)).collect();
            let mut y = x.clone();
            blocks(&mut y);
            for (x, y) in x.into_iter().zip(y) {
                let want = f(x);
                assert!(y == want || (y.is_nan() && want.is_nan()), "{x}: {y} and {want}");
            }
        }
    }
    macro_rules! all {
        ($float:ty: $($f:ident)+) => {
            $(agree::<$float>($f, |x| crate::kernel::map_in_place(#[inline(always)] |x| $f(x), x));)+
        };
    }
    all!(f32: exp exp_m1 ln tanh sigmoid softplus erfc);
    all!(f64: exp exp_m1 ln tanh sigmoid softplus erfc);
}
