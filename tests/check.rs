//! The gradient checker: what it passes, what it catches, what it leaves open.

use chainrule::check::Verdict;
use chainrule::op::{Attribute, Attributes, Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Check, Float, Tape, Var, assert_gradients};
use ndarray::{Array, ArrayD, IxDyn, arr1, arr2};

fn wave(shape: &[usize], phase: f64) -> ArrayD<f64> {
    let n: usize = shape.iter().product();
    Array::from_iter((0..n).map(|i| (i as f64 * 0.7 + phase).sin()))
        .into_shape_with_order(IxDyn(shape))
        .unwrap()
}

/// A two-layer net in which every op of the list can be replaced by a wrong one.
fn net<'t>(tape: &'t Tape, square: impl Fn(Var<'t>) -> Var<'t>) -> (Var<'t>, [Var<'t>; 3]) {
    let x = tape.leaf("x", wave(&[4, 3], 0.1));
    let w = tape.leaf("w", wave(&[3, 5], 0.8));
    let b = tape.leaf("b", wave(&[5], 1.7));
    ((square(x.matmul(w) + b) * wave_constant(tape)).mean(), [x, w, b])
}

fn wave_constant(tape: &Tape) -> Var<'_> {
    tape.constant(wave(&[4, 5], 2.9))
}

#[test]
fn right_gradients_pass() {
    let tape = Tape::new();
    let (loss, leaves) = net(&tape, Var::square);
    let report = Check::new(loss, &leaves).run().unwrap();
    assert!(report.passed(), "{report}");
    for p in &report.parameters {
        assert_eq!(p.passed, p.shape.iter().product::<usize>());
        assert!(p.max_rel < 1e-7 && p.mean_abs < 1e-10, "{report}");
    }
    assert_gradients!(loss, [leaves[0], leaves[1], leaves[2]]);
}

/// `y = x²` with a derivative that can be wrong in a way of choice.
#[derive(Debug)]
struct Square {
    fault: Fault,
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    Sign,
    Factor,
    ForgottenCotangent,
    SmallSlope,
    StoppedHalf,
}

impl<F: Float> Kernel<F> for Square {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        y.data.iter_mut().zip(x.real(0).slice()).for_each(|(y, &x)| *y = x * x);
    }
}

impl Op for Square {
    fn name(&self) -> &'static str {
        "faulty_square"
    }

    fn formula(&self) -> &'static str {
        "y = x²"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new().with("fault", Attribute::Text(format!("{:?}", self.fault)))
    }

    fn elementwise(&self) -> bool {
        true
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        Ok(x.to_vec())
    }

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        let right = dy * (2.0 * x[0]);
        match self.fault {
            Fault::None => right,
            Fault::Sign => -right,
            Fault::Factor => dy * x[0],
            Fault::ForgottenCotangent => 2.0 * x[0],
            Fault::SmallSlope => right * (1.0 + 1e-5),
            Fault::StoppedHalf => right * y.greater(0.3),
        }
        .into()
    }
}

#[test]
fn every_wrong_rule_is_caught() {
    let faults =
        [Fault::Sign, Fault::Factor, Fault::ForgottenCotangent, Fault::SmallSlope, Fault::StoppedHalf];
    for fault in [Fault::None].into_iter().chain(faults) {
        let tape = Tape::new();
        let (loss, leaves) = net(&tape, |v| tape.apply(Square { fault }, &[v]));
        let report = Check::new(loss, &leaves).run().unwrap();
        let right = matches!(fault, Fault::None);
        assert_eq!(report.passed(), right, "{fault:?}\n{report}");
        assert_eq!(
            report.parameters.iter().any(|p| p.verdict == Verdict::Fail),
            !right,
            "{fault:?}\n{report}"
        );
    }
}

#[test]
#[should_panic(expected = "w: FAIL: max |Δ| at")]
fn the_macro_panics_with_the_report() {
    let tape = Tape::new();
    let (loss, [_, w, _]) = net(&tape, |v| tape.apply(Square { fault: Fault::Sign }, &[v]));
    assert_gradients!(loss, [w]);
}

#[test]
fn a_detached_leaf_fails() {
    let tape = Tape::new();
    let w = tape.leaf("w", arr1(&[0.5, -0.7]));
    let loss = (w.stop_gradient() * 3.0).square().sum();
    let report = Check::new(loss, &[w]).run().unwrap();
    assert_eq!(report.parameters[0].verdict, Verdict::Fail, "{report}");
}

#[test]
fn a_leaf_that_is_not_reached_does_not_pass() {
    let tape = Tape::new();
    let (w, v) = (tape.leaf("w", 1.0), tape.leaf("v", 2.0));
    let report = Check::new(w.exp(), &[w, v]).run().unwrap();
    assert!(!report.passed());
    assert_eq!(report.parameter("v").unwrap().verdict, Verdict::Unreached);
    assert!(report.to_string().contains("the output does not depend on it"));
}

#[test]
fn a_constant_output_is_not_resolved() {
    // The shares of a softmax add up to 1, whatever the rule of softmax says.
    let tape = Tape::new();
    let w = tape.leaf("w", arr1(&[0.3, -1.0, 0.4]));
    let report = Check::new(w.softmax(0).sum(), &[w]).run().unwrap();
    assert_eq!(report.parameters[0].verdict, Verdict::Unresolved, "{report}");
}

