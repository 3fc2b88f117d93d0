//! What a report says, and in which words.

use chainrule::check::{Check, FunctionCheck, Mode, OpCheck, Report, Source, Verdict};
use chainrule::{Tape, Var, assert_gradients, ops};
use ndarray::{Array1, arr1};

/// A product of a leaf and numbers of its own gradient, of which some are wrong by a factor.
fn wrong_elements(count: usize, wrong: usize, mode: Mode) -> Report {
    let tape = Tape::new();
    let w = tape.leaf("w", Array1::from_iter((0..count).map(|i| 0.3 + 0.01 * i as f64)));
    let factors = Array1::from_iter((0..count).map(|i| if i < wrong { 1.5 + i as f64 } else { 1.0 }));
    let gradient = w.cos() * tape.constant(factors);
    Check::new(w.sin().sum(), &[w]).gradients(&[gradient]).mode(mode).run().unwrap()
}

#[test]
fn one_verdict_tells_the_whole() {
    let tape = Tape::new();
    let (w, v) = (tape.leaf("w", arr1(&[0.3, -0.8])), tape.leaf("v", 2.0));
    let verdict = |loss: Var<'_>, leaves: &[Var<'_>]| {
        let report = Check::new(loss, leaves).run().unwrap();
        assert_eq!(report.passed(), report.verdict() == Verdict::Pass, "{report}");
        report.verdict()
    };
    assert_eq!(verdict(w.exp().sum(), &[w]), Verdict::Pass);
    assert_eq!(verdict(w.exp().sum(), &[w, v]), Verdict::Unreached);
    // A difference that goes up and down too often to be measured.
    let fast = tape.leaf("fast", 0.7);
    assert_eq!(verdict((fast * 1e17).sin() * v, &[fast, v]), Verdict::Unresolved);
    assert_eq!(wrong_elements(4, 1, Mode::Full).verdict(), Verdict::Fail);
    // The worst of all leaves, and a kink is a pass.
    let z = tape.leaf("z", 0.0);
    let report = Check::new(z.abs() + w.exp().sum(), &[z, w]).run().unwrap();
    assert_eq!((report.parameters[0].verdict, report.verdict()), (Verdict::Kink, Verdict::Pass), "{report}");
    let report = Check::new(w.exp().sum(), &[w, v]).gradients(&[w, v]).run().unwrap();
    assert_eq!(report.verdict(), Verdict::Fail, "{report}");
}

#[test]
fn the_verdict_covers_faults_and_the_next_order() {
    let tape = Tape::new();
    let w = tape.leaf("w", arr1(&[0.3, -0.8]));
    let mut report = Check::new(w.exp().sum(), &[w]).order(2).run().unwrap();
    assert_eq!(report.verdict(), Verdict::Pass);
    let next = report.next.as_mut().unwrap();
    next.parameters[0].verdict = Verdict::Unresolved;
    assert_eq!((report.verdict(), report.passed()), (Verdict::Unresolved, false));
    let faulty = OpCheck::new(ops::Tanh).run().unwrap();
    assert_eq!((faulty.verdict(), faulty.passed()), (Verdict::Pass, true));
}

#[test]
#[should_panic(expected = "FAIL: the gradients differ\nparameter")]
fn an_assertion_begins_with_the_verdict() {
    let tape = Tape::new();
    let w = tape.leaf("w", arr1(&[0.5, -0.7]));
    assert_gradients!(tape.apply(crate::op_check::WrongEverywhere, &[w]).sum(), [w]);
}

#[test]
#[should_panic(expected = "unreached: the output does not depend on a leaf\nparameter")]
fn an_assertion_tells_unreached_from_wrong() {
    let tape = Tape::new();
    let (w, v) = (tape.leaf("w", 0.5), tape.leaf("v", 0.5));
    assert_gradients!(w.exp(), [w, v]);
}

#[test]
fn at_most_five_elements_are_listed_and_then_a_count() {
    let report = wrong_elements(60, 42, Mode::Full);
    let parameter = &report.parameters[0];
    assert_eq!((parameter.failed, parameter.failing.len()), (42, 5), "{report}");
    // The worst first.
    let off: Vec<f64> = parameter.failing.iter().map(|e| (e.backprop - e.numeric).abs()).collect();
    assert!(off.is_sorted_by(|a, b| a >= b), "{report}");
    assert_eq!(Some(&parameter.failing[0]), parameter.worst.as_ref(), "{report}");
    let text = report.to_string();
    assert_eq!(text.lines().filter(|line| line.contains(", numeric ")).count(), 5, "{text}");
    assert!(text.contains("\n  and 37 more\n"), "{text}");
    // All of a few, and no count.
    let text = wrong_elements(9, 3, Mode::Full).to_string();
    assert_eq!(text.lines().filter(|line| line.contains(", numeric ")).count(), 3, "{text}");
    assert!(!text.contains(" more\n"), "{text}");
}

#[test]
fn a_fault_of_a_node_lists_at_most_five_elements_and_then_a_count() {
    let tape = Tape::new();
    let w = tape.leaf("w", Array1::from_iter((0..12).map(|i| 0.3 + 0.1 * f64::from(i))));
    let y = tape.apply(crate::op_check::WrongEverywhere, &[w]);
    let report = Check::new(y.sum(), &[w]).must_fail().unwrap();
    let fault = report.first_fault().unwrap();
    assert_eq!((fault.failed, fault.failing.len()), (12, 5), "{report}");
    assert_eq!(Some(&fault.failing[0]), fault.worst.as_ref(), "{report}");
    let text = fault.to_string();
    assert_eq!(text.lines().filter(|line| line.contains(", numeric ")).count(), 5, "{text}");
    assert!(text.contains("\n  and 7 more"), "{text}");
}

