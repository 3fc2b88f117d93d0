//! The gradient checker: what it passes, what it catches, what it leaves open.

use chainrule::check::{Mode, Stage, Verdict};
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
    let report = Check::new((w.relu() * weights).sum(), &[w]).step(1e-4).run().unwrap();
    let p = &report.parameters[0];
    assert_eq!(p.kinks, [vec![0, 2], vec![1, 0]], "{report}");
    assert_eq!((p.passed, p.zeros, p.verdict), (4, 2, Verdict::Pass), "{report}");
    assert!(p.mean_abs < 1e-10, "{report}");
    // With a step that reaches no kink, all are compared; and where steps are chosen, they are.
    for mode in [Mode::Chapter { step: 1e-6 }, Mode::Full] {
        let report = Check::new((w.relu() * weights).sum(), &[w]).mode(mode).run().unwrap();
        assert_eq!((report.parameters[0].kinks.len(), report.parameters[0].passed), (0, 6), "{report}");
    }
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
    assert!(message(Check::new(w.sum(), &[w]).step(1e-4)).contains("vanishes beside 1e13"));
    assert!(message(Check::new(w.sum(), &[w * 1.0])).contains("is not an input or a parameter"));
    assert!(message(Check::new(w, &[w])).contains("a gradient is that of one number"));
    let infinite = message(Check::new((w - w).ln().sum(), &[w]));
    assert!(infinite.contains("ln [2] holds -inf at index [0]; recorded at tests/check.rs"), "{infinite}");
    assert!(message(Check::new(w.sum(), &[w]).step(0.0)).contains("not a positive number"));
    assert!(message(Check::new(w.sum(), &[w]).tolerance(f64::NAN)).contains("not a positive number"));
    assert!(message(Check::new(w.sum(), &[w]).mode(Mode::Quick { probes: 0 })).contains("at least one"));
    assert!(message(Check::new(w.sum(), &[w]).order(0)).contains("the first is 1"));
    assert!(message(Check::new(w.sum(), &[])).contains("give at least one"));
    assert!(
        message(Check::new(w.sum(), &[w]).gradients(&[])).contains("0 gradients were given for 1 leaves")
    );
    assert!(message(Check::new(w.sum(), &[w]).gradients(&[w.sum()])).contains("of the same shape"));
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
    let report = Check::new(a.ln().sum(), &[a]).step(1e-4).run().unwrap();
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

/// The report of the net with a wrong square in it, and the line that recorded that.
fn wrong_square(fault: Fault, check: impl Fn(Check<'_>) -> Check<'_>) -> (chainrule::check::Report, u32) {
    let tape = Tape::new();
    let line = std::cell::Cell::new(0);
    let (loss, leaves) = net(&tape, |v| {
        let _scope = tape.scope("activation");
        line.set(line!() + 1);
        tape.apply(Square { fault }, &[v.named("affine")]).named("squared")
    });
    (check(Check::new(loss, &leaves)).run().unwrap(), line.get())
}

#[test]
fn a_wrong_rule_is_named_with_its_line_in_every_mode() {
    for mode in [Mode::Full, Mode::CHAPTER, Mode::QUICK] {
        for fault in [Fault::Sign, Fault::Factor, Fault::ForgottenCotangent, Fault::SmallSlope] {
            let (report, line) = wrong_square(fault, |check| check.mode(mode));
            assert_eq!(report.faults.len(), 1, "{report}");
            let fault = report.first_fault().unwrap();
            assert_eq!((fault.stage, fault.operand), (Stage::Node, Some(0)), "{report}");
            assert_eq!(fault.name.as_deref(), Some("squared"));
            assert_eq!((fault.operand_name.as_deref(), fault.scope.as_str()), (Some("affine"), "activation"));
            let location = fault.location.as_ref().unwrap();
            assert!(location.file.ends_with("check.rs") && location.line == line, "{fault}");
            let verdicts = report.nodes.iter().filter(|n| n.verdict == Verdict::Fail);
            assert_eq!(verdicts.map(|n| n.node).collect::<Vec<_>>(), [fault.node], "{report}");
        }
    }
}

#[test]
fn a_hint_says_what_the_numbers_look_like() {
    let hint = |fault| wrong_square(fault, |check| check).0.first_fault().unwrap().hint.clone().unwrap();
    assert_eq!(hint(Fault::Sign), "matches with the sign flipped");
    assert_eq!(hint(Fault::Factor), "every element is 0.500 times what it should be");
}

#[test]
fn no_fault_hides_behind_another() {
    let tape = Tape::new();
    let x = tape.leaf("x", wave(&[3, 4], 0.3));
    let first = tape.apply(Square { fault: Fault::Sign }, &[x]);
    let second = tape.apply(Square { fault: Fault::Factor }, &[first.sin()]);
    // The second op's result has no part in the loss but times zero.
    let report = Check::new((first * first + 0.0 * second).sum(), &[x]).must_fail().unwrap();
    let nodes: Vec<_> = report.faults.iter().map(|f| f.node).collect();
    assert_eq!(nodes, [first.id(), second.id()], "{report}");
}

#[test]
fn the_second_order_is_checked_by_the_same_code() {
    // Right in the first order: y and its derivative are what they should be, and the derivative's own rule is not.
    let wrong_twice = |x: Var<'_>| -> Vec<Verdict> {
        let report = Check::new((x.sin() * x).sum(), &[x]).order(3).run().unwrap();
        assert!(report.passed(), "{report}");
        let orders = [Some(&report), report.next.as_deref(), report.next.as_ref().unwrap().next.as_deref()];
        orders.into_iter().map(|order| order.unwrap().parameters[0].verdict).collect()
    };
    let tape = Tape::new();
    assert_eq!(wrong_twice(tape.leaf("x", wave(&[2, 3], 0.3))), [Verdict::Pass; 3]);

    let (report, _) = wrong_square(Fault::None, |check| check.order(2));
    assert!(report.passed(), "{report}");
    assert_eq!(report.next.as_ref().unwrap().order, 2);
    assert!(report.to_string().contains("order 2:"));
}

