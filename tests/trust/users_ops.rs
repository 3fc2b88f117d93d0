//! Ops as users write them: right ones that are hard to measure, and wrong ones that are hard to see.

use chainrule::check::{Mode, OpCheck, Verdict};
use chainrule::graph::Attribute;
use chainrule::op::{Attributes, Branch, Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Check, Float, Tape, Var};
use ndarray::{Array1, arr1};

/// An elementwise op of one operand.
macro_rules! op {
    ($op:ident, |$a:ident| $of:expr, |$x:ident, $y:ident, $dy:ident| $rule:expr) => {
        #[derive(Debug)]
        struct $op;

        impl<F: Float> Kernel<F> for $op {
            fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
                for (y, &$a) in y.data.iter_mut().zip(x.real(0).slice()) {
                    *y = $of;
                }
            }
        }

        impl Op for $op {
            fn name(&self) -> &'static str {
                stringify!($op)
            }

            fn formula(&self) -> &'static str {
                stringify!($of)
            }

            fn elementwise(&self) -> bool {
                true
            }

            fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
                let [x] = reals(x)?;
                Ok(x.to_vec())
            }

            fn rule<'t>(&self, _: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
                let ($x, $y, $dy) = (x[0], y, dy);
                let _ = ($x, $y);
                ($rule).into()
            }
        }
    };
}

op! { Fraction, |a| a - a.floor(), |x, y, dy| dy }
op! { Offset, |a| (a + F::of(1e6)) - F::of(1e6), |x, y, dy| dy }
op! { RootDifference, |a| (a + F::one()).sqrt() - a.sqrt(),
|x, y, dy| dy * (0.5 / (x + 1.0).sqrt() - 0.5 / x.sqrt()) }
op! { HalfWhereSmall, |a| a * a, |x, y, dy| x.abs().less(1e-4).select(dy * x, 2.0 * dy * x) }
op! { StoppedInside, |a| a * a, |x, y, dy| dy * 2.0 * x.stop_gradient() }
op! { ShiftedLn, |a| a.ln(), |x, y, dy| dy / (x + 1e-8) }

const MODES: [Mode; 3] = [Mode::Full, Mode::Chapter { step: 1e-4 }, Mode::QUICK];

#[test]
fn a_function_that_repeats_itself_is_not_accused() {
    for large in [1e3, 1e5, 1e6, 1e7, 1e9] {
        let tape = Tape::new();
        let x = tape.leaf("x", arr1(&[large + 0.567, 0.3]));
        let report = Check::new(tape.apply(Fraction, &[x]).sum(), &[x]).run().unwrap();
        let accused = !report.faults.is_empty() || report.parameters[0].verdict == Verdict::Fail;
        assert!(!accused, "{large:e}\n{report}");
    }
}

#[test]
fn numbers_that_cancel_inside_a_kernel_are_no_fault_of_single_precision() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[0.1, 0.3]));
    let report = Check::new(tape.apply(Offset, &[x]).sum(), &[x]).run().unwrap();
    assert!(report.faults.is_empty(), "{report}");
    let x = tape.leaf("x", arr1(&[1e4, 1e7, 0.3]));
    let report = Check::new(tape.apply(RootDifference, &[x]).sum(), &[x]).run().unwrap();
    assert!(report.faults.is_empty(), "{report}");
}

#[test]
fn a_rule_that_is_wrong_at_one_small_element_of_many_is_found() {
    for count in [3, 65, 200, 1000] {
        for small in [0.5e-4, 0.5e-5] {
            let tape = Tape::new();
            let number = |i: usize| if i == 2 { small } else { 0.5 + (i % 13) as f64 * 0.1 };
            let x = tape.leaf("x", Array1::from_iter((0..count).map(number)));
            let y = tape.apply(HalfWhereSmall, &[x]);
            for mode in MODES {
                let report = Check::new((y.sin() + y).sum(), &[x]).mode(mode).run().unwrap();
                let located = report.first_fault().is_some_and(|fault| fault.op == "HalfWhereSmall");
                assert!(!report.passed() && located, "{count} {small:e} {mode:?}\n{report}");
            }
        }
    }
}

#[test]
fn a_stop_inside_of_a_rule_is_a_wrong_second_derivative() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[0.7, -1.2]));
    let report = Check::new(tape.apply(StoppedInside, &[x]).sum(), &[x]).order(2).run().unwrap();
    assert!(!report.passed(), "{report}");
}

#[test]
fn the_check_of_an_op_tries_small_operands_of_one_sign() {
    let report = OpCheck::new(ShiftedLn).run().unwrap();
    assert!(!report.passed(), "{report}");
}

/// `y = 1` where x > 0, else 0.
#[derive(Debug)]
struct IsPositive {
    watched: bool,
}

impl<F: Float> Kernel<F> for IsPositive {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for (y, &a) in y.data.iter_mut().zip(x.real(0).slice()) {
            *y = if a > F::zero() { F::one() } else { F::zero() };
        }
    }
}

impl Op for IsPositive {
    fn name(&self) -> &'static str {
        "is_positive"
    }

    fn formula(&self) -> &'static str {
        "y = x > 0"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("watched", Attribute::Flag(self.watched))
    }

    fn elementwise(&self) -> bool {
        true
    }

    fn branches(&self) -> Option<Branch> {
        self.watched.then_some(Branch::Result)
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        Ok(x.to_vec())
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
        Derivative::Zero
    }
}

#[test]
fn a_comparison_of_a_users_own_is_watched() {
    // A step of 1e-4 crosses the kink at 0 from the second element, and from that alone.
    for watched in [true, false] {
        let tape = Tape::new();
        let x = tape.leaf("x", arr1(&[0.5, 2e-5, -1.3]));
        let slope = 0.1 + 0.9 * tape.apply(IsPositive { watched }, &[x]);
        let report = Check::new((slope * x).sum(), &[x]).mode(Mode::CHAPTER).run().unwrap();
        assert!(report.passed(), "{report}");
        let kinks: &[Vec<usize>] = if watched { &[vec![1]] } else { &[] };
        assert_eq!(report.parameters[0].kinks, kinks, "{report}");
    }
}
