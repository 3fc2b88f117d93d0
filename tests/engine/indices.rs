//! Index vars: what they are given as, what can be done with them, and what is said of an index that names nothing.

use crate::support::panic_of;
use chainrule::{Error, Plan, Precision, State, Tape, Var};
use ndarray::{Array2, arr1, arr2, s};

fn table(tape: &Tape) -> Var<'_> {
    tape.leaf("table", Array2::from_shape_fn((4, 2), |(i, k)| (10 * i + k) as f64))
}

#[test]
fn leaves_are_given_as_numbers_lists_and_arrays_of_any_type() {
    let tape = Tape::new();
    let shape_and_sum = |x: Var<'_>| (x.shape(), x.sum().value().item());
    assert_eq!(shape_and_sum(tape.leaf("x", 1)), (vec![], 1.0));
    assert_eq!(shape_and_sum(tape.leaf("x", 2_usize)), (vec![], 2.0));
    assert_eq!(shape_and_sum(tape.leaf("x", 0.5_f32)), (vec![], 0.5));
    assert_eq!(shape_and_sum(tape.leaf("x", [1.0, 2.0])), (vec![2], 3.0));
    assert_eq!(shape_and_sum(tape.leaf("x", vec![1, 2, -5])), (vec![3], -2.0));
    assert_eq!(shape_and_sum(tape.leaf("x", &[1.0, 2.0][..])), (vec![2], 3.0));
    assert_eq!(shape_and_sum(tape.leaf("x", vec![1_u8; 300])), (vec![300], 300.0));
    assert_eq!(shape_and_sum(tape.leaf("x", [[1, 2, 3], [4, 5, 6]])), (vec![2, 3], 21.0));
    assert_eq!(shape_and_sum(tape.leaf("x", [[[1.0], [2.0]]; 3])), (vec![3, 2, 1], 9.0));
    assert_eq!(shape_and_sum(tape.constant([1.0, 2.0])), (vec![2], 3.0));
    assert_eq!(shape_and_sum(tape.leaf("x", arr2(&[[1_u8, 255]]).slice(s![0, ..]))), (vec![2], 256.0));
    tape.feed(tape.input("x", [2]), [1, 2]).unwrap();

    for i in [
        tape.index_leaf("i", [3, 0]),
        tape.index_leaf("i", vec![3_u8, 0]),
        tape.index_leaf("i", arr1(&[3_i64, 0])),
        tape.index_leaf("i", &[3_usize, 0][..]),
    ] {
        assert_eq!(i.value().as_slice().unwrap(), [3.0, 0.0]);
    }
    assert_eq!(tape.index_leaf("i", 7).shape(), [0; 0]);
    assert_eq!(tape.index_leaf("i", [[1], [2], [3]]).shape(), [3, 1]);
}

