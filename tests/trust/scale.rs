//! Many leaves, many operands: time and edges grow with their number.
//!
//! Sizes are such that work which grows with their square would take minutes; counts are asserted, times are not.

use chainrule::check::{Mode, Verdict};
use chainrule::nn::{Optimizer, Sgd};
use chainrule::{Check, Error, Plan, State, Tape, Var};
use ndarray::{Array1, Array2, arr0, arr1, arr2};

const MANY: usize = 100_000;

/// Leaves of single numbers between 1 and 2.
fn numbers(tape: &Tape, n: usize) -> Vec<Var<'_>> {
    (0..n).map(|i| tape.leaf(&format!("x{i}"), 1.0 + i as f64 / n as f64)).collect()
}

fn edges(tape: &Tape) -> usize {
    tape.graph().nodes().map(|node| node.inputs().len()).sum()
}

/// The sum of the squares of gradients, whose gradient is a second one.
fn squares<'t>(tape: &'t Tape, gradients: &[Var<'t>]) -> Var<'t> {
    gradients.iter().fold(tape.constant(0.0), |sum, g| sum + g.square().sum())
}

/// The nodes and edges of a recording with n joined operands, differentiated twice.
fn size_of_two_gradients(n: usize, join: impl for<'t> Fn(&'t Tape, &[Var<'t>]) -> Var<'t>) -> [usize; 2] {
    let tape = Tape::new();
    let x: Vec<Var<'_>> = (0..n).map(|i| tape.leaf(&format!("x{i}"), arr2(&[[0.1, 0.2]]))).collect();
    let gradients = join(&tape, &x).sin().sum().try_grad(&x).unwrap();
    squares(&tape, &gradients).try_grad(&x).unwrap();
    [tape.graph().len(), edges(&tape)]
}

#[test]
fn two_gradients_of_joined_arrays_have_as_many_edges_as_operands() {
    type Join = for<'t> fn(&'t Tape, &[Var<'t>]) -> Var<'t>;
    let joins: [Join; 4] = [
        |tape, x| tape.concat(x, 0),
        |tape, x| tape.concat(x, -1),
        |tape, x| tape.stack(x, 0),
        |tape, x| tape.stack(x, -1),
    ];
    for join in joins {
        let (few, many) = (size_of_two_gradients(500, join), size_of_two_gradients(1000, join));
        for (few, many) in few.into_iter().zip(many) {
            assert!(many < 60 * 1000, "{many} for 1000 operands");
            assert!((many as f64) < 2.05 * few as f64, "{few} for 500 operands, {many} for 1000");
        }
    }
}

#[test]
fn the_gradients_of_many_joined_arrays_are_those_of_one_array() {
    // No number of operands that fills its groups, and operands of different sizes.
    let (tape, weights) =
        (Tape::new(), |n: usize| Array2::from_shape_fn((n, 3), |(i, j)| 0.1 * (i + j) as f64));
    let widths: Vec<usize> = (0..75).map(|i| i % 4).collect();
    let all: usize = widths.iter().sum();
    let values = Array2::from_shape_fn((2, all), |(i, j)| f64::sin((i * all + j) as f64));
    let (mut parts, mut at) = (Vec::new(), 0);
    for (i, &width) in widths.iter().enumerate() {
        parts.push(tape.leaf(&format!("p{i}"), &*values.slice(ndarray::s![.., at..at + width])));
        at += width;
    }
    let whole = tape.leaf("whole", &values);
    let twice = |joined: Var<'_>, leaves: &[Var<'_>]| -> [Vec<f64>; 2] {
        let tape = joined.tape();
        let leaves: Vec<Var<'_>> = leaves.iter().map(|x| tape.var(x.id()).unwrap()).collect();
        let loss = joined.matmul(tape.constant(weights(all))).tanh().sum();
        let first = loss.try_grad(&leaves).unwrap();
        let second = squares(tape, &first).try_grad(&leaves).unwrap();
        [first, second].map(|gradients| {
            let rows = (0..2).flat_map(|row| gradients.iter().map(move |g| (row, g)));
            rows.flat_map(|(row, g)| {
                g.value().index_axis(ndarray::Axis(0), row).iter().copied().collect::<Vec<_>>()
            })
            .collect()
        })
    };
    let joined = tape.concat(&parts, 1);
    assert_eq!(joined.value(), whole.value());
    assert_eq!(twice(joined, &parts), twice(whole, &[whole]));
}

#[test]
fn many_joined_arrays_take_another_batch_size_with_their_gradients() {
    let tape = Tape::new();
    let x: Vec<Var<'_>> = (0..20).map(|i| tape.input(&format!("x{i}"), [3, 1 + i % 3])).collect();
    let rest = tape.input("rest", [3, 2]);
    let all: Vec<Var<'_>> = x.iter().copied().chain([rest]).collect();
    let joined = [tape.concat(&all, 1).sin().sum(), tape.concat(&x[..9], 1).square().sum()];
    let loss = joined[0] + joined[1] + tape.stack(&[rest; 10], 0).exp().sum();
    let gradients = loss.try_grad(&all).unwrap();
    let second = squares(&tape, &gradients).try_grad(&all).unwrap();
    let other = tape.with_shapes(all.iter().map(|x| (*x, [5, x.shape()[1]]))).unwrap();
    for (k, x) in all.iter().enumerate() {
        let x = other.var(x.id()).unwrap();
        let value = ndarray::ArrayD::from_shape_fn(x.shape(), |i| f64::sin((k + i[0] * 7 + i[1]) as f64));
        other.feed(x, value).unwrap();
    }
    for gradients in [&gradients, &second] {
        for (gradient, x) in gradients.iter().zip(&all) {
            let gradient = other.var(gradient.id()).unwrap();
            assert_eq!(gradient.shape(), other.var(x.id()).unwrap().shape());
            assert!(gradient.value().iter().all(|g| g.is_finite()));
        }
    }
    let leaves: Vec<Var<'_>> = all.iter().map(|x| other.var(x.id()).unwrap()).collect();
    let given: Vec<Var<'_>> = gradients.iter().map(|g| other.var(g.id()).unwrap()).collect();
    let loss = other.var(loss.id()).unwrap();
    assert!(Check::new(loss, &leaves).gradients(&given).run().unwrap().passed());
}

#[test]
fn stack_puts_arrays_along_a_new_axis_and_refuses_others() {
    let tape = Tape::new();
    let [a, b] = [arr1(&[1.0, 2.0, 3.0]), arr1(&[4.0, 5.0, 6.0])].map(|x| tape.leaf("x", x));
    let rows = arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    assert_eq!(tape.stack(&[a, b], 0).value().into_array(), rows.clone().into_dyn());
    for axis in [1, -1] {
        assert_eq!(tape.stack(&[a, b], axis).value().into_array(), rows.t().to_owned().into_dyn());
    }
    assert_eq!(tape.stack(&[a], -2).shape(), [1, 3]);
    let report = Check::new(
        (tape.stack(&[a, b, a], 1).sin() * a.slice(ndarray::s![.., ndarray::NewAxis])).sum(),
        &[a, b],
    );
    assert!(report.order(2).run().unwrap().passed());

    let refused = |record: &dyn Fn()| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(record)).unwrap_err();
        *panic.downcast::<String>().unwrap()
    };
    let mut x = vec![a; 100];
    x[57] = tape.leaf("odd", arr1(&[1.0]));
    let other = Tape::new();
    let foreign = other.leaf("foreign", arr1(&[1.0, 2.0, 3.0]));
    let indices = tape.index_leaf("indices", arr1(&[0, 1, 2]));
    let with = |last| [a, b].into_iter().chain([last]).collect::<Vec<_>>();
    for (text, wanted) in [
        (refused(&|| _ = tape.stack(&x, 0)), "operand 57 has shape [1]"),
        (refused(&|| _ = tape.concat(&with(tape.leaf("odd", arr2(&[[1.0]]))), 0)), "operand 2 has shape"),
        (
            refused(&|| _ = tape.concat(&[&x[..], &[tape.leaf("flat", 1.0)]].concat(), 0)),
            "operand 100 has shape []",
        ),
        (refused(&|| _ = tape.stack(&[], 0)), "at least one operand"),
        (refused(&|| _ = tape.stack(&[a, b], 2)), "axis 2"),
        (refused(&|| _ = tape.stack(&with(indices), 0)), "operand 2 holds indices"),
        (refused(&|| _ = tape.stack(&with(foreign), 0)), "another tape"),
        (refused(&|| _ = tape.concat(&[vec![a; 20], vec![foreign]].concat(), 0)), "another tape"),
    ] {
        assert!(text.contains(wanted), "{text}");
        assert!(text.len() < 2000, "{text}");
    }
}

