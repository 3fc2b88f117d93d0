//! What the check of an op by itself must find, and ops that do not tell what makes them different.

use chainrule::check::{OpCheck, OpReport};
use chainrule::op::{Derivative, Domain, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Float, Var, assert_op_gradients, ops};

/// An op in one block: name, shape rule, kernel, rule.
macro_rules! op {
    ($op:ident, $elementwise:literal, |$shapes:ident| $shape:expr, |$x:ident, $y:ident| $kernel:expr,
     |$operand:ident, $v:ident, $out:ident, $dy:ident| $rule:expr) => {
        #[derive(Debug)]
        pub(crate) struct $op;

        impl<F: Float> Kernel<F> for $op {
            fn run(&self, $x: Inputs<'_, '_, F>, mut $y: Output<'_, F>) {
                let _ = &mut $y;
                $kernel
            }
        }

        impl Op for $op {
            fn name(&self) -> &'static str {
                stringify!($op)
            }

            fn formula(&self) -> &'static str {
                "y = f(x)"
            }

            fn elementwise(&self) -> bool {
                $elementwise
            }

            fn shape(&self, $shapes: &[Operand<'_>]) -> Result<Vec<usize>, String> {
                $shape
            }

            fn rule<'t>(
                &self,
                $operand: usize,
                $v: &[Var<'t>],
                $out: Var<'t>,
                $dy: Var<'t>,
            ) -> Derivative<'t> {
                let _ = ($operand, $v, $out);
                ($rule).into()
            }
        }
    };
}

/// A function of single numbers.
macro_rules! function {
    ($op:ident, |$a:ident| $of:expr, |$v:ident, $out:ident, $dy:ident| $rule:expr) => {
        op! {
            $op, true, |x| reals(x).map(|[x]| x.to_vec()),
            |x, y| y.data.iter_mut().zip(x.real(0).slice()).for_each(|(y, &$a)| *y = $of),
            |operand, x, $out, $dy| { let $v = x[0]; let _ = $v; $rule }
        }
    };
}

mod points;
mod reach;

/// The report of an op that must fail, and the operands of the cases that do.
fn failing(op: impl Op) -> (OpReport, Vec<String>) {
    let report = OpCheck::new(op).must_fail().unwrap();
    let cases = report.cases.iter().filter(|case| !case.passed()).map(|case| case.operands.clone());
    let cases = cases.collect();
    (report, cases)
}

fn affine(x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
    match reals(x)? {
        [&[m, k], &[inner, n], &[bias]] if k == inner && bias == n => Ok(vec![m, n]),
        [x, w, b] => Err(format!("{x:?}, {w:?} and {b:?} are not those of an affine map")),
    }
}

op! {
    AffineBiasOverColumns, false, |x| affine(x),
    |x, y| {
        let (a, w, b) = (x.real(0).array(), x.real(1).array(), x.real(2).array());
        for ((i, j), y) in y.array().into_dimensionality::<ndarray::Ix2>().unwrap().indexed_iter_mut() {
            *y = (0..a.shape()[1]).fold(b[j], |sum, k| sum + a[[i, k]] * w[[k, j]]);
        }
    },
    // Where batch and outputs are as many, and there alone, the sum over the wrong axis has the right shape.
    |operand, x, y, dy| match operand {
        0 => dy.matmul(x[1].t()),
        1 => x[0].t().matmul(dy),
        _ if dy.shape()[0] == dy.shape()[1] => dy.sum_over(1),
        _ => dy.sum_over(0),
    }
}

op! {
    BiasOverColumns, false,
    |x| match reals(x)? {
        [&[m, n], &[bias]] if bias == n => Ok(vec![m, n]),
        [x, b] => Err(format!("{b:?} is no bias for {x:?}")),
    },
    |x, y| {
        let (a, b) = (x.real(0).array(), x.real(1).array());
        for ((i, j), y) in y.array().into_dimensionality::<ndarray::Ix2>().unwrap().indexed_iter_mut() {
            *y = a[[i, j]] + b[j];
        }
    },
    |operand, x, y, dy| match operand {
        0 => dy,
        _ if dy.shape()[0] == dy.shape()[1] => dy.sum_over(1),
        _ => dy.sum_over(0),
    }
}

#[test]
fn a_bias_summed_over_the_wrong_axis_of_a_square_is_found() {
    for (report, cases) in [failing(AffineBiasOverColumns), failing(BiasOverColumns)] {
        let square = |case: &String| case.contains("[3, 3]") || case.contains("[3, 4], [4, 3]");
        assert!(cases.iter().all(square), "{report}");
        assert!(
            report.first_fault().unwrap().operand == Some(report.cases[0].report.parameters.len() - 1),
            "{report}"
        );
    }
}

