//! `check_finite` names the first number that is not finite in the plan's own precision, and a drawing shows it.

use super::bits;
use chainrule::picture::Picture;
use chainrule::{Error, Plan, PlanOptions, State, Tape, Var};
use ndarray::{Array1, arr1, arr2};

fn compile<'t>(
    outputs: impl IntoIterator<Item = Var<'t>>,
    updates: impl IntoIterator<Item = (Var<'t>, Var<'t>)>,
) -> Plan<f32> {
    Plan::compile_with(outputs, updates, PlanOptions::default().check_finite(true)).unwrap()
}

#[track_caller]
fn assert_named(error: &Error, parts: &[&str], line: u32) {
    assert!(matches!(error, Error::NotFinite { .. }), "{error:?}");
    let (message, place) = (error.to_string(), format!("finite.rs:{line}"));
    assert!(
        parts.iter().chain([&&*place]).all(|part| message.contains(part)),
        "{parts:?}, {place}: {message}"
    );
}

#[test]
fn an_overflow_of_single_precision_is_named_forwards() {
    let tape = Tape::new();
    let (x, w) = (tape.input("x", [3]), tape.parameter("w", [3]));
    let line = line!() + 1;
    let high = (x * w).exp();
    // What follows hides it: the quotient is finite.
    let loss = (1.0 / high).sum();
    let [dw] = loss.grad([w]);
    let mut plan = compile([loss], [(w, w - 0.1 * dw)]);
    let mut state = State::new();
    state.insert("w", arr1(&[1.0_f32, 2.0, 3.0]));
    plan.feed(x, &arr1(&[1.0, 60.0, 2.0])).unwrap();
    let before = bits(&state);
    let error = plan.run(&mut state).unwrap_err();
    let parts = [
        "n3 exp [3] (forward, in f32; 1 of 3 elements not finite",
        "n2 mul [3] from 1 to 120",
        "holds inf at index [1]",
    ];
    assert_named(&error, &parts, line);
    assert_eq!(bits(&state), before);
    // In double precision there is nothing to find.
    let options = PlanOptions::default().check_finite(true);
    let mut wide = Plan::<f64>::compile_with([loss], [], options).unwrap();
    wide.feed(x, &arr1(&[1.0, 60.0, 2.0])).unwrap();
    assert!(wide.run(&mut state.cast()).is_ok());
    plan.feed(x, &arr1(&[1.0, 6.0, 2.0])).unwrap();
    plan.run(&mut state).unwrap();
    assert_ne!(bits(&state), before);
}

#[test]
fn one_in_the_backward_pass_and_one_in_an_update_are_named_as_that() {
    let tape = Tape::new();
    let w = tape.parameter("w", [2]);
    // A node of the backward pass has the line of the node that it is differentiated through.
    let line = line!() + 1;
    let root = w.sqrt();
    let [dw] = root.sum().grad([w]);
    let mut plan = compile([root.sum()], [(w, w - dw)]);
    let mut state = State::new();
    state.insert("w", arr1(&[4.0_f32, 0.0]));
    let error = plan.run(&mut state).unwrap_err();
    assert_named(&error, &["backward, of n1 sqrt [2], in f32", "holds inf at index [1]"], line);
    let tape = Tape::new();
    let (w, m) = (tape.parameter("w", [2]), tape.parameter("m", []));
    let line = line!() + 3;
    let large = {
        let _updating = tape.updating();
        w * 1e30
    };
    let mut plan = compile([w.sum()], [(m, m + 1.0), (w, large)]);
    let mut state = State::new();
    state.insert("w", arr1(&[4.0_f32, 1e20]));
    state.insert("m", ndarray::arr0(1.0_f32));
    let before = bits(&state);
    let error = plan.run(&mut state).unwrap_err();
    assert_named(
        &error,
        &["mul [2] (update, in f32", "`w` [2] from 4 to 1e20", "holds inf at index [1]"],
        line,
    );
    assert_eq!(bits(&state), before, "nor is the other update written");
}

#[test]
fn the_node_is_the_same_in_threads_and_among_ops_that_would_be_fused() {
    let line = line!() + 3;
    let record = |tape: &Tape| {
        let x = tape.input("x", [200_000]);
        let y = ((x + 1.0).square().square().square() * 1e-30 - x).tanh();
        (x.id(), (y * y).mean().id())
    };
    for threads in [1, 4] {
        let tape = Tape::new();
        let (x, y) = record(&tape);
        let (x, y) = (tape.var(x).unwrap(), tape.var(y).unwrap());
        let options = PlanOptions::default().threads(threads).check_finite(true);
        let mut plan = Plan::<f32>::compile_with([y], [], options).unwrap();
        let mut numbers = Array1::from_elem(200_000, 1.0_f32);
        numbers[123_456] = 1e9;
        plan.feed(x, &numbers).unwrap();
        let error = plan.run(&mut State::new()).unwrap_err();
        let parts = ["square [200000]", "1 of 200000", "from 16 to 1e36", "holds inf at index [123456]"];
        assert_named(&error, &parts, line);
    }
}

