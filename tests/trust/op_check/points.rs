//! Rules that are wrong at exactly 0 or at ties alone, and ops that have no derivative there.

use super::failing;
use chainrule::check::OpCheck;
use chainrule::op::{Derivative, Domain, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Float, Var};

function! { Sinc, |a| if a == F::zero() { F::one() } else { a.sin() / a }, |x, y, dy| dy * (x.cos() - y) / x }
function! { SincOfSmall, |a| if a == F::zero() { F::one() } else { a.sin() / a }, |x, y, dy| {
    let there = x.equal(0.0).select(1.0 + 0.0 * x, x);
    dy * x.equal(0.0).select(0.0 * x, (x.cos() - y) / there)
} }
function! { HalfAtZero, |a| a.exp_m1(), |x, y, dy| dy * x.equal(0.0).select(0.5 + 0.0 * x, x.exp()) }
function! { AbsWithNan, |a| a.abs(), |x, y, dy| dy * x / y }
function! { AbsTooSteep, |a| a.abs(), |x, y, dy| dy * (x.greater(0.0) - x.less(0.0) + 2.0 * x.equal(0.0)) }

#[test]
fn a_rule_that_is_wrong_at_exactly_zero_is_found() {
    let at_zero = |cases: &[String]| !cases.is_empty() && cases.iter().all(|case| case.contains("exactly 0"));
    for (report, cases) in [failing(Sinc), failing(HalfAtZero), failing(AbsWithNan), failing(AbsTooSteep)] {
        assert!(at_zero(&cases), "{report}");
    }
    let (report, _) = failing(Sinc);
    assert!(report.first_fault().unwrap().problem.contains("NaN or an infinity"), "{report}");
    // Whatever shapes are asked for.
    let report = OpCheck::new(Sinc).on(&[&[5]]).must_fail().unwrap();
    assert!(report.to_string().contains("exactly 0"), "{report}");
    // A domain that was asked for is not left, and holds 0 or does not.
    assert!(OpCheck::new(Sinc).domain(Domain::Signed(0.3, 1.7)).run().unwrap().passed());
    assert!(!OpCheck::new(Sinc).domain(Domain::Between(-1.0, 1.0)).run().unwrap().passed());
    assert!(OpCheck::new(Sinc).extremes(false).run().unwrap().passed());
}

function! { RootOfSize, |a| a.abs().sqrt(), |x, y, dy| dy * (x.greater(0.0) - x.less(0.0)) / (2.0 * y) }
function! { RootOfPositive, |a| a.max(F::zero()).sqrt(), |x, y, dy| dy * x.greater(0.0) / (2.0 * y) }
function! { Entropy, |a| if a == F::zero() { a } else { -a * a.abs().ln() }, |x, y, dy| dy * (-1.0 - x.abs().ln()) }
function! { AbsWithOne, |a| a.abs(), |x, y, dy| dy * (x.greater_equal(0.0) - x.less(0.0)) }
function! { SquareWithSign, |a| a * a.abs(), |x, y, dy| 2.0 * dy * x.abs() }
function! { Inverse, |a| F::one() / a, |x, y, dy| -(dy * y * y) }

#[test]
fn an_op_without_a_derivative_at_zero_is_not_accused() {
    let pass = |check: OpCheck| {
        let report = check.run().unwrap();
        assert!(report.passed(), "{report}");
    };
    pass(OpCheck::new(RootOfSize).order(1));
    pass(OpCheck::new(RootOfPositive).domain(Domain::Between(0.0, 2.0)).order(1));
    pass(OpCheck::new(Entropy));
    pass(OpCheck::new(AbsWithOne));
    pass(OpCheck::new(SquareWithSign));
    pass(OpCheck::new(Inverse));
    // Where there is one, it is asked for.
    let report = OpCheck::new(SincOfSmall).on(&[&[5]]).order(1).run().unwrap();
    assert!(report.passed(), "{report}");
    assert!(report.cases.iter().any(|case| case.operands.contains("exactly 0")), "{report}");
}

op! {
    GreaterOfTwo, true,
    |x| match reals(x)? {
        [a, b] if a == b => Ok(a.to_vec()),
        [a, b] => Err(format!("{a:?} and {b:?} differ")),
    },
    |x, y| {
        let pairs = x.real(0).slice().iter().zip(x.real(1).slice());
        y.data.iter_mut().zip(pairs).for_each(|(y, (&a, &b))| *y = if a > b { a } else { b });
    },
    // Where both are equal, each gets all of it.
    |operand, x, y, dy| dy * x[operand].greater_equal(x[1 - operand])
}

op! {
    Greatest, false,
    |x| match reals(x)? {
        [&[n]] if n > 0 => Ok(vec![]),
        [x] => Err(format!("{x:?} is no vector")),
    },
    |x, y| y.data[0] = x.real(0).array().iter().fold(F::neg_infinity(), |most, &a| if a > most { a } else { most }),
    // Every element that is the greatest gets all of it.
    |operand, x, y, dy| dy * x[0].equal(y)
}

op! {
    Spread, false,
    |x| match reals(x)? {
        [&[n]] if n > 0 => Ok(vec![]),
        [x] => Err(format!("{x:?} is no vector")),
    },
    |x, y| {
        let a = x.real(0).array();
        let count = F::of(a.len() as f64);
        let mean = a.iter().fold(F::zero(), |sum, &a| sum + a) / count;
        let squares = a.iter().fold(F::zero(), |sum, &a| sum + (a - mean) * (a - mean));
        y.data[0] = squares;
    },
    // Where an element is the mean, this is 0 / 0.
    |operand, x, y, dy| {
        let off = x[0] - x[0].mean();
        2.0 * dy * off.square() / off
    }
}

#[test]
fn a_rule_that_is_wrong_where_elements_tie_is_found() {
    let (report, cases) = failing(GreaterOfTwo);
    assert!(cases.iter().all(|case| case.contains("one var for every operand")), "{report}");
    let (report, cases) = failing(Greatest);
    assert!(cases.iter().all(|case| case.contains("that tie") || case.contains("exactly 0")), "{report}");
    assert!(cases.iter().any(|case| case.contains("that tie")), "{report}");
    let (report, cases) = failing(Spread);
    assert!(cases.iter().any(|case| case.contains("exactly 0")), "{report}");
}