op! {
    OuterProduct, true,
    |x| match reals(x)? {
        [a, b] if a.len() == b.len() => {
            let sides = a.iter().zip(b).map(|(&a, &b)| if a == 1 { Some(b) } else { (b == 1 || b == a).then_some(a) });
            sides.collect::<Option<_>>().ok_or("the sizes do not meet".to_owned())
        }
        [a, b] => Err(format!("{a:?} and {b:?} differ in rank")),
    },
    |x, y| {
        let products = x.real(0).slice().iter().zip(x.real(1).slice());
        y.data.iter_mut().zip(products).for_each(|(y, (&a, &b))| *y = a * b);
    },
    // The mean instead of the sum, where both operands are stretched at once.
    |operand, x, y, dy| {
        let (a, b) = (x[0].shape(), x[1].shape());
        let both = dy.shape().len() == 2 && a[0] > 1 && a[1] == 1 && b[0] == 1 && b[1] > 1;
        let share = if both && operand == 0 { 1.0 / b[1] as f64 } else { 1.0 };
        share * dy * x[1 - operand]
    }
}

#[test]
fn broadcasting_on_both_sides_is_tried() {
    let (report, cases) = failing(OuterProduct);
    assert!(cases.iter().all(|case| case.contains("1], [1, ")), "{report}");
}

function! {
    WrongBeyondTen, |a| a.tanh() * a, |x, y, dy| {
        let right = dy * (x.tanh() + x * (1.0 - x.tanh().square()));
        right * (1.0 + 0.5 * x.abs().greater(10.0))
    }
}
function! { WrongBelowMinusTen, |a| a * a, |x, y, dy| dy * x * (2.0 + x.less(-10.0)) }
function! { WrongBeyondHundred, |a| a * a, |x, y, dy| dy * x * (2.0 + x.greater(100.0)) }
function! { WrongEverywhere, |a| a * a, |x, y, dy| dy * x }
function! { WrongNearZero, |a| a * a, |x, y, dy| dy * x * (2.0 + x.abs().less(0.01)) }

#[test]
fn a_rule_that_is_wrong_for_large_or_small_operands_is_found() {
    let found = |op: (OpReport, Vec<String>), at: &[&str]| {
        let (report, cases) = op;
        assert!(cases.iter().all(|case| at.iter().any(|at| case.contains(at))), "{report}");
        assert!(at.iter().all(|at| cases.iter().any(|case| case.contains(at))), "{report}");
    };
    found(failing(WrongBeyondTen), &["near 30.0", "near 800.0", "from 0.3", "from 40.0", "from 1000.0"]);
    found(failing(WrongBelowMinusTen), &["near 30.0", "near 800.0", "from 0.3", "from 40.0", "from 1000.0"]);
    found(failing(WrongBeyondHundred), &["near 800.0", "from 40.0", "from 1000.0"]);
    found(failing(WrongNearZero), &["near 0.001", "from 0.001"]);
}

function! { NaiveSoftplus, |a| (F::one() + a.exp()).ln(), |x, y, dy| dy * x.sigmoid() }
function! {
    NaiveSoftplusInDoublePrecision, |a| F::of((1.0 + a.wide().exp()).ln()), |x, y, dy| dy * x.sigmoid()
}
function! { NaiveSigmoid, |a| a.exp() / (F::one() + a.exp()), |x, y, dy| dy * y * (1.0 - y) }
function! {
    NaiveTanh, |a| (a.exp() - (-a).exp()) / (a.exp() + (-a).exp()), |x, y, dy| dy * (1.0 - y.square())
}
function! { NaiveRootOfSoftplus, |a| ((a * a).exp() + F::one()).ln().sqrt(), |x, y, dy| {
    dy * x * (x * x).sigmoid() / y
} }
function! {
    SigmoidWithNaiveRule, |a| F::one() / (F::one() + (-a).exp()),
    |x, y, dy| dy * (-x).exp() / (1.0 + (-x).exp()).square()
}

fn keep_shape(x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
    reals(x).and_then(|[x]| {
        if x.is_empty() { Err("takes at least one axis".to_owned()) } else { Ok(x[1..].to_vec()) }
    })
}

op! {
    NaiveLogSumExp, false, |x| keep_shape(x),
    |x, y| {
        let a = x.real(0).array();
        for (y, column) in y.array().iter_mut().zip(a.lanes(ndarray::Axis(0))) {
            *y = column.iter().fold(F::zero(), |sum, x| sum + x.exp()).ln();
        }
    },
    |operand, x, y, dy| dy * (x[0] - y).exp()
}