#[test]
fn what_is_given_is_named_as_given() {
    let tape = Tape::new();
    let (x, unread) = (tape.input("x", [2]), tape.parameter("unread", [2]));
    let line = line!() + 1;
    let w = tape.parameter("w", [2]);
    let mut plan = compile([(x * w).sum()], [(w, w + x), (unread, x * 2.0)]);
    let mut state = State::new();
    state.insert("w", arr1(&[1.0_f32, f32::NAN]));
    state.insert("unread", arr1(&[f32::NAN, f32::NAN]));
    plan.feed(x, &arr1(&[1.0, 2.0])).unwrap();
    let before = bits(&state);
    let error = plan.run(&mut state).unwrap_err();
    assert_named(&error, &["parameter `w` [2] in the state holds NaN at index [1]"], line);
    assert_eq!(bits(&state), before);
    // What is only written may hold anything before.
    state.insert("w", arr1(&[1.0_f32, 2.0]));
    plan.run(&mut state).unwrap();
    assert_eq!(state.get("unread").unwrap(), arr1(&[2.0_f32, 4.0]).into_dyn());
}

#[test]
fn constants_that_overflow_together_are_computed_in_the_run_and_masks_may_be_infinite() {
    let tape = Tape::new();
    let x = tape.input("x", [2]);
    let line = line!() + 1;
    let far = tape.constant(1e30) * tape.constant(1e30);
    let mut plan = compile([(x * far).sum()], []);
    plan.feed(x, &arr1(&[1.0, 2.0])).unwrap();
    assert_named(&plan.run(&mut State::new()).unwrap_err(), &["mul []", "= 1e30"], line);
    let mask = tape.constant(arr1(&[0.0, f64::NEG_INFINITY]));
    let mut plan = compile([x.maximum(mask).sum()], []);
    plan.feed(x, &arr1(&[1.0, 2.0])).unwrap();
    assert_eq!(plan.run(&mut State::new()).unwrap().nth(0).sum(), 3.0);
}

#[test]
fn numbers_are_the_same_with_the_check_and_without() {
    let tape = Tape::new();
    let (x, w) = (tape.input("x", [5, 3]), tape.parameter("w", [3, 2]));
    let loss = x.matmul(w).tanh().square().mean();
    let [dw] = loss.grad([w]);
    let run = |finite: bool| {
        let options = PlanOptions::default().check_finite(finite);
        let mut plan = Plan::<f32>::compile_with([loss], [(w, w - 0.1 * dw)], options).unwrap();
        let mut state = State::new();
        state.insert("w", arr2(&[[0.1_f32, -0.2], [0.3, 0.4], [-0.5, 0.6]]));
        plan.feed(x, &ndarray::Array2::from_shape_fn((5, 3), |(i, j)| (i as f32 - j as f32) / 3.0)).unwrap();
        for _ in 0..3 {
            plan.run(&mut state).unwrap();
        }
        bits(&state)
    };
    assert_eq!(run(true), run(false));
}

/// What the drawing says of each node, if it says something.
fn notes(picture: &Picture) -> Vec<String> {
    picture
        .nodes
        .iter()
        .filter_map(|node| node.details.as_ref())
        .flat_map(|details| details.findings.clone())
        .collect()
}

#[test]
fn a_drawing_shows_the_health_of_a_plans_run_in_its_precision() {
    for fuse in [true, false] {
        let tape = Tape::new();
        let (x, w) = (tape.input("x", [2]), tape.parameter("w", [2]));
        let high = (x * w).exp();
        let loss = (high.ln() - x).sum();
        let gradients = loss.backward();
        let options = PlanOptions::default().fuse(fuse);
        let mut plan = Plan::<f32>::compile_with([loss], [], options).unwrap();
        plan.feed(x, &arr1(&[1.0, 50.0])).unwrap();
        let mut state = State::new();
        state.insert("w", arr1(&[1.0_f32, 2.0]));
        assert!(plan.run(&mut state).unwrap().item(loss).is_infinite());
        let picture = loss.draw().values_of(&plan, &state).gradients(&gradients).health().picture().unwrap();
        let notes = notes(&picture);
        let begins = |note: &&String| note.contains("and it begins here");
        assert!(notes.iter().filter(begins).any(|n| n.contains("1 of 2 elements is ∞")), "{notes:?}");
        // The same numbers in double precision are healthy.
        let mut wide = Plan::<f64>::compile([loss], []).unwrap();
        wide.feed(x, &arr1(&[1.0, 50.0])).unwrap();
        let healthy =
            loss.draw().values_of(&wide, &state.cast()).gradients(&gradients).health().picture().unwrap();
        assert!(self::notes(&healthy).is_empty(), "{:?}", self::notes(&healthy));
    }
}

#[test]
fn a_drawing_of_another_tapes_plan_is_refused_and_labels_come_from_the_plan() {
    let tape = Tape::new();
    let (x, t) = (tape.input("x", [2, 3]), tape.index_input("t", [2]));
    let loss = x.softmax_cross_entropy(t);
    let mut plan = Plan::<f32>::compile([loss], []).unwrap();
    plan.feed(x, &arr2(&[[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])).unwrap();
    let unfed = loss.draw().values_of(&plan, &State::new()).picture().unwrap_err();
    assert!(matches!(unfed, Error::NoValue { .. }), "{unfed:?}");
    plan.feed_indices(t, &arr1(&[2, 1])).unwrap();
    let picture = loss.draw().values_of(&plan, &State::new()).picture().unwrap();
    assert!(picture.to_svg().contains("[2, 1]"), "the labels");
    let other = Tape::new();
    let y = other.leaf("y", 1.0) * 2.0;
    let error = y.draw().values_of(&plan, &State::new()).picture().unwrap_err().to_string();
    assert!(error.contains("another tape"), "{error}");
}
