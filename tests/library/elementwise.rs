//! Elementwise maths where it is delicate: at ends and zeros, close to them, and in the tails, in both precisions.

use chainrule::{Plan, Precision, State, Tape, Var};
use ndarray::{Array1, arr1};

type Function = fn(Var<'_>) -> Var<'_>;

/// Values and first derivatives of a function, in a precision.
fn run<F: Precision>(of: impl for<'t> Fn(Var<'t>) -> Var<'t>, x: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let tape = Tape::new();
    let v = tape.leaf("x", Array1::from_iter(x.iter().copied()));
    let y = of(v);
    let [dx] = y.sum().grad([v]);
    let mut plan = Plan::<F>::compile([y, dx], []).unwrap();
    let out = plan.run(&mut State::new()).unwrap();
    let numbers = |k: usize| out.nth(k).iter().map(|y| y.wide()).collect::<Vec<f64>>();
    (numbers(0), numbers(1))
}

fn close(found: &[f64], wanted: &[f64], tolerance: f64, what: &str) {
    for (k, (a, b)) in found.iter().zip(wanted).enumerate() {
        let is_close = a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= tolerance * b.abs();
        assert!(is_close, "{what}, element {k}: {a:e} instead of {b:e}");
    }
}

/// Value, gradient by each operand and the gradients of the sum of those: all of second order.
fn second<'t>(y: Var<'t>, x: [Var<'t>; 2]) -> Vec<f64> {
    let [a, b] = y.grad(x);
    let [aa, ab] = a.grad(x);
    let [ba, bb] = b.grad(x);
    [y, a, b, aa, ab, ba, bb].map(|v| v.value().item()).to_vec()
}