#[test]
fn steps_across_a_kink_are_listed_and_left_out() {
    let tape = Tape::new();
    let w = tape.leaf("w", arr2(&[[0.5, -0.5, 3e-5], [-2e-5, 1.0, -1.0]]));
    let weights = tape.constant(arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    let report = Check::new((w.relu() * weights).sum(), &[w]).run().unwrap();
    let p = &report.parameters[0];
    assert_eq!(p.kinks, [vec![0, 2], vec![1, 0]], "{report}");
    assert_eq!((p.passed, p.zeros, p.verdict), (4, 2, Verdict::Pass), "{report}");
    assert!(p.mean_abs < 1e-10, "{report}");
    // With a step that reaches no kink, all are compared.
    let report = Check::new((w.relu() * weights).sum(), &[w]).step(1e-6).run().unwrap();
    assert_eq!((report.parameters[0].kinks.len(), report.parameters[0].passed), (0, 6), "{report}");
}

#[test]
fn a_long_step_is_not_blamed_on_the_gradient() {
    let tape = Tape::new();
    let w = tape.leaf("w", arr1(&[0.9, 1.3]));
    let report = Check::new((5.0 * w).sin().sum(), &[w]).step(0.05).run().unwrap();
    assert_ne!(report.parameters[0].verdict, Verdict::Fail, "{report}");
    assert!(report.parameters[0].max_abs > 1e-3, "{report}");
}

#[test]
fn parameters_are_checked_where_the_state_is_loaded() {
    let tape = Tape::new();
    let w = tape.parameter("w", [3]);
    let loss = w.exp().sum();
    let mut state = chainrule::State::<f32>::new();
    state.insert("w", arr1(&[0.1_f32, 0.2, 0.3]));
    let message = Check::new(loss, &[w]).run().unwrap_err().to_string();
    assert!(message.contains("parameter n0 `w` [3] has no value"), "{message}");
    tape.load(&state).unwrap();
    let report = Check::new(loss, &[w]).run().unwrap();
    assert!(report.passed(), "{report}");
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<chainrule::check::Report>(&json).unwrap(), report);
}

#[test]
fn what_cannot_be_checked_is_refused() {
    let tape = Tape::new();
    let w = tape.leaf("w", arr1(&[1e13, 1.0]));
    let message = |check: Check<'_>| check.run().unwrap_err().to_string();
    assert!(message(Check::new(w.sum(), &[w])).contains("vanishes beside 1e13"));
    assert!(message(Check::new(w.sum(), &[w * 1.0])).contains("is not an input or a parameter"));
    assert!(message(Check::new(w, &[w])).contains("a gradient is that of one number"));
    assert!(message(Check::new((w - w).ln().sum(), &[w])).contains("it must be finite"));
    assert!(message(Check::new(w.sum(), &[w]).step(0.0)).contains("not a positive number"));
    let other = Tape::new();
    assert!(message(Check::new(w.sum(), &[other.leaf("v", 1.0)])).contains("another tape"));
}

#[test]
fn a_small_output_of_large_numbers_is_not_blamed_on_the_gradient() {
    for k in 0..100 {
        let tape = Tape::new();
        let x = tape.leaf("x", 0.37 + 0.013 * f64::from(k));
        let report = Check::new(x + 1e8 - 1e8, &[x]).run().unwrap();
        assert_ne!(report.parameters[0].verdict, Verdict::Fail, "{k}\n{report}");
        // A loss less a baseline that it is equal to.
        let w = tape.leaf("w", arr1(&[0.4 + 0.01 * f64::from(k), 0.9]));
        let loss = (w.sin() * tape.constant(arr1(&[1e-8, 1.0]))).sum();
        let report = Check::new(loss - loss.value().item(), &[w]).run().unwrap();
        assert_ne!(report.parameters[0].verdict, Verdict::Fail, "{k}\n{report}");
    }
}

#[test]
fn what_the_output_is_too_coarse_to_show_does_not_pass() {
    let tape = Tape::new();
    let a = tape.leaf("a", 0.5);
    let report = Check::new(a.stop_gradient() + 1e13 + 0.0 * a, &[a]).run().unwrap();
    assert!(!report.passed(), "{report}");
}

#[test]
fn a_gradient_that_is_not_a_number_fails_even_at_a_kink() {
    let tape = Tape::new();
    let a = tape.leaf("a", arr1(&[0.0, 1.0]));
    let report = Check::new(a.relu().sqrt().sum(), &[a]).run().unwrap();
    assert_eq!(report.parameters[0].verdict, Verdict::Fail, "{report}");
}

#[test]
fn a_step_out_of_the_domain_and_a_condition_that_changes_are_kinks() {
    let tape = Tape::new();
    let a = tape.leaf("a", arr1(&[5e-5, 1.0, 2.0]));
    let report = Check::new(a.ln().sum(), &[a]).run().unwrap();
    assert_eq!(
        (report.parameters[0].kinks.len(), report.parameters[0].verdict),
        (1, Verdict::Pass),
        "{report}"
    );
    let b = tape.leaf("b", arr1(&[0.0, 1.0, 2.0]));
    let report = Check::new(b.select(2.0 * b, b + 1.0).sum(), &[b]).run().unwrap();
    assert_eq!((report.parameters[0].kinks.len(), report.parameters[0].failed), (1, 0), "{report}");
}

#[test]
fn a_leaf_that_only_lends_its_shape_is_not_reached() {
    let tape = Tape::new();
    let (a, b) = (tape.leaf("a", 0.5), tape.leaf("b", arr1(&[1.0, 2.0])));
    let report = Check::new(a.broadcast_like(b).sum(), &[a, b]).run().unwrap();
    assert_eq!(report.parameters[0].verdict, Verdict::Pass, "{report}");
    assert_eq!(report.parameters[1].verdict, Verdict::Unreached, "{report}");
    assert!(Check::new(a, &[]).run().unwrap_err().to_string().contains("there is no leaf to check"));
}