#[test]
fn the_second_order_tells_unreached_from_zero() {
    let tape = Tape::new();
    let leaf = |name: &str, x: f64| tape.leaf(name, arr1(&[x, 1.0 + x]));
    let (w, b, u) = (leaf("w", 0.4), leaf("b", -0.3), leaf("u", 0.7));
    let report = Check::new((w.exp() + 2.0 * b).sum(), &[w, b, u]).order(2).run().unwrap();
    let second = report.next.as_deref().unwrap();
    let of = |name: &str| second.parameter(name).unwrap();
    assert_eq!((of("w").verdict, of("w").passed), (Verdict::Pass, 2), "{report}");
    // Linear in b: its second derivative is exactly zero.
    assert_eq!((of("b").verdict, of("b").zeros), (Verdict::Pass, 2), "{report}");
    assert_eq!((of("u").verdict, of("u").zeros), (Verdict::Unreached, 0), "{report}");
    assert_eq!(second.verdict(), Verdict::Unreached);
    let text = second.to_string();
    assert!(text.contains("b: zero: the derivatives of order 1 do not depend on it"), "{text}");
    assert!(text.contains("u: unreached: the output does not depend on it"), "{text}");
}

#[test]
fn what_a_person_wrote_is_not_said_to_be_backpropagated() {
    let report = wrong_elements(4, 2, Mode::Full);
    assert_eq!(report.source, Source::Analytic);
    assert!(report.to_string().contains("analytic ") && !report.to_string().contains("backprop"), "{report}");
    let report = FunctionCheck::new(|x| x[0].sin(), |x| vec![x[0]], &[0.4]).must_fail().unwrap();
    assert!(report.to_string().contains("analytic ") && !report.to_string().contains("backprop"), "{report}");
    // What the reverse pass has recorded is.
    let tape = Tape::new();
    let w = tape.leaf("w", arr1(&[0.5, -0.7]));
    let loss = w.exp().sum();
    let report = Check::new(loss, &[w]).gradients(&loss.grad([w])).run().unwrap();
    assert_eq!(report.source, Source::Backprop, "{report}");
}

#[test]
fn a_report_is_read_back_with_what_it_lists_and_without() {
    let report = wrong_elements(60, 42, Mode::Full);
    let mut json = serde_json::to_value(&report).unwrap();
    assert_eq!(serde_json::from_value::<Report>(json.clone()).unwrap().parameters[0].failed, 42);
    // As reports were written without these.
    json.as_object_mut().unwrap().remove("source");
    let parameter = json["parameters"][0].as_object_mut().unwrap();
    parameter.remove("failing");
    parameter.remove("note");
    let old: Report = serde_json::from_value(json).unwrap();
    assert!(
        old.parameters[0].failing.is_empty() && old.to_string().contains("w: FAIL: max |Δ| at ["),
        "{old}"
    );
}

#[test]
fn counts_of_a_hostile_report_do_not_overflow() {
    let mut report = wrong_elements(4, 1, Mode::Full);
    let parameter = &mut report.parameters[0];
    (parameter.passed, parameter.failed, parameter.unresolved) = (usize::MAX, usize::MAX, 1);
    let text = serde_json::to_string(&report).unwrap();
    let read: Report = serde_json::from_str(&text).unwrap();
    assert_eq!(read.parameters[0].compared(), usize::MAX);
    assert!(read.to_string().contains(&usize::MAX.to_string()));
}

#[test]
fn what_cancels_between_ops_is_unresolved_with_its_reason_and_accuses_nobody() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[0.3, -0.8, 1.1]));
    // A wave as short as the last places of x: every op is right by itself.
    let loss = (x * 1e15).sin().sum();
    let report = Check::new(loss, &[x]).run().unwrap();
    assert!(report.faults.is_empty() && report.verdict() == Verdict::Unresolved, "{report}");
    assert!(!report.parameters[0].reasons.is_empty(), "{report}");
    assert!(!report.to_string().contains("wrong"), "{report}");
}

#[test]
fn a_group_of_leaves_that_is_not_halved_further_is_not_called_a_tie() {
    let tape = Tape::new();
    let leaves: Vec<Var<'_>> =
        (0..3000).map(|i| tape.leaf(&format!("w{i}"), 0.3 + 1e-4 * i as f64)).collect();
    let loss = tape.stack(&leaves, 0).sin().sum();
    let wrong: Vec<Var<'_>> = loss.try_grad(&leaves).unwrap().into_iter().map(|g| 1.5 * g).collect();
    let report = Check::new(loss, &leaves).gradients(&wrong).mode(Mode::QUICK).must_fail().unwrap();
    let open: Vec<_> = report.parameters.iter().filter(|p| p.verdict == Verdict::Unresolved).collect();
    assert!(open.len() > 1000 && report.verdict() == Verdict::Fail, "{} are open", open.len());
    for parameter in open {
        assert!(
            parameter.reasons.iter().all(|reason| reason.contains("a group of leaves failed")),
            "{parameter:?}"
        );
    }
}