/// A function, an operand, the value and the derivative, with mpmath to 30 digits.
type Row = (&'static str, Function, f64, f64, f64);

#[rustfmt::skip]
const TAILS: &[Row] = &[
    ("gelu", |x| x.gelu(), -10.0, -7.619853024160526e-23, -7.618400096464814e-22),
    ("gelu", |x| x.gelu(), -6.0, -5.9195258702261885e-09, -3.5468709453902015e-08),
    ("gelu", |x| x.gelu(), -0.5, -0.15426876936299344, 0.13250487534383715),
    ("gelu", |x| x.gelu(), 9.0, 9.0, 1.0),
    ("gelu_tanh", |x| x.gelu_tanh(), -8.0, -3.107782937501117e-21, -4.71478450410685e-20),
    ("gelu_tanh", |x| x.gelu_tanh(), -5.0, -2.291796196629507e-07, -1.5463619875325953e-06),
    ("gelu_tanh", |x| x.gelu_tanh(), -0.5, -0.15428599017485609, 0.1326300964653577),
    ("gelu_tanh", |x| x.gelu_tanh(), 9.0, 9.0, 1.0),
    ("mish", |x| x.mish(), -40.0, -1.6993417021166355e-16, -1.6568581595637197e-16),
    ("mish", |x| x.mish(), -10.0, -0.00045398899185674697, -0.00040857978690299194),
    ("mish", |x| x.mish(), -0.5, -0.22074377465173, 0.2895106779135122),
    ("mish", |x| x.mish(), 20.0, 20.0, 1.0000000000000002),
    ("silu", |x| x.silu(), -40.0, -1.6993417021166355e-16, -1.6568581595637197e-16),
    ("silu", |x| x.silu(), -10.0, -0.00045397868702434395, -0.0004085602086570823),
    ("silu", |x| x.silu(), 0.5, 0.3112296656009273, 0.7399611873026518),
    ("silu", |x| x.silu(), 20.0, 19.99999995877693, 1.0000000391619186),
    ("log_sigmoid", |x| x.log_sigmoid(), -500.0, -500.0, 1.0),
    ("log_sigmoid", |x| x.log_sigmoid(), -30.0, -30.000000000000092, 0.9999999999999064),
    ("log_sigmoid", |x| x.log_sigmoid(), 0.5, -0.4740769841801067, 0.37754066879814546),
    ("log_sigmoid", |x| x.log_sigmoid(), 30.0, -9.357622968839737e-14, 9.357622968839299e-14),
    ("asinh", |x| x.asinh(), -1048576.0, -14.556090791759079, 9.536743164058163e-07),
    ("asinh", |x| x.asinh(), -9.5367431640625e-07, -9.536743164061055e-07, 0.9999999999995453),
    ("asinh", |x| x.asinh(), 9.313225746154785e-10, 9.313225746154785e-10, 1.0),
    ("asinh", |x| x.asinh(), 1.152921504606847e+18, 42.281978014156664, 8.673617379884035e-19),
    ("atanh", |x| x.atanh(), 0.9999990463256836, 7.27804515746079, 524288.2500001192),
    ("atanh", |x| x.atanh(), -0.9999990463256836, -7.27804515746079, 524288.2500001192),
    ("atanh", |x| x.atanh(), 9.313225746154785e-10, 9.313225746154785e-10, 1.0),
    ("acosh", |x| x.acosh(), 1.0000009536743164, 0.0013810678222475811, 724.077171301595),
    ("acosh", |x| x.acosh(), 1.152921504606847e+18, 42.281978014156664, 8.673617379884035e-19),
    ("erfc", |x| x.erfc(), -4.0, 1.999999984582742, -1.2698234671866558e-07),
    ("erfc", |x| x.erfc(), 5.0, 1.537459794428035e-12, -1.5670866531017336e-11),
    ("erfc", |x| x.erfc(), 8.0, 1.1224297172982926e-29, -1.8097067968559843e-28),
    ("erfinv", |x| x.erfinv(), 0.9999990463256836, 3.465505025803331, 145647.2448881287),
    ("erfinv", |x| x.erfinv(), 9.313225746154785e-10, 8.253631419062224e-10, 0.886226925452758),
    ("ln_1p", |x| x.ln_1p(), 9.094947017729282e-13, 9.094947017725146e-13, 0.9999999999990905),
    ("ln_1p", |x| x.ln_1p(), -0.9999990463256836, -13.862943611198906, 1048576.0),
    ("elu", |x| x.elu(1.0), -9.094947017729282e-13, -9.094947017725146e-13, 0.9999999999990905),
    ("elu", |x| x.elu(1.0), -30.0, -0.9999999999999064, 9.357622968840175e-14),
    ("softsign", |x| x.softsign(), 1073741824.0, 0.9999999990686774, 8.673617363728164e-19),
    ("softsign", |x| x.softsign(), -1073741824.0, -0.9999999990686774, 8.673617363728164e-19),
    ("cbrt", |x| x.cbrt(), -1073741824.0, -1024.0, 3.178914388020833e-07),
    ("cbrt", |x| x.cbrt(), 9.094947017729282e-13, 9.688727123829343e-05, 35509560.43666361),
    ("rsqrt", |x| x.rsqrt(), 1073741824.0, 3.0517578125e-05, -1.4210854715202004e-14),
    ("rsqrt", |x| x.rsqrt(), 9.094947017729282e-13, 1048576.0, -5.764607523034235e+17),
    ("lgamma", |x| x.lgamma(), 9.5367431640625e-07, 13.8629430607239, -1048576.5772140962),
    ("lgamma", |x| x.lgamma(), 1048576.0, 13487767.94752331, 13.862943134361672),
    ("digamma", |x| x.digamma(), 9.5367431640625e-07, -1048576.5772140962, 1099511627777.645),
    ("digamma", |x| x.digamma(), 1.4609375, -0.0006724023902428804, 0.9682877462855093),
    ("digamma", |x| x.digamma(), 1048576.0, 13.862943134361672, 9.536747711537455e-07),
];

#[test]
fn tails_are_right_in_both_precisions() {
    for &(name, of, x, y, dx) in TAILS {
        let (values, slopes) = run::<f64>(of, &[x]);
        close(&values, &[y], 1e-13, &format!("{name} of {x}"));
        close(&slopes, &[dx], 1e-12, &format!("the derivative of {name} at {x}"));
        // What is below the normal numbers of f32 has no digits there.
        let single = |x: f64| if x.abs() < 1e-37 { 0.0 } else { x };
        let (values, slopes) = run::<f32>(of, &[x]);
        if f64::from(x as f32) == x {
            close(&[single(values[0])], &[single(y)], 1e-5, &format!("{name} of {x} in f32"));
            close(
                &[single(slopes[0])],
                &[single(dx)],
                1e-4,
                &format!("the derivative of {name} at {x} in f32"),
            );
        }
    }
}

#[test]
fn powers_of_zero_and_of_negative_numbers() {
    let tape = Tape::new();
    let at = |x: f64, p: f64| {
        let [x, p] = [tape.leaf("x", x), tape.leaf("p", p)];
        second(x.pow(p), [x, p])
    };
    // y, dx, dp, and the second derivatives.
    assert_eq!(at(0.0, 0.0), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(at(0.0, 1.0), [0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    assert_eq!(at(0.0, 2.0), [0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0]);
    assert_eq!(at(-2.0, 3.0)[..2], [-8.0, 12.0]);
    assert_eq!(at(-2.0, 3.0)[3], -12.0);
    assert!(at(-2.0, 3.0)[2].is_nan(), "the exponent of a negative base");
    assert_eq!(at(-2.0, 0.0)[..2], [1.0, 0.0]);
    assert!(at(-2.0, 0.5)[0].is_nan());
    // The exponent as a constant: the Hessian by the base alone.
    let x = tape.leaf("base", arr1(&[-2.0, 0.0, 0.0, 0.0]));
    let y = x.pow(tape.constant(arr1(&[2.0, 2.0, 1.0, 0.0]))).sum();
    let [dx] = y.grad([x]);
    assert_eq!(dx.value().as_slice().unwrap(), [-4.0, 0.0, 1.0, 0.0]);
    assert_eq!(dx.sum().grad([x])[0].value().as_slice().unwrap(), [2.0, 2.0, 0.0, 0.0]);
}

#[test]
fn ends_and_the_origin_have_finite_derivatives() {
    let tape = Tape::new();
    let leaf = |x: f64| tape.leaf("x", x);
    let zero = [leaf(0.0), leaf(0.0)];
    assert_eq!(second(zero[0].xlogy(zero[1]), zero), [0.0; 7]);
    let end = [leaf(0.0), leaf(-1.0)];
    assert_eq!(second(end[0].xlog1py(end[1]), end), [0.0; 7]);
    let zero = [leaf(0.0), leaf(0.0)];
    assert_eq!(second(zero[0].hypot(zero[1]), zero)[..3], [0.0; 3]);
    assert!(second(zero[0].hypot(zero[1]), zero).iter().all(|d| d.is_finite()));
    assert_eq!(second(zero[0].atan2(zero[1]), zero)[..3], [0.0; 3]);
    assert!(second(zero[0].atan2(zero[1]), zero).iter().all(|d| d.is_finite()));
    // At equal infinities each has half of the cotangent, and at unlike ones the greater has all.
    for (a, b, y, da) in [
        (f64::INFINITY, f64::INFINITY, f64::INFINITY, 0.5),
        (f64::NEG_INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY, 0.5),
        (f64::NEG_INFINITY, f64::INFINITY, f64::INFINITY, 0.0),
        (f64::NEG_INFINITY, 2.0, 2.0, 0.0),
        (0.5, 0.5, 0.5 + 2f64.ln(), 0.5),
    ] {
        let x = [leaf(a), leaf(b)];
        assert_eq!(second(x[0].logaddexp(x[1]), x)[..3], [y, da, 1.0 - da], "of {a} and {b}");
    }
    let x = [leaf(0.5), leaf(0.5)];
    assert_eq!(second(x[0].logaddexp(x[1]), x)[3..], [0.25, -0.25, -0.25, 0.25]);
    let x = [leaf(f64::NAN), leaf(f64::NAN)];
    assert!(second(x[0].logaddexp(x[1]), x)[..3].iter().all(|d| d.is_nan()), "NaN stays NaN");
}

#[test]
fn what_is_not_taken_does_not_spoil_the_gradient() {
    let huge = [-1e4, -800.0, 0.0, 800.0, 1e4];
    let functions: [(&str, Function); 9] = [
        ("elu", |x| x.elu(1.0)),
        ("selu", |x| x.selu()),
        ("celu", |x| x.celu(0.5)),
        ("gelu", |x| x.gelu()),
        ("gelu_tanh", |x| x.gelu_tanh()),
        ("silu", |x| x.silu()),
        ("mish", |x| x.mish()),
        ("log_sigmoid", |x| x.log_sigmoid()),
        ("hardswish", |x| x.hardswish()),
    ];
    for (name, of) in functions {
        for (values, slopes) in [run::<f64>(of, &huge), run::<f32>(of, &huge)] {
            assert!(values.iter().chain(&slopes).all(|x| x.is_finite()), "{name}: {values:?} {slopes:?}");
        }
        // Of second order, and NaN goes through.
        let tape = Tape::new();
        let x = tape.leaf("x", arr1(&huge));
        let [dx] = of(x).sum().grad([x]);
        assert!(dx.sum().grad([x])[0].value().iter().all(|d| d.is_finite()), "{name}, twice");
        assert!(run::<f64>(of, &[f64::NAN]).0[0].is_nan(), "{name} of NaN");
    }
}

#[test]
fn rounding_counts_as_a_constant_and_the_even_number_is_nearest() {
    let (values, slopes) = run::<f32>(|x| x.round() + x, &[0.5, 1.5, 2.5, -0.5]);
    assert_eq!(values, [0.5, 3.5, 4.5, -0.5]);
    assert_eq!(slopes, [1.0; 4]);
    let tape = Tape::new();
    let x = tape.leaf("x", 2.5);
    for y in [x.floor(), x.ceil(), x.round(), x.trunc(), x.sign(), x.is_nan(), x.logical_or(x)] {
        assert!(y.grad([x])[0].is_structural_zero());
    }
}

#[test]
fn derivatives_of_every_order() {
    let tape = Tape::new();
    let x = tape.leaf("x", 0.0);
    let mut y = x.sinc();
    // sinc⁽ⁿ⁾(0) = (−1)^(n/2) πⁿ / (n + 1) for even n, and 0 for odd n.
    for n in 0..8_i32 {
        let sign = if n % 4 == 0 { 1.0 } else { -1.0 };
        let wanted = if n % 2 == 0 { sign * std::f64::consts::PI.powi(n) / f64::from(n + 1) } else { 0.0 };
        close(&[y.value().item()], &[wanted], 1e-14, &format!("derivative {n} of sinc"));
        [y] = y.grad([x]);
    }
    // ψ⁽ⁿ⁾(1) = (−1)ⁿ⁺¹ n! ζ(n + 1).
    let x = tape.leaf("x", 1.0);
    let mut y = x.lgamma();
    for wanted in [
        0.0,
        -0.577_215_664_901_532_9,
        1.644_934_066_848_226_4,
        -2.404_113_806_319_189,
        6.493_939_402_266_829,
    ] {
        close(&[y.value().item()], &[wanted], 1e-14, "a derivative of ln Γ");
        [y] = y.grad([x]);
    }
}