#[test]
fn a_negative_index_is_named_with_its_place() {
    let tape = Tape::new();
    let i = tape.index_leaf("i", [[0, 1], [1, 0]]);
    let message = tape.feed_indices(i, arr2(&[[0_i64, 1], [-7, 0]])).unwrap_err().to_string();
    for part in ["`i`", "indices from 0", "-7 at [1, 0]"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(i.value().iter().sum::<f64>(), 2.0, "the indices are as they were");
    let message = panic_of(|| tape.index_leaf("words", [0, -1]));
    assert!(message.contains("`words` takes indices from 0, got -1 at [1]"), "{message}");
}

/// Every op that reads indices refuses one past the end, naming index, place, operand and size, with the line.
#[test]
fn an_index_past_the_end_is_named_wherever_it_is_met() {
    fn in_plan<F: Precision>(y: Var<'_>, i: Var<'_>, indices: [usize; 2]) -> String {
        let mut plan = Plan::<F>::compile([y], []).unwrap();
        plan.feed_indices(i, &arr1(&indices)).unwrap();
        let error = plan.run(&mut State::new()).unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error:?}");
        error.to_string()
    }
    type Read = for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>;
    let reads: [(&str, usize, Read); 5] = [
        ("take", 4, |x, i| x.take(i, 0)),
        ("take", 2, |x, i| x.take(i, 1)),
        ("take_along_axis", 4, |x, i| x.take_along_axis(i.expand_dims(1).broadcast_to([2, 2]), 0)),
        ("add_at", 4, |x, i| x.index_add(i, x.slice(s![..2, ..]), 0)),
        ("add_along_axis", 2, |x, i| {
            let i = i.expand_dims(1).broadcast_to([2, 4]).t();
            x.scatter_add(i, x.slice(s![.., ..;-1]), 1)
        }),
    ];
    for (name, n, read) in reads {
        let tape = Tape::new();
        let (x, i) = (table(&tape), tape.index_leaf("i", [0, 1]));
        let y = read(x, i);
        let dx = y.square().sum().grad([x])[0];
        assert!(dx.value().iter().all(|x| x.is_finite()));
        for past in [n, usize::MAX] {
            tape.feed_indices(i, [0, past]).unwrap();
            let mut messages = vec![
                tape.values([y.id()]).unwrap_err().to_string(),
                tape.values([dx.id()]).unwrap_err().to_string(),
                panic_of(|| y.value()),
                in_plan::<f64>(y, i, [0, past]),
                in_plan::<f32>(dx, i, [0, past]),
            ];
            messages.push(y.sum().try_sweep(&[x]).unwrap_err().to_string());
            for message in messages {
                for part in
                    [name, &format!("index {past} at "), "of x1", &format!("of size {n}"), "indices.rs"]
                {
                    assert!(message.contains(part), "{part}: {message}");
                }
            }
        }
        // And the tape is as good as before.
        tape.feed_indices(i, [1, 0]).unwrap();
        assert!(y.value().iter().all(|x| x.is_finite()));
    }
}

/// Views, joins and look-ups of indices, as of numbers; by value and by a plan in both precisions.
#[test]
fn indices_are_moved_as_numbers_are() {
    fn moved<'t>(i: Var<'t>, places: Var<'t>) -> Vec<Var<'t>> {
        let tape = i.tape();
        vec![
            i.reshape([-1]),
            i.flatten(0, 1),
            i.t(),
            i.permute([1, 0]).flip(1),
            i.slice(s![1, ..;-1]),
            i.slice(s![.., ..;2]),
            i.expand_dims(0).expand([3, -1, -1]).flatten(0, 1),
            i.slice(s![..1, ..]).broadcast_to([2, 3]),
            tape.concat(&[i, i.flip(0)], 1),
            tape.stack(&[i, i], 0),
            i.roll(1, 1),
            i.repeat(2, 0),
            i.tile([2, 2]),
            i.diagonal(1),
            i.take(places, 1),
            i.take(places, 0),
            i.take_along_axis(i.flip(1).slice(s![.., ..1]), 1),
            tape.concat(&i.unstack(0), 0),
            tape.concat(&i.array_split(2, 1), 1),
        ]
    }
    let indices = arr2(&[[0_usize, 1, 2], [2, 0, 1]]);
    let (tape, numbers) = (Tape::new(), Tape::new());
    let (i, places) = (tape.index_leaf("i", indices.clone()), tape.index_leaf("places", [1, 0, 1]));
    let like = numbers.leaf("x", indices.mapv(|i| i as f64));
    let places_there = numbers.index_leaf("places", [1, 0, 1]);
    // The look-up along an axis wants indices, so that it is compared by hand.
    let expected: Vec<_> =
        moved_numbers(like, places_there, indices.clone()).iter().map(|x| x.value()).collect();
    let all = moved(i, places);
    let mut plan = Plan::<f32>::compile(all.clone(), []).unwrap();
    let mut state = State::new();
    let run = plan.run(&mut state).unwrap();
    for (k, (&y, expected)) in all.iter().zip(&expected).enumerate() {
        assert_eq!(y.value(), *expected, "{k}");
        assert_eq!(run.indices(y).unwrap().mapv(|i| i as f64), **expected, "{k}, by a plan");
    }
    // What indices were moved to, they still name; and labels need not lie side by side.
    let x = table(&tape);
    assert_eq!(x.take(i.t(), 0).shape(), [3, 2, 2]);
    assert_eq!(
        i.slice(s![0, ..;-1]).one_hot(3).value(),
        tape.constant([[0, 0, 1], [0, 1, 0], [1, 0, 0]]).value()
    );
    let labels = tape.index_leaf("labels", [[0, 1], [1, 1], [0, 0], [1, 0]]).slice(s![.., 0]);
    let copy = tape.index_leaf("copy", [0, 1, 0, 1]);
    assert_eq!(x.softmax_cross_entropy(labels).value(), x.softmax_cross_entropy(copy).value());

    fn moved_numbers<'t>(x: Var<'t>, places: Var<'t>, indices: Array2<usize>) -> Vec<Var<'t>> {
        let tape = x.tape();
        let first = tape.index_leaf("first", indices.slice(s![.., ..;-1]).slice(s![.., ..1]).to_owned());
        vec![
            x.reshape([-1]),
            x.flatten(0, 1),
            x.t(),
            x.permute([1, 0]).flip(1),
            x.slice(s![1, ..;-1]),
            x.slice(s![.., ..;2]),
            x.expand_dims(0).expand([3, -1, -1]).flatten(0, 1),
            x.slice(s![..1, ..]).broadcast_to([2, 3]),
            tape.concat(&[x, x.flip(0)], 1),
            tape.stack(&[x, x], 0),
            x.roll(1, 1),
            x.repeat(2, 0),
            x.tile([2, 2]),
            x.diagonal(1),
            x.take(places, 1),
            x.take(places, 0),
            x.take_along_axis(first, 1),
            tape.concat(&x.unstack(0), 0),
            tape.concat(&x.array_split(2, 1), 1),
        ]
    }
}