#[test]
fn a_hundred_thousand_numbers_are_stacked_and_differentiated_twice() {
    let tape = Tape::new();
    let x = numbers(&tape, MANY);
    let loss = tape.stack(&x, 0).sin().sum();
    let first = loss.try_grad(&x).unwrap();
    let second = squares(&tape, &first).try_grad(&x).unwrap();
    // One after another, each from its own place far from the one before.
    for (i, (g, h)) in first.iter().zip(&second).enumerate() {
        let at = 1.0 + i as f64 / MANY as f64;
        assert!((g.value().item() - at.cos()).abs() < 1e-14);
        assert!((h.value().item() + (2.0 * at).sin()).abs() < 1e-14);
    }
    assert!(edges(&tape) < 60 * MANY);

    let mut plan = Plan::<f64>::compile(first.iter().copied(), []).unwrap();
    let steps = plan.steps();
    assert!(steps < 2 * MANY, "{steps}");
    assert_eq!(plan.run(&mut State::new()).unwrap().item(first[MANY - 1]), first[MANY - 1].value().item());
}

#[test]
fn many_numbers_are_checked_in_a_few_probes() {
    let n = 10_000;
    let tape = Tape::new();
    let x = numbers(&tape, n);
    let v = tape.stack(&x, 0);
    let loss = (v.sin() * v).sum();
    let report = Check::new(loss, &x).mode(Mode::QUICK).run().unwrap();
    assert!(report.passed());
    assert_eq!(report.parameters.len(), n);
    assert!(report.parameters.iter().all(|p| p.verdict == Verdict::Pass && p.compared() == 2));
    assert!(report.unseen.unwrap() < 1e-3);
}

