//! Kinks, ties, stationary points, infinities: neither blamed nor passed in silence.

use chainrule::check::{Mode, Verdict};
use chainrule::{Check, Tape};
use ndarray::{arr1, arr2};

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
fn a_step_from_one_whole_number_to_the_next_is_a_kink() {
    let tape = Tape::new();
    // From 2 to 3, none of which is 0.
    let a = tape.leaf("a", arr1(&[0.5, 3.0 - 2e-5, -1.3]));
    let report = Check::new((a * a.floor()).sum(), &[a]).mode(Mode::CHAPTER).run().unwrap();
    assert!(report.passed(), "{report}");
    assert_eq!(report.parameters[0].kinks, [vec![1]], "{report}");
    // With steps that are chosen, none is crossed.
    for y in [a * a.floor(), a * a.remainder(0.75)] {
        let report = Check::new(y.sum(), &[a]).mode(Mode::Full).run().unwrap();
        assert_eq!((report.passed(), report.parameters[0].passed), (true, 3), "{report}");
    }
}

#[test]
fn a_function_that_is_the_same_after_every_step_is_not_taken_for_a_constant() {
    // Steps are powers of two, and beside large numbers they are whole periods, so that only the sizes of the sines seem to
    // change.
    let tape = Tape::new();
    let large: Vec<f64> = (0..60).map(|k| 1e3 * 1e12_f64.powf((f64::from(k) + 0.5) / 60.0)).collect();
    let a = tape.leaf("a", ndarray::Array1::from_vec(large));
    let report = Check::new(a.sinc().sum(), &[a]).run().unwrap();
    assert!(report.faults.is_empty() && report.parameters[0].failed == 0, "{report}");
    // A wrong derivative of a function that is no such thing is still wrong.
    let wrong =
        Check::new(a.sqrt().sum(), &[a]).gradients(&[tape.constant(1e-3).broadcast_like(a)]).run().unwrap();
    assert!(wrong.parameters[0].failed > 0, "{wrong}");
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
    // 0 where the function is stationary, and wrong beside it.
    let zero = tape.constant(arr1(&[0.0, 0.0]));
    let report = Check::new((z + 0.01).square().sum(), &[z]).gradients(&[zero]).run().unwrap();
    assert!(!report.passed(), "{report}");
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
