//! A label past the last class is refused where it is met, and nothing is learned from it.

use super::bits;
use chainrule::nn::{Adam, Affine, Optimizer, Relu, Sequential};
use chainrule::{Check, Error, Plan, PlanOptions, State, Tape};
use ndarray::{Array2, Array3, arr1, arr2};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// What a message about the label 2 of `t` at position 1, of two classes, says.
#[track_caller]
fn assert_named(message: &str, line: u32) {
    for part in ["label 2 ", "index [1]", "`t` [2] of indices", "2 classes", "from 0 to 1"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(message.contains(&format!("labels.rs:{line}")), "{message}");
}

#[test]
fn a_run_refuses_a_label_past_the_end_before_the_state_is_touched() {
    for (fuse, threads) in [(true, 1), (false, 1), (true, 3)] {
        for finite in [false, true] {
            let tape = Tape::new();
            let (x, t) = (tape.input("x", [2, 3]), tape.index_input("t", [2]));
            let net = Sequential::new().push(Affine::new(3, 4)).push(Relu).push(Affine::new(4, 2));
            let line = line!() + 1;
            let loss = net.forward(x).softmax_cross_entropy(t);
            let parameters = net.parameters(&tape);
            let adam = Adam::new(1e-3);
            let options = PlanOptions::default().fuse(fuse).threads(threads).check_finite(finite);
            let mut plan =
                Plan::<f32>::compile_with([loss], adam.updates(loss, &parameters), options).unwrap();
            let mut state = net.init::<f32>(&mut ChaCha8Rng::seed_from_u64(1));
            adam.init(&parameters, &mut state);
            plan.feed(x, &Array2::from_elem((2, 3), 0.5)).unwrap();
            let before = bits(&state);
            plan.feed_indices(t, &arr1(&[0, 2])).unwrap();
            let error = plan.run(&mut state).unwrap_err();
            assert!(matches!(error, Error::Refused { .. }), "{error:?}");
            assert_named(&error.to_string(), line);
            plan.index_mut("t").unwrap().assign(&arr1(&[1, usize::MAX]).into_dyn());
            let message = plan.run(&mut state).unwrap_err().to_string();
            assert!(message.contains(&format!("label {}", usize::MAX)), "{message}");
            assert_eq!(bits(&state), before);
            // And with labels that there are, it learns.
            plan.feed_indices(t, &arr1(&[0, 1])).unwrap();
            assert!(plan.run(&mut state).unwrap().item(loss).is_finite());
            assert_ne!(bits(&state), before);
        }
    }
}

#[test]
fn a_value_and_a_gradient_refuse_it_too() {
    let tape = Tape::new();
    let (x, t) = (tape.leaf("x", arr2(&[[0.0, 1.0], [2.0, 3.0]])), tape.index_leaf("t", arr1(&[0, 1])));
    let line = line!() + 1;
    let loss = x.softmax_cross_entropy(t);
    let hot = t.one_hot_like(x);
    let gradient = loss.grad([x])[0];
    let right = (loss.value(), gradient.value(), hot.value());
    tape.feed_indices(t, arr1(&[0, 2])).unwrap();
    assert_named(&tape.values([loss.id()]).unwrap_err().to_string(), line);
    assert_named(&loss.try_sweep(&[x]).unwrap_err().to_string(), line);
    assert_named(&crate::support::panic_of(|| loss.value()), line);
    assert_named(&crate::support::panic_of(|| hot.value()), line + 1);
    assert_named(&tape.values([gradient.id()]).unwrap_err().to_string(), line);
    assert_named(&loss.draw().picture().unwrap_err().to_string(), line);
    let error = Check::new(loss, &[x]).run().unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    assert_named(&error.to_string(), line);
    // The tape is as good as before.
    tape.feed_indices(t, arr1(&[0, 1])).unwrap();
    assert_eq!((loss.value(), gradient.value(), hot.value()), right);
    assert!(Check::new(loss, &[x]).run().unwrap().passed());
}

#[test]
fn the_position_is_that_of_the_array_and_no_class_is_no_label() {
    let tape = Tape::new();
    let (x, t) = (tape.leaf("x", Array3::<f64>::zeros((2, 3, 4))), tape.index_input("t", [2, 3]));
    let loss = x.softmax_cross_entropy(t);
    let mut plan = Plan::<f64>::compile([loss, t.one_hot_like(x).sum()], []).unwrap();
    plan.feed_indices(t, &arr2(&[[0, 1, 2], [3, 0, 4]])).unwrap();
    let message = plan.run(&mut State::new()).unwrap_err().to_string();
    assert!(message.contains("label 4 at index [1, 2]") && message.contains("4 classes"), "{message}");
    let none = tape.leaf("none", Array2::<f64>::zeros((2, 0)));
    let loss = none.softmax_cross_entropy(tape.index_leaf("t", arr1(&[0, 0])));
    assert!(tape.values([loss.id()]).unwrap_err().to_string().contains("there are no classes"));
    let one = tape.leaf("one", Array2::<f64>::zeros((2, 1)));
    let loss = one.softmax_cross_entropy(tape.index_leaf("t", arr1(&[0, 1])));
    assert!(tape.values([loss.id()]).unwrap_err().to_string().contains("there is 1 class"));
}

#[test]
fn a_plan_of_the_gradient_alone_asks_as_well() {
    let tape = Tape::new();
    let (w, t) = (tape.parameter("w", [2, 2]), tape.index_input("t", [2]));
    let [dw] = w.softmax_cross_entropy(t).grad([w]);
    let mut plan = Plan::<f32>::compile([], [(w, w - dw)]).unwrap();
    let mut state = State::new();
    state.insert("w", arr2(&[[0.1_f32, 0.2], [0.3, 0.4]]));
    plan.feed_indices("t", &arr1(&[0, 2])).unwrap();
    let before = bits(&state);
    let message = plan.run(&mut state).unwrap_err().to_string();
    assert!(message.contains("one_hot") && message.contains("label 2 at index [1]"), "{message}");
    assert_eq!(bits(&state), before);
}
