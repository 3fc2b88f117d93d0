//! Special functions against values of mpmath with 50 digits.

use super::{erf_inv, polygamma, sinc};

/// A function, an operand, and the value.
type Row = (fn(f64) -> f64, f64, f64);

#[rustfmt::skip]
const VALUES: &[Row] = &[
    (erf_inv, 1e-300, 8.86226925452758e-301),
    (erf_inv, -1e-08, -8.86226925452758e-09),
    (erf_inv, 0.25, 0.2253120550121781),
    (erf_inv, 0.499, 0.47582428088309237),
    (erf_inv, 0.5, 0.4769362762044699),
    (erf_inv, -0.9, -1.1630871536766743),
    (erf_inv, 0.9999, 2.75106390571208),
    (erf_inv, 0.9999999990686774, 4.328028275800946),
    (erf_inv, -0.9999999999999999, -5.8635847487551676),
    (|x| polygamma(0, x), 1e-12, -1000000000000.5773),
    (|x| polygamma(0, x), 0.3, -3.502524222200133),
    (|x| polygamma(0, x), 1.2, -0.2890398965921884),
    (|x| polygamma(0, x), 1.4616321449683622, -9.241265521729427e-17),
    (|x| polygamma(0, x), 1.47, 0.008066489011364869),
    (|x| polygamma(0, x), 2.0, 0.42278433509846713),
    (|x| polygamma(0, x), 7.0, 1.8727843350984672),
    (|x| polygamma(0, x), 33.3, 3.490467238520243),
    (|x| polygamma(0, x), 1000000000000000.0, 34.538776394910684),
    (|x| polygamma(0, x), -0.5, 0.03648997397857652),
    (|x| polygamma(0, x), -3.25, 4.46627587235028),
    (|x| polygamma(0, x), -1000.125, 14.492855717113763),
    (|x| polygamma(1, x), 1e-05, 10000000001.644909),
    (|x| polygamma(1, x), 0.5, 4.934802200544679),
    (|x| polygamma(1, x), 3.0, 0.39493406684822646),
    (|x| polygamma(1, x), 50.0, 0.020201333226697125),
    (|x| polygamma(1, x), 1000000000000.0, 1.0000000000005e-12),
    (|x| polygamma(1, x), -0.25, 18.541879647671607),
    (|x| polygamma(1, x), -10.5, 9.778757739814813),
    (|x| polygamma(2, x), 0.1, -2001.8614573783436),
    (|x| polygamma(2, x), 2.5, -0.2362040516417274),
    (|x| polygamma(2, x), 40.0, -0.0006408202718352986),
    (|x| polygamma(2, x), -1.25, 123.72136678366236),
    (|x| polygamma(2, x), -1.75, -124.21382135423057),
    (|x| polygamma(5, x), 0.7, 1025.3283541434719),
    (|x| polygamma(5, x), 9.0, 0.0005317463328963387),
    (|x| polygamma(5, x), -2.4, 31893.07207851037),
    (|x| polygamma(20, x), 1.5, -487772949462609.9),
    (|x| polygamma(20, x), 30.0, -4.786085204571764e-13),
    (|x| polygamma(150, x), 60.0, -1.965880990531221e-06),
    (|x| polygamma(150, x), 200.0, -3.7942152199759047e-85),
    (|x| sinc(0, x), 0.0, 1.0),
    (|x| sinc(0, x), 1e-08, 0.9999999999999999),
    (|x| sinc(0, x), -0.3, 0.8583936913341398),
    (|x| sinc(0, x), 0.7, 0.36788301057177425),
    (|x| sinc(0, x), 1.5, -0.2122065907891938),
    (|x| sinc(0, x), -123456.25, 1.8231485164928995e-06),
    (|x| sinc(1, x), 1e-08, -3.2898681336964526e-08),
    (|x| sinc(1, x), -0.2, 0.6323614470684581),
    (|x| sinc(1, x), 0.7, -1.3652403755203533),
    (|x| sinc(1, x), 3.3, -0.15446953399126914),
    (|x| sinc(1, x), 1000.5, -3.17991814870966e-07),
    (|x| sinc(2, x), 0.0, -3.289868133696453),
    (|x| sinc(2, x), 1e-08, -3.289868133696452),
    (|x| sinc(2, x), 0.5, -1.1902271282389358),
    (|x| sinc(2, x), -2.2, -1.138517573376045),
    (|x| sinc(5, x), 0.001, -0.13734113765443426),
    (|x| sinc(5, x), 0.9, -31.2669198352613),
    (|x| sinc(5, x), 4.1, 17.323867071083935),
];

#[test]
fn values_are_those_of_many_digits() {
    let off = |&(f, x, y): &Row| (f(x) - y).abs() / y.abs().max(f64::MIN_POSITIVE);
    let wrong: Vec<String> = (VALUES.iter().enumerate().filter(|(_, row)| off(row) > 1e-13))
        .map(|(k, row)| format!("row {k}: f({:e}) is {:e} instead of {:e}", row.1, (row.0)(row.1), row.2))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn poles_and_ends() {
    for x in [1.0, -1.0] {
        assert_eq!(erf_inv(x), x * f64::INFINITY);
    }
    assert!(erf_inv(1.5).is_nan() && erf_inv(f64::NAN).is_nan());
    assert_eq!(erf_inv(-0.0).to_bits(), (-0.0_f64).to_bits());
    assert_eq!([polygamma(0, 0.0), polygamma(0, -0.0)], [f64::NEG_INFINITY, f64::INFINITY]);
    assert!([-1.0, -7.0, -1e300, f64::NEG_INFINITY].iter().all(|&x| polygamma(0, x).is_nan()));
    assert_eq!(
        [polygamma(1, 0.0), polygamma(1, -3.0), polygamma(2, 0.0)],
        [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY]
    );
    assert_eq!([polygamma(30, 0.0), polygamma(30, f64::INFINITY)], [f64::NEG_INFINITY, -0.0]);
    assert_eq!([polygamma(0, f64::INFINITY), polygamma(1, f64::INFINITY)], [f64::INFINITY, 0.0]);
    // Zero at every other whole number, exactly.
    assert_eq!([1.0, -2.0, 3e7, 1e15, f64::INFINITY].map(|x| sinc(0, x).abs()), [0.0; 5]);
    assert!((0..4).all(|n| sinc(n, f64::NAN).is_nan() && polygamma(n, f64::NAN).is_nan()));
}
