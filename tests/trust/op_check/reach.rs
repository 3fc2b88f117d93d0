//! How far a check of an op reaches: strides, sizes of operands, sizes of cotangents.

use super::failing;
use chainrule::check::{Check, OpCheck};
use chainrule::op::{Derivative, Domain, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Float, Tape, Var};
use ndarray::{Array1, arr1};

op! {
    WrongOnEverySecond, false, |x| reals(x).map(|[x]| x.to_vec()),
    |x, y| {
        let a = x.real(0).array();
        let wrong = a.strides() == [2];
        y.data.iter_mut().zip(a.iter()).for_each(|(y, &a)| *y = if wrong { a } else { a + a });
    },
    |operand, x, y, dy| 2.0 * dy
}

#[test]
fn a_kernel_that_is_wrong_on_every_second_element_is_found() {
    for check in [OpCheck::new(WrongOnEverySecond), OpCheck::new(WrongOnEverySecond).on(&[&[5]])] {
        let report = check.must_fail().unwrap();
        let wrong: Vec<_> = report.cases.iter().filter(|case| !case.passed()).collect();
        assert!(wrong.iter().all(|case| case.operands.ends_with("every second element")), "{report}");
        assert!(report.first_fault().unwrap().problem.contains("strided views"), "{report}");
    }
}

/// `y = x / (1 + exp -x)`, which is 0 in one of the precisions for operands between two numbers.
macro_rules! cut_off {
    ($op:ident, $elementwise:literal, $single:literal, $from:expr, $to:expr) => {
        op! {
            $op, $elementwise, |x| reals(x).map(|[x]| x.to_vec()),
            |x, y| {
                let single = F::epsilon().wide() > 1e-10;
                let is_cut = |a: F| single == $single && ($from..$to).contains(&a.wide());
                let swish = |a: F| if is_cut(a) { F::zero() } else { a / (F::one() + (-a).exp()) };
                y.data.iter_mut().zip(x.real(0).array().iter()).for_each(|(y, &a)| *y = swish(a));
            },
            |operand, x, y, dy| {
                let s = x[0].sigmoid();
                dy * s * (1.0 + x[0] * (1.0 - s))
            }
        }
    };
}

cut_off! { SingleCutBelowMinusEight, true, true, f64::NEG_INFINITY, -8.0 }
cut_off! { SingleCutAboveEight, true, true, 8.0, 20.0 }
cut_off! { SingleCutFarOut, true, true, 1e6, 1e9 }
cut_off! { DoubleCutBelowMinusEight, true, false, f64::NEG_INFINITY, -8.0 }
cut_off! { DoubleCutAbove, true, false, 50.0, 300.0 }
cut_off! { DoubleCutNearZero, true, false, 0.002, 0.005 }
cut_off! { ArraySingleCutBelowMinusEight, false, true, f64::NEG_INFINITY, -8.0 }
cut_off! { ArrayDoubleCutFarOut, false, false, 1e4, f64::INFINITY }

#[test]
fn a_kernel_that_is_cut_off_far_from_the_samples_is_found() {
    for single in [
        failing(SingleCutBelowMinusEight),
        failing(SingleCutAboveEight),
        failing(SingleCutFarOut),
        failing(ArraySingleCutBelowMinusEight),
    ] {
        let problem = &single.0.first_fault().unwrap().problem;
        assert!(problem.contains("its kernel in f32 differs"), "{}", single.0);
    }
    for (report, _) in [
        failing(DoubleCutBelowMinusEight),
        failing(DoubleCutAbove),
        failing(DoubleCutNearZero),
        failing(ArrayDoubleCutFarOut),
    ] {
        assert!(report.first_fault().is_some(), "{report}");
    }
}

function! { ClipsLargeCotangents, |a| a.sin(), |x, y, dy| {
    let clipped = dy.minimum(100.0).maximum(-100.0);
    clipped * x.cos()
} }
function! { ClipsHugeCotangents, |a| a.sin(), |x, y, dy| dy.minimum(1e6).maximum(-1e6) * x.cos() }
function! { DropsSmallCotangents, |a| a.sin(), |x, y, dy| dy * dy.abs().greater(1e-4) * x.cos() }
function! { NanOfLargeCotangents, |a| a.sin(), |x, y, dy| dy * (1e4 - dy.abs()).sqrt() / (1e4 - dy.abs()).sqrt() * x.cos() }