/// Quantiles, rolls, repeats and products recorded at one batch size are those of another, not numbers of the first.
#[test]
fn another_batch_size_is_no_wrong_number() {
    type Program = for<'t> fn(Var<'t>) -> Var<'t>;
    let programs: [(&str, Program); 12] = [
        ("quantile", |x| x.quantile_over(0, 0.3)),
        ("median", |x| x.square().median_over(0)),
        ("roll", |x| x.roll(1, 0)),
        ("roll back", |x| x.roll(-2, 0)),
        ("repeat", |x| x.repeat(2, 0).square().sum_over(0)),
        ("tile", |x| x.tile([2, 1]).sum_over(0)),
        ("prod", |x| x.prod_over(0)),
        ("cumprod", |x| x.cumprod(0)),
        ("logcumsumexp", |x| x.logcumsumexp(0)),
        ("std", |x| x.std_over(0, 1)),
        ("norm", |x| x.norm_over(0, 3.0)),
        ("flatten", |x| x.expand_dims(2).flatten(1, 2).flip(0).tril(0)),
    ];
    for (name, program) in programs {
        let recorded = Tape::new();
        let x = recorded.input("x", [5, 2]);
        let y = program(x);
        let dx = (y * y).sum().grad([x])[0];
        for batch in [8, 3] {
            let values =
                Array2::from_shape_fn((batch, 2), |(i, k)| ((7 * i + 3 * k) % 11) as f64 * 0.25 - 1.1);
            let other = recorded.with_shapes([(x, [batch, 2])]).unwrap_or_else(|e| panic!("{name}: {e}"));
            other.feed(other.var(x.id()).unwrap(), values.clone()).unwrap();
            let fresh = Tape::new();
            let fresh_x = fresh.leaf("x", values);
            let fresh_y = program(fresh_x);
            let fresh_dx = (fresh_y * fresh_y).sum().grad([fresh_x])[0];
            for (old, new) in [(y, fresh_y), (dx, fresh_dx)] {
                assert_eq!(other.var(old.id()).unwrap().value(), new.value(), "{name} at batch {batch}");
            }
        }
    }
}
