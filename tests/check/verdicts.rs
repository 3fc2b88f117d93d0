//! What is right passes, what is wrong fails, and what cannot be told is said to be open.

use crate::{Fault, Square, net, wave, wrong_square};
use chainrule::check::{Mode, Verdict};
use chainrule::{Check, Tape, Var, assert_gradients};
use ndarray::{arr1, s};

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
fn a_detached_leaf_is_not_reached() {
    let tape = Tape::new();
    let w = tape.leaf("w", arr1(&[0.5, -0.7]));
    let loss = (w.stop_gradient() * 3.0).square().sum();
    let report = Check::new(loss, &[w]).run().unwrap();
    assert_eq!(report.parameters[0].verdict, Verdict::Unreached, "{report}");
    assert!(!report.passed(), "{report}");
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
fn a_constant_output_is_zero_within_rounding_if_every_node_is_right() {
    // The shares of a softmax add up to 1, whatever the rule of softmax says.
    let tape = Tape::new();
    let w = tape.leaf("w", arr1(&[0.3, -1.0, 0.4]));
    let loss = w.softmax(0).sum();
    let report = Check::new(loss, &[w]).run().unwrap();
    assert_eq!(
        (report.parameters[0].rounded + report.parameters[0].zeros, report.passed()),
        (3, true),
        "{report}"
    );
    // Where nobody knows how the gradient was made, nothing speaks for it.
    let gradient = tape.constant(arr1(&[1e-17, -2e-17, 3e-17]));
    let report = Check::new(loss, &[w]).gradients(&[gradient]).run().unwrap();
    assert_eq!(report.parameters[0].verdict, Verdict::Unresolved, "{report}");
    assert!(report.to_string().contains("too small to be told from rounding"), "{report}");
}

#[test]
fn what_slices_of_an_array_hand_back_is_known_to_be_their_sum() {
    for parts in 2..5_usize {
        let tape = Tape::new();
        let w = tape.leaf("w", arr1(&[0.3, -1.0, 0.4, 1.3, -0.2]));
        let shares = w.softmax(0);
        let mut loss = shares.slice(s![parts as isize..]).sum();
        for i in 0..parts {
            loss += shares.slice(s![i as isize..i as isize + 1]).sum();
        }
        // Each share of a softmax has its part in one slice: their sum is 1.
        let report = Check::new(loss, &[w]).run().unwrap();
        let [w] = &report.parameters[..] else { unreachable!() };
        assert_eq!((w.rounded + w.zeros, report.passed()), (5, true), "{report}");
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
    assert!(
        infinite.contains("ln [2] holds -inf at index [0]; recorded at tests/check/verdicts.rs"),
        "{infinite}"
    );
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
    let report = Check::new(a + 1e13, &[a]).gradients(&[tape.constant(0.0)]).run().unwrap();
    assert!(!report.passed(), "{report}");
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
fn a_part_that_only_a_short_step_sees_is_not_lost() {
    // A steep bump on a wide parabola: at long steps its slope is gone, and with it a gradient that has lost it.
    for scale in [1.0, 0.1, 0.03] {
        let tape = Tape::new();
        let x = tape.leaf("x", arr1(&[100.0, 60.0, -80.0]));
        let bump = (scale * ((x - x.value().into_array()[0] + 0.3) * 20.0).tanh()).sum();
        let wide = (x.square() * tape.constant(arr1(&[0.5, 0.4, -0.6]))).sum();
        let loss = bump + wide;
        let report = Check::new(loss, &[x]).run().unwrap();
        assert!(report.faults.is_empty() && report.parameters[0].failed == 0, "{report}");
        let lost = wide.grad([x]);
        let full = loss.grad([x])[0].value().into_array() - lost[0].value().into_array();
        if full[0].abs() > 1e-4 {
            let report = Check::new(loss, &[x]).gradients(&lost).run().unwrap();
            assert!(!report.passed(), "{scale} {full}\n{report}");
        }
    }
}
