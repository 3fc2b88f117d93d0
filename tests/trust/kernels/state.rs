//! Ops that keep a state: kernels that give another result at some call, rules that are recorded otherwise.

use super::{check, is_at, some};
use chainrule::check::{Mode, Report, Stage, Verdict};
use chainrule::op::{Attribute, Attributes, Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Check, Float, Tape, Var};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Whether a call is one that goes wrong.
type When = fn(usize) -> bool;

/// `y = x²`, off by a hundredth at some calls.
#[derive(Debug)]
struct Square {
    name: &'static str,
    when: When,
    calls: AtomicUsize,
    /// Whether the rule is off at some calls, and not the kernel.
    rule: bool,
}

impl Square {
    fn new(name: &'static str, when: When) -> Self {
        Self { name, when, calls: AtomicUsize::new(0), rule: false }
    }

    fn factor(&self, wrong_by: f64) -> f64 {
        if (self.when)(self.calls.fetch_add(1, Ordering::Relaxed) + 1) { wrong_by } else { 1.0 }
    }
}

impl<F: Float> Kernel<F> for Square {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let factor = F::of(if self.rule { 1.0 } else { self.factor(1.01) });
        y.data.iter_mut().zip(x.real(0).array()).for_each(|(y, &x)| *y = factor * x * x);
    }
}

impl Op for Square {
    fn name(&self) -> &'static str {
        "square_with_state"
    }

    fn formula(&self) -> &'static str {
        "y = x²"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("name", Attribute::Text(self.name.to_owned()))
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        reals(x).map(|[x]| x.to_vec())
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let factor = if self.rule { self.factor(-1.0) } else { 1.0 };
        (2.0 * factor * dy * x[0]).into()
    }
}

/// Every Nth call, some calls at random, all from some call on, a stretch of calls.
fn whens() -> [(&'static str, When); 10] {
    [
        ("3", |n| n.is_multiple_of(3)),
        ("10", |n| n.is_multiple_of(10)),
        ("11", |n| n.is_multiple_of(11)),
        ("16", |n| n.is_multiple_of(16)),
        ("100", |n| n.is_multiple_of(100)),
        ("1000", |n| n.is_multiple_of(1000)),
        ("from 40 on", |n| n >= 40),
        ("from 1060 on", |n| n >= 1060),
        ("a stretch", |n| (1050..1060).contains(&n)),
        ("at random", |n| (n as f64 * 0.618_033_988_749_894_9).fract() < 0.004),
    ]
}

#[track_caller]
fn assert_named(name: &str, report: &Report, y: Var<'_>, line: u32) {
    assert!(!report.passed(), "{name}: {report}");
    let fault = report.first_fault().unwrap_or_else(|| panic!("{name}: {report}"));
    let named = is_at(fault, Stage::Preflight, y, line) && fault.problem.contains("not deterministic");
    assert!(named, "{name}: {report}");
    assert!(report.parameters.iter().all(|p| p.verdict >= Verdict::Unresolved), "{name}: {report}");
}

#[test]
fn a_result_that_changes_at_some_call_is_told_with_its_node() {
    for mode in [Mode::Full, Mode::QUICK, Mode::CHAPTER] {
        for (name, when) in whens() {
            let tape = Tape::new();
            let x = tape.leaf("x", some(&[4, 5]));
            let (y, line) = (tape.apply(Square::new(name, when), &[x.sin()]), line!());
            let loss = (y.tanh() * tape.constant(some(&[4, 5]))).sum();
            let report = Check::new(loss, &[x]).mode(mode).run().unwrap();
            assert_named(name, &report, y, line);
        }
    }
}

#[test]
fn a_state_of_a_large_kernel_is_told_too() {
    let whens: [(&str, When); 5] = [
        ("10", |n| n.is_multiple_of(10)),
        ("37", |n| n.is_multiple_of(37)),
        ("100", |n| n.is_multiple_of(100)),
        ("from 50 on", |n| n >= 50),
        ("a stretch", |n| (40..60).contains(&n)),
    ];
    for (name, when) in whens {
        let tape = Tape::new();
        let x = tape.leaf("x", some(&[100, 120]));
        let (y, line) = (tape.apply(Square::new(name, when), &[x.sin()]), line!());
        let loss = (y.tanh() * tape.constant(some(&[100, 120]))).sum();
        assert_named(name, &Check::new(loss, &[x]).mode(Mode::Quick { probes: 16 }).run().unwrap(), y, line);
    }
}

#[test]
fn a_state_in_the_op_of_a_rule_is_told_with_the_node_it_belongs_to() {
    /// `y = x³`, whose rule squares by an op with a state.
    #[derive(Debug)]
    struct Cube(Arc<Square>);

    impl<F: Float> Kernel<F> for Cube {
        fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
            y.data.iter_mut().zip(x.real(0).array()).for_each(|(y, &x)| *y = x * x * x);
        }
    }

    impl Op for Cube {
        fn name(&self) -> &'static str {
            "cube"
        }

        fn formula(&self) -> &'static str {
            "y = x³"
        }

        fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
            reals(x).map(|[x]| x.to_vec())
        }

        fn rule<'t>(&self, _: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
            let square = dy.tape().try_apply_shared(self.0.clone(), &[x[0]]).unwrap();
            (3.0 * dy * square).into()
        }
    }

    for (name, when) in whens().into_iter().take(6) {
        let tape = Tape::new();
        let x = tape.leaf("x", some(&[4, 5]));
        let (y, line) = (tape.apply(Cube(Arc::new(Square::new(name, when))), &[x.sin()]), line!());
        assert_named(name, &check(y, &[x]), y, line);
    }
}

#[test]
fn a_rule_that_is_another_when_it_is_recorded_again_is_told_with_its_node() {
    let whens: [(&str, When); 4] = [
        ("2", |n| n.is_multiple_of(2)),
        ("10", |n| n.is_multiple_of(10)),
        ("the first", |n| n == 1),
        ("from 4 on", |n| n > 3),
    ];
    for (name, when) in whens {
        let tape = Tape::new();
        let x = tape.leaf("x", some(&[4, 5]));
        let op = Square { rule: true, ..Square::new(name, when) };
        let (y, line) = (tape.apply(op, &[x.sin()]), line!());
        assert_named(name, &check(y, &[x]), y, line);
    }
}

#[test]
fn an_op_that_counts_its_calls_and_does_not_heed_them_passes() {
    let tape = Tape::new();
    let x = tape.leaf("x", some(&[4, 5]));
    let report = check(tape.apply(Square::new("right", |_| false), &[x.sin()]), &[x]);
    super::assert_right(&report);
}