#[test]
fn threads_make_the_same_report() {
    let report = |mode, threads| wrong_square(Fault::None, |check| check.mode(mode).threads(threads)).0;
    for mode in [Mode::Full, Mode::CHAPTER, Mode::QUICK] {
        assert_eq!(report(mode, 1), report(mode, 3));
        assert_eq!(report(mode, 1), report(mode, 1000));
    }
}

#[test]
fn gradients_of_ones_own_are_checked_instead_of_recorded_ones() {
    let tape = Tape::new();
    let x = tape.leaf("x", wave(&[3, 4], 0.3));
    let loss = x.sin().sum();
    // A formula by hand is right, though it is not what the rules would have recorded.
    let report = Check::new(loss, &[x]).gradients(&[1.0 * x.cos()]).run().unwrap();
    assert!(report.passed(), "{report}");
    let report = Check::new(loss, &[x]).gradients(&[-1.0 * x.cos()]).must_fail().unwrap();
    let fault = report.first_fault().unwrap();
    assert_eq!((fault.stage, fault.node), (Stage::Engine, x.id()), "{report}");
    assert_eq!(report.parameters[0].hint.as_deref(), Some("matches with the sign flipped"));
}

#[test]
fn a_tie_accepts_any_share_and_says_so_and_nothing_beyond() {
    let tape = Tape::new();
    let zero = |name: &str| tape.leaf(name, arr1(&[0.0, 0.4, -0.3]));
    let weights = tape.constant(arr1(&[1.5, -0.7, 1.1]));
    let (a, b) = (zero("a"), tape.leaf("b", arr1(&[0.0, 0.9, -0.3])));
    for y in [a.relu(), a.abs(), a.maximum(b), a.minimum(0.0), a.maximum(-0.3).minimum(0.4)] {
        let report = Check::new((y * weights).sum(), &[a]).run().unwrap();
        assert!(report.passed() && !report.parameters[0].kinks.is_empty(), "{report}");
        assert!(report.nodes.iter().any(|n| n.verdict == Verdict::Kink), "{report}");
    }
    // A slope outside those of both sides is wrong, tie or not.
    let outside = tape.constant(arr1(&[2.0 * 1.5, -0.7, 0.0]));
    let report = Check::new((a.relu() * weights).sum(), &[a]).gradients(&[outside]).run().unwrap();
    assert!(!report.passed(), "{report}");
}

#[test]
fn a_stationary_point_passes_and_a_constant_does_not() {
    let tape = Tape::new();
    let z = tape.leaf("z", arr1(&[0.0, 0.0]));
    for loss in [z.square().sum(), z.cos().sum(), (z.square() * z + z.square()).sum()] {
        let report = Check::new(loss, &[z]).run().unwrap();
        assert!(report.passed(), "{report}");
    }
    let report = Check::new((z.stop_gradient() + 0.0 * z).square().sum(), &[z]).run().unwrap();
    assert!(!report.passed(), "{report}");
}

#[test]
fn cancellation_in_the_loss_or_in_backpropagation_is_no_fault() {
    for seed in 0..40_u32 {
        let tape = Tape::new();
        let x = tape.leaf("x", wave(&[3, 4], f64::from(seed)));
        let report = Check::new(x.softmax(1).sum(), &[x]).seed(u64::from(seed)).run().unwrap();
        assert!(report.faults.is_empty() && report.parameters[0].failed == 0, "{report}");
        let centred = x - x.mean_keep(0);
        let normed = centred / (centred.square().mean_keep(0) + 1e-5).sqrt();
        let report = Check::new(normed.sum(), &[x]).run().unwrap();
        assert!(report.faults.is_empty() && report.parameters[0].failed == 0, "{report}");
    }
}

#[test]
fn an_operand_at_infinity_is_no_fault() {
    let tape = Tape::new();
    let a = tape.leaf("a", arr1(&[0.3, -0.2, 0.8]));
    let mask = tape.constant(arr1(&[0.0, f64::NEG_INFINITY, 0.0]));
    let weights = tape.constant(arr1(&[1.3, -0.6, 0.9]));
    let report = Check::new(((a + mask).softmax(0) * weights).sum(), &[a]).run().unwrap();
    assert!(report.faults.is_empty() && report.parameters[0].failed == 0, "{report}");
}