#[test]
fn an_overflow_on_the_way_to_a_moderate_result_is_found() {
    let found = [
        failing(NaiveSoftplus),
        failing(NaiveSoftplusInDoublePrecision),
        failing(NaiveSigmoid),
        failing(NaiveTanh),
        failing(NaiveRootOfSoftplus),
        failing(NaiveLogSumExp),
    ];
    for (report, cases) in found {
        assert!(cases.iter().all(|case| case.contains("near ") || case.contains("magnitudes")), "{report}");
        let problem = &report.first_fault().unwrap().problem;
        assert!(problem.contains("overflows on the way to a result that does not"), "{report}");
    }
    let (report, _) = failing(SigmoidWithNaiveRule);
    assert!(report.first_fault().unwrap().problem.contains("its rule gives NaN or an infinity"), "{report}");
}

function! { Exponential, |a| a.exp(), |x, y, dy| dy * y }
function! { Cosh, |a| (a.exp() + (-a).exp()) / F::of(2.0), |x, y, dy| dy * (x.exp() - (-x).exp()) / 2.0 }
function! { HalfCircle, |a| (F::of(1e4) - a * a).sqrt(), |x, y, dy| -(dy * x / y) }
function! { FifthPower, |a| a.powi(5), |x, y, dy| 5.0 * dy * x.powi(4) }
function! { Logit, |a| (a / (F::one() - a)).ln(), |x, y, dy| dy / (x * (1.0 - x)) }

#[test]
fn functions_that_end_by_themselves_are_not_accused() {
    for seed in 0..3 {
        let pass = |check: OpCheck| {
            let report = check.seed(seed).run().unwrap();
            assert!(report.passed(), "{report}");
        };
        pass(OpCheck::new(Exponential));
        pass(OpCheck::new(Cosh));
        pass(OpCheck::new(HalfCircle));
        pass(OpCheck::new(FifthPower));
        pass(OpCheck::new(Logit).domain(Domain::Between(0.2, 0.8)).extremes(true));
    }
}

#[test]
fn no_op_of_the_table_is_accused_at_extremes() {
    let mut extremes = 0;
    for entry in ops::TABLE.iter().filter(|entry| entry.name != "stop_gradient") {
        for op in (entry.examples)() {
            let check = OpCheck::shared(op).order(1).seed(1);
            let report = check.run().unwrap_or_else(|e| panic!("{}: {e}", entry.name));
            assert!(report.passed(), "{report}");
            extremes += report.cases.iter().filter(|case| case.operands.contains("near ")).count();
        }
    }
    assert!(extremes > 500, "{extremes} cases at extremes");
}

#[test]
fn extremes_are_left_out_where_operands_are_given() {
    let near = |check: OpCheck| check.run().unwrap().cases.iter().any(|case| case.operands.contains("near "));
    assert!(near(OpCheck::new(ops::Tanh)));
    assert!(!near(OpCheck::new(ops::Tanh).on(&[&[2, 3]])));
    assert!(!near(OpCheck::new(ops::Tanh).domain(Domain::Between(-1.0, 1.0))));
    assert!(near(OpCheck::new(ops::Tanh).on(&[&[2, 3]]).extremes(true)));
    assert!(!near(OpCheck::new(ops::Tanh).extremes(false)));
}

#[test]
fn every_case_that_fails_says_why_and_no_more_than_five_do() {
    let report = OpCheck::new(BiasOverColumns).on(&[&[3, 3], &[3]]).on(&[&[4, 4], &[4]]).run().unwrap();
    assert!(report.cases.iter().filter(|case| !case.passed()).count() > 5, "{report}");
    let text = report.to_string();
    let lines: Vec<&str> = text.lines().collect();
    let headings: Vec<usize> = (0..lines.len()).filter(|&i| lines[i].starts_with("on [[")).collect();
    assert_eq!(headings.len(), 5, "{text}");
    for &i in &headings[1..] {
        assert!(lines[i].contains(": operand 1: its rule differs from its kernel"), "{text}");
    }
    assert!(lines[headings[0] + 1].starts_with("parameter"), "{text}");
    assert!(lines.last().unwrap().starts_with("and ") && text.ends_with("more cases\n"), "{text}");
}

#[test]
#[should_panic(expected = "FAIL: the gradients differ\nop BiasOverColumns: ")]
fn the_macro_begins_with_the_verdict() {
    assert_op_gradients!(BiasOverColumns);
}

#[test]
fn samples_keep_their_sign_at_extremes() {
    let report = OpCheck::new(ops::Sqrt).order(1).run().unwrap();
    let extremes: Vec<_> = report.cases.iter().filter(|case| case.operands.contains("near ")).collect();
    assert!(extremes.len() == 3 && extremes.iter().all(|case| case.passed()), "{report}");
    assert!(extremes.iter().all(|case| case.report.parameters[0].passed > 0), "{report}");
}