#[test]
fn the_wrong_ones_of_many_gradients_are_found_and_no_other_is_accused() {
    let tape = Tape::new();
    let x = numbers(&tape, 1000);
    // One of them at a kink, one of another size, one without effect.
    tape.feed(x[5], 0.0).unwrap();
    tape.feed(x[6], 1e4).unwrap();
    let v = tape.stack(&x, 0);
    let ones = Array1::from_shape_fn(1000, |i| if i == 7 { 0.0 } else { 1.0 });
    let loss = (v.relu() * tape.constant(ones)).sum() + x[5].relu();
    let right = loss.try_grad(&x).unwrap();
    let wrong: &[usize] = &[17, 400, 999];
    let gradients: Vec<Var<'_>> =
        right.iter().enumerate().map(|(i, &g)| if wrong.contains(&i) { g * 1.01 } else { g }).collect();
    let report = Check::new(loss, &x).mode(Mode::QUICK).gradients(&gradients).run().unwrap();
    let failed: Vec<usize> = (0..1000).filter(|&i| report.parameters[i].verdict == Verdict::Fail).collect();
    assert_eq!(failed, wrong);
    assert!(!report.passed());
}

#[test]
fn many_leaves_are_fed_one_by_one_and_all_at_once() {
    let tape = Tape::new();
    let x = numbers(&tape, MANY);
    let sum = tape.stack(&x, 0).sum();
    sum.value();
    for &x in &x {
        tape.feed(x, 0.5).unwrap();
    }
    assert_eq!(sum.value().item(), 0.5 * MANY as f64);
    tape.feed_all(x.iter().map(|&x| (x, 0.25))).unwrap();
    assert_eq!(sum.value().item(), 0.25 * MANY as f64);

    let mut plan = Plan::<f32>::compile([sum], []).unwrap();
    let run = |plan: &mut Plan<f32>| plan.run(&mut State::new()).unwrap().item(sum);
    for &x in &x {
        plan.feed(x, &arr0(0.5)).unwrap();
    }
    assert_eq!(run(&mut plan), 0.5 * MANY as f32);
    for i in 0..MANY {
        plan.feed(format!("x{i}").as_str(), &arr0(1.0)).unwrap();
    }
    assert_eq!(run(&mut plan), MANY as f32);
    plan.feed_all(x.iter().map(|&x| (x, 2.0))).unwrap();
    assert_eq!(run(&mut plan), 2.0 * MANY as f32);
}

#[test]
fn what_cannot_all_be_fed_is_not_fed_at_all() {
    let tape = Tape::new();
    let (a, b) = (tape.leaf("a", 1.0), tape.leaf("b", arr1(&[1.0, 2.0])));
    let loss = (a * b).sum();
    let error = tape.feed_all([(a, arr0(5.0).into_dyn()), (b, arr1(&[1.0]).into_dyn())]).unwrap_err();
    assert!(matches!(&error, Error::Feed { .. }), "{error}");
    assert_eq!(loss.value().item(), 3.0);

    let mut plan = Plan::<f64>::compile([loss], []).unwrap();
    let error = plan.feed_all([("a", arr0(5.0).into_dyn()), ("b", arr1(&[1.0]).into_dyn())]).unwrap_err();
    assert!(error.to_string().contains("`b`"), "{error}");
    assert!(plan.feed_all([("a", 5.0), ("c", 1.0)]).is_err());
    assert_eq!(plan.run(&mut State::new()).unwrap().item(loss), 3.0);
    plan.feed_all([("a", &arr0(2.0).into_dyn()), ("b", &arr1(&[1.0, 1.0]).into_dyn())]).unwrap();
    assert_eq!(plan.run(&mut State::new()).unwrap().item(loss), 4.0);
}

#[test]
fn many_parameters_are_updated_and_given_out_by_one_plan() {
    let n = 50_000;
    let tape = Tape::new();
    let w: Vec<Var<'_>> = (0..n).map(|i| tape.parameter(&format!("w{i}"), [])).collect();
    let loss = tape.stack(&w, 0).square().sum();
    let updates = Sgd::new(0.25).updates(loss, &w);
    let mut plan = Plan::<f64>::compile(w.iter().copied(), updates).unwrap();
    let mut state = State::new();
    (0..n).for_each(|i| drop(state.insert(&format!("w{i}"), arr0(i as f64))));
    let out = plan.run(&mut state).unwrap();
    assert_eq!([out.nth(1).sum(), out.nth(n - 1).sum()], [1.0, (n - 1) as f64]);
    assert_eq!(state.get("w7").unwrap().sum(), 3.5);
}