#[test]
fn a_rule_that_is_linear_for_cotangents_of_one_size_alone_is_found() {
    let found = [
        failing(ClipsLargeCotangents),
        failing(ClipsHugeCotangents),
        failing(DropsSmallCotangents),
        failing(NanOfLargeCotangents),
    ];
    for (report, _) in found {
        assert_eq!(
            report.first_fault().unwrap().problem,
            "its rule is not linear in the cotangent",
            "{report}"
        );
    }
    let tape = Tape::new();
    let x = tape.leaf("x", Array1::linspace(-1.0, 1.0, 100));
    let report = Check::new(tape.apply(ClipsLargeCotangents, &[x]).sum(), &[x]).must_fail().unwrap();
    assert_eq!(report.first_fault().unwrap().problem, "its rule is not linear in the cotangent", "{report}");
}

function! { RootDifference, |a| (a + F::one()).sqrt() - a.sqrt(),
|x, y, dy| dy * (0.5 / (x + 1.0).sqrt() - 0.5 / x.sqrt()) }
function! { LnDifference, |a| (a + F::one()).ln() - a.ln(), |x, y, dy| dy * (1.0 / (x + 1.0) - 1.0 / x) }
function! { BelowHypotenuse, |a| (a * a + F::one()).sqrt() - a, |x, y, dy| dy * (x / (x * x + 1.0).sqrt() - 1.0) }
function! { Divides, |a| a / F::of(3.0), |x, y, dy| dy / 3.0 }
function! { CancelsInside, |a| a * a, |x, y, dy| ((dy + 1e3) - 1e3) * 2.0 * x }

#[test]
fn a_rule_that_is_linear_but_for_rounding_is_not_accused() {
    for check in [OpCheck::new(Divides), OpCheck::new(CancelsInside).order(1)] {
        let report = check.run().unwrap();
        assert!(report.passed(), "{report}");
    }
    // What cancels inside a rule or a kernel, more and more the further out.
    for op in [OpCheck::new(RootDifference), OpCheck::new(LnDifference), OpCheck::new(BelowHypotenuse)] {
        let report = op.domain(Domain::Between(0.3, 1.7)).extremes(true).run().unwrap();
        assert!(report.passed(), "{report}");
    }
    // Operands whose products with large and small cotangents overflow, or lose digits.
    for size in [1e-150, 1e-200, 1e-300, 1e150, 1e250] {
        let tape = Tape::new();
        let (x, z) = (tape.leaf("x", arr1(&[size, -2.0 * size])), tape.leaf("z", arr1(&[1.0 / size, 0.7])));
        let report = Check::new((x * z).sum(), &[x, z]).run().unwrap();
        assert!(report.faults.is_empty(), "{report}");
    }
}

function! { Quantise, |a| (a * F::of(1024.0)).round() / F::of(1024.0), |x, y, dy| dy }
function! { Step, |a| if a > F::zero() { F::one() } else { F::zero() }, |x, y, dy| dy * (1.0 - x.tanh().square()) }
function! { WrongFactor, |a| a.sin(), |x, y, dy| 2.0 * dy * x.cos() }

#[test]
fn a_straight_through_rule_by_hand_is_told_of_stop_gradient() {
    let tape = Tape::new();
    let hint = |y: Var<'_>, x: Var<'_>| {
        let report = Check::new(y.sum(), &[x]).must_fail().unwrap();
        report.first_fault().unwrap().hint.clone().unwrap_or_default()
    };
    let x = tape.leaf("x", arr1(&[0.3, -0.8, 1.7, 0.05]));
    for size in [0.1, 0.03, 1e-3] {
        let y = tape.apply(Quantise, &[x * size]);
        let said = hint(y, x);
        assert!(said.contains("stop_gradient") && said.contains("flat almost everywhere"), "{size}: {said}");
    }
    assert!(hint(tape.apply(Step, &[x]), x).contains("stop_gradient"));
    let many = tape.leaf("many", Array1::from_iter((0..200).map(|i| 0.1 * (i as f64 * 0.37).sin())));
    assert!(hint(tape.apply(Quantise, &[many]), many).contains("stop_gradient"));
    assert!(!hint(tape.apply(WrongFactor, &[x]), x).contains("stop_gradient"));
    let report = OpCheck::new(Quantise).must_fail().unwrap();
    assert!(report.to_string().contains("stop_gradient"), "{report}");
}
