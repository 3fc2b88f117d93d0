//! Plans: equal to values bit for bit, updates and state, what is refused, what is allocated.

use chainrule::{Error, Plan, PlanOptions, State, Tape, Var};
use ndarray::{Array, ArrayD, IxDyn, arr1, arr2, s};

fn wave(shape: &[usize], phase: f64) -> ArrayD<f64> {
    let n: usize = shape.iter().product();
    Array::from_iter((0..n).map(|i| (i as f64 * 0.7 + phase).sin()))
        .into_shape_with_order(IxDyn(shape))
        .unwrap()
}

#[test]
fn updates_read_the_old_state_and_take_effect_together() {
    let tape = Tape::new();
    let (a, b) = (tape.parameter("a", [2]), tape.parameter("b", [2]));
    // A swap, and outputs that name parameters: all read what was there before.
    let mut plan = Plan::<f64>::compile([a, b, a + b], [(a, b), (b, a)]).unwrap();
    let mut state = State::new();
    state.insert("a", arr1(&[1.0, 2.0]));
    state.insert("b", arr1(&[30.0, 40.0]));
    let out = plan.run(&mut state).unwrap();
    assert_eq!(out.nth(0), arr1(&[1.0, 2.0]).into_dyn());
    assert_eq!(out.nth(1), arr1(&[30.0, 40.0]).into_dyn());
    assert_eq!(out.get(a).unwrap(), arr1(&[1.0, 2.0]).into_dyn());
    assert_eq!(state.get("a").unwrap(), arr1(&[30.0, 40.0]).into_dyn());
    assert_eq!(state.get("b").unwrap(), arr1(&[1.0, 2.0]).into_dyn());
}

#[test]
fn a_parameter_read_after_its_update_is_computed_still_gives_its_old_value() {
    let tape = Tape::new();
    let (a, b) = (tape.parameter("a", [3]), tape.parameter("b", [3]));
    let new_a = a * 2.0;
    let new_b = (b + a).exp() + a.t();
    let mut plan = Plan::<f64>::compile([], [(a, new_a), (b, new_b)]).unwrap();
    let mut state = State::new();
    state.insert("a", arr1(&[0.5, -1.0, 2.0]));
    state.insert("b", arr1(&[0.1, 0.2, 0.3]));
    plan.run(&mut state).unwrap();
    assert_eq!(state.get("a").unwrap(), arr1(&[1.0, -2.0, 4.0]).into_dyn());
    let want = [0.6_f64.exp() + 0.5, (-0.8_f64).exp() - 1.0, 2.3_f64.exp() + 2.0];
    assert_eq!(state.get("b").unwrap(), arr1(&want).into_dyn());
}

#[test]
fn fused_and_unfused_plans_and_values_agree_bit_for_bit() {
    let tape = Tape::new();
    let x = tape.leaf("x", wave(&[7, 130], 0.3));
    let w = tape.leaf("w", wave(&[130, 5], 1.0));
    let b = tape.leaf("b", wave(&[5], 2.0));
    let h = (x.matmul(w) + b).tanh();
    let loss = ((h * 2.0 - h.t().sum_keep(0).t().sigmoid()).square() + 1.0).ln().mean();
    let gradients = loss.grad([x, w, b]);
    let all = [loss, h, gradients[0], gradients[1], gradients[2]];
    for fuse in [true, false] {
        let mut plan = Plan::<f64>::compile_with(all, [], PlanOptions::default().fuse(fuse)).unwrap();
        for _ in 0..2 {
            let out = plan.run(&mut State::new()).unwrap();
            for var in all {
                assert_eq!(out.get(var).unwrap(), var.value().view(), "{var:?}, fused: {fuse}");
            }
        }
    }
}

/// A layer's training step on the tape: its loss and the updates of its parameters.
/// Programs read large operands where they lie: also the one that is written over, also one that is read once more after
/// that, one whose elements lie in another order, and a last piece that is not whole.
#[test]
fn large_operands_are_read_where_they_lie_and_written_over_last() {
    for (rows, columns) in [(64, 64), (70, 61), (4097, 1), (1, 5000)] {
        let tape = Tape::new();
        let w = tape.parameter("w", [rows, columns]);
        let (g, h) = (tape.input("g", [rows, columns]), tape.input("h", [columns, rows]));
        let updated = w - 0.1 * g;
        let both = updated.exp() + w * h.t();
        let late = (both + 1.0).sqrt() * w;
        let numbers = [wave(&[rows, columns], 0.1), wave(&[rows, columns], 0.5), wave(&[columns, rows], 0.9)];
        let elements = |i: usize, j: usize| {
            let [w, g, h] = [numbers[0][[i, j]], numbers[1][[i, j]], numbers[2][[j, i]]];
            let updated = w - 0.1 * g;
            (updated, (updated.exp() + w * h + 1.0).sqrt() * w)
        };
        for threads in [1, 2, 3] {
            for outputs in [vec![], vec![late], vec![late, both, w]] {
                let options = PlanOptions::default().threads(threads);
                let mut plan = Plan::<f64>::compile_with(outputs.clone(), [(w, updated)], options).unwrap();
                assert!(plan.to_string().contains("`w` in place"), "{plan}");
                plan.feed(g, &numbers[1]).unwrap();
                if !outputs.is_empty() {
                    plan.feed(h, &numbers[2]).unwrap();
                }
                let mut state = State::new();
                state.insert("w", numbers[0].clone());
                let found = plan.run(&mut state).unwrap().get(late).map(|late| late.to_owned());
                assert_eq!(found.is_some(), !outputs.is_empty());
                for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                    let (updated, late) = elements(i, j);
                    assert_eq!(
                        state.get("w").unwrap()[[i, j]],
                        updated,
                        "{rows} × {columns}, {threads} threads"
                    );
                    if let Some(found) = &found {
                        assert!((found[[i, j]] - late).abs() <= 1e-14 * late.abs());
                    }
                }
            }
        }
    }
}

fn step<'t>(tape: &'t Tape, rows: usize) -> (Var<'t>, Vec<(Var<'t>, Var<'t>)>) {
    let (x, t) = (tape.input("x", [rows, 40]), tape.input("t", [rows, 24]));
    let (w, b) = (tape.parameter("w", [40, 24]), tape.parameter("b", [24]));
    let loss = ((x.matmul(w) + b).tanh() - t).square().mean();
    let [dw, db] = loss.grad([w, b]);
    (loss, vec![(w, w - 0.1 * dw), (b, b - 0.1 * db)])
}

#[test]
fn a_schedule_shows_what_was_fused_and_what_is_written_in_place() {
    let tape = Tape::new();
    let (loss, updates) = step(&tape, 16);
    let schedule = Plan::<f32>::compile([loss], updates).unwrap().schedule();
    let ops: Vec<Vec<&str>> =
        schedule.steps.iter().map(|s| s.ops.iter().map(String::as_str).collect()).collect();
    // Forwards and backwards in one go: nothing but the mean and the gradients reads what lies between.
    assert_eq!(ops[0], ["matmul", "add", "tanh", "sub", "square", "mul", "mul", "tanh_grad"], "{schedule}");
    let updates = |name: &str| {
        let writes = schedule.steps.iter().flat_map(|s| &s.writes);
        writes.filter(|w| w.updates.as_deref() == Some(name)).map(|w| w.start).collect::<Vec<_>>()
    };
    assert_eq!((updates("w"), updates("b")), (vec![None], vec![None]), "{schedule}");
    let product = schedule.steps.iter().find(|s| s.shape == [40, 24]).unwrap();
    assert_eq!(product.ops, ["matmul", "mul", "sub"], "{schedule}");
    // What the mean divides by depends on shapes alone.
    assert!(ops.iter().flatten().all(|op| *op != "count_per"), "{schedule}");
    let text = schedule.to_string();
    assert!(text.contains("`w` in place") && text.contains("alive at one time"), "{text}");
}

#[test]
fn results_take_little_more_room_than_are_alive_at_one_time() {
    for rows in [1, 16, 100] {
        let tape = Tape::new();
        let (loss, updates) = step(&tape, rows);
        let schedule = Plan::<f32>::compile([loss], updates).unwrap().schedule();
        let alignment = 64 * schedule.steps.len();
        assert!(schedule.arena <= schedule.least * 13 / 10 + alignment, "{schedule}");
    }
}

#[test]
fn what_depends_on_constants_alone_is_computed_once() {
    let tape = Tape::new();
    let x = tape.leaf("x", wave(&[3, 4], 0.0));
    let scale = (tape.constant(wave(&[4], 1.0)).exp() * 2.0).sum();
    let y = x * scale;
    let mut plan = Plan::<f64>::compile([y, scale], []).unwrap();
    assert_eq!(plan.steps(), 1, "{plan}");
    let out = plan.run(&mut State::new()).unwrap();
    assert_eq!((out.get(y).unwrap(), out.item(scale)), (y.value().view(), scale.value().item()));
    let unfused = PlanOptions::default().fuse(false);
    assert!(Plan::<f64>::compile_with([y], [], unfused).unwrap().steps() > 3);
}

#[test]
fn the_same_number_of_threads_gives_the_same_numbers() {
    // The product forwards is split by rows, or, where its second matrix is the larger one, by columns.
    for sizes in [(128, 96, 80), (40, 160, 96), (8, 1024, 96)] {
        for fuse in [true, false] {
            threads_give_the_same_numbers(sizes, fuse);
        }
    }
}

fn threads_give_the_same_numbers((rows, inner, columns): (usize, usize, usize), fuse: bool) {
    let tape = Tape::new();
    let (x, w) = (tape.leaf("x", wave(&[rows, inner], 0.1)), tape.parameter("w", [inner, columns]));
    let h = (x.matmul(w) + 0.5).tanh();
    let loss = (h * h.exp()).mean();
    let [dw] = loss.grad([w]);
    let run = |threads: usize| {
        let options = PlanOptions::default().threads(threads).fuse(fuse);
        let mut plan = Plan::<f64>::compile_with([loss, h], [(w, w - 0.1 * dw)], options).unwrap();
        let mut state = State::new();
        state.insert("w", wave(&[inner, columns], 0.7));
        for _ in 0..3 {
            plan.run(&mut state).unwrap();
        }
        (state.get("w").unwrap().to_owned(), plan.schedule())
    };
    let (one, schedule) = run(1);
    assert!(schedule.steps.iter().all(|s| s.parts == 1));
    for threads in [2, 3, 5] {
        let (several, schedule) = run(threads);
        assert!(schedule.steps.iter().filter(|s| s.parts == threads).count() >= 2, "{schedule}");
        assert_eq!(several, run(threads).0, "{threads} threads, twice");
        let far = one.iter().zip(&several).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(far < 1e-13, "{threads} threads differ from one by {far}");
    }
}

#[test]
fn single_numbers_of_a_stage_are_one_step() {
    let tape = Tape::new();
    let (a, b) = (tape.leaf("a", 0.9), tape.leaf("b", 0.1));
    let loss = (0..50).fold(tape.constant(0.3), |v, _| (v * a + b).tanh());
    let [da, db] = loss.grad([a, b]);
    let mut plan = Plan::<f64>::compile([loss, da, db], []).unwrap();
    assert_eq!(plan.steps(), 1, "{plan}");
    let out = plan.run(&mut State::new()).unwrap();
    for var in [loss, da, db] {
        assert_eq!(out.item(var), var.value().item());
    }
}

#[test]
fn many_chains_of_numbers_agree_with_values_bit_for_bit() {
    let tape = Tape::new();
    let (a, b) = (tape.leaf("a", 0.9), tape.leaf("b", 0.1));
    // Chains of several lengths and ops, some of them ops that are called, and one that starts from another's middle.
    let chain = |k: usize| {
        let start = tape.leaf("start", k as f64 / 40.0 - 0.5);
        (0..5 + k % 7).fold(start, |v, i| match (k + i) % 4 {
            0 => (v * a + b).tanh(),
            1 => v.powi(3) - a * v,
            2 => v.greater(0.1).select(v * b, v.sigmoid()),
            _ => 1.0 - v * v,
        })
    };
    let ends: Vec<Var<'_>> = (0..60).map(chain).collect();
    let loss = ends.iter().copied().sum::<Var<'_>>() * ends[7];
    let [da, db] = loss.grad([a, b]);
    let outputs = [loss, da, db, ends[7], ends[59]];
    let mut plan = Plan::<f64>::compile(outputs, []).unwrap();
    let out = plan.run(&mut State::new()).unwrap();
    for var in outputs {
        assert_eq!(out.item(var).to_bits(), var.value().item().to_bits(), "{var:?}");
    }
}

#[test]
fn f32_runs_the_same_graph() {
    let tape = Tape::new();
    let x = tape.input("x", [4, 3]);
    let y = (x.softmax(1) * x).sum();
    let mut plan = Plan::<f32>::compile([y], []).unwrap();
    let values = wave(&[4, 3], 0.0);
    plan.feed(x, &values.mapv(|v| v as f32)).unwrap();
    let got = plan.run(&mut State::new()).unwrap().item(y);
    tape.feed(x, &values).unwrap();
    assert!((f64::from(got) - y.value().item()).abs() < 1e-5);
}

#[test]
fn inputs_are_written_in_place_by_var_or_by_name() {
    let tape = Tape::new();
    let x = tape.input("x", [2, 2]);
    let labels = tape.index_input("labels", [2]);
    let loss = x.softmax_cross_entropy(labels);
    let mut plan = Plan::<f64>::compile([loss], []).unwrap();
    plan.input_mut("x").unwrap().assign(&arr2(&[[0.0, 0.0], [0.0, 0.0]]));
    plan.index_mut(labels).unwrap().assign(&arr1(&[0, 1]));
    let loss = plan.run(&mut State::new()).unwrap().item(loss);
    assert!((loss - 2.0_f64.ln()).abs() < 1e-15);
}

#[test]
fn rows_that_several_threads_fetch_are_the_same() {
    let tape = Tape::new();
    let x = tape.input("x", [101, 300]);
    let many = wave(&[500, 300], 0.3);
    let rows: Vec<usize> = (0..101).map(|i| i * i * 7 % 500).collect();
    for threads in [1, 2, 3, 5, 200] {
        let options = PlanOptions::default().threads(threads);
        let mut plan = Plan::<f64>::compile_with([x], [], options).unwrap();
        plan.in_pool(|plan| plan.feed_rows("x", &many, &rows, |x| 2.0 * x)).unwrap();
        let found = plan.run(&mut State::new()).unwrap();
        let want = Array::from_shape_fn((101, 300), |(i, j)| 2.0 * many[[rows[i], j]]);
        assert_eq!(found.nth(0), want.into_dyn(), "{threads} threads");
    }
}

#[test]
fn rows_of_an_array_are_a_batch_whatever_its_layout_and_type() {
    let tape = Tape::new();
    let (x, y) = (tape.input("x", [3, 2]), tape.input("y", [2, 2, 2]));
    let mut plan = Plan::<f64>::compile([x, y], []).unwrap();
    let bytes = Array::from_shape_fn((5, 2), |(i, j)| (10 * i + j) as u8);
    let half = |byte: u8| f64::from(byte) / 2.0;
    let large = wave(&[3, 2, 2], 0.2);
    for reversed in [false, true] {
        // From the last column to the first: rows that do not lie side by side.
        let mut bytes = bytes.view();
        if reversed {
            bytes.invert_axis(ndarray::Axis(1));
        }
        plan.feed_rows("x", &bytes, &[4, 0, 4], half).unwrap();
        plan.feed_rows(y, &large, &[2, 1], |x| -x).unwrap();
        let found = plan.run(&mut State::new()).unwrap();
        let want = Array::from_shape_fn((3, 2), |(k, j)| half(bytes[[[4, 0, 4][k], j]]));
        assert_eq!(found.nth(0), want.into_dyn());
        let want = Array::from_shape_fn((2, 2, 2), |(k, i, j)| -large[[[2, 1][k], i, j]]);
        assert_eq!(found.nth(1), want.into_dyn());
    }

    let tape = Tape::new();
    let nothing = tape.input("nothing", [0, 4]);
    let narrow = tape.input("narrow", [2, 0]);
    let mut empty = Plan::<f64>::compile([nothing, narrow], []).unwrap();
    empty.feed_rows(nothing, &wave(&[3, 4], 0.0), &[], |x| x).unwrap();
    empty.feed_rows(nothing, &wave(&[0, 4], 0.0), &[], |x| x).unwrap();
    empty.feed_rows(narrow, &wave(&[3, 0], 0.0), &[1, 1], |x| x).unwrap();
    assert_eq!(empty.run(&mut State::new()).unwrap().nth(0).shape(), [0, 4]);

    let refused = |plan: &mut Plan<f64>, rows: &[usize]| match plan.feed_rows("x", &bytes, rows, half) {
        Err(error @ Error::Feed { .. }) => error.to_string(),
        other => panic!("{rows:?}: {other:?}"),
    };
    assert!(refused(&mut plan, &[0, 1]).contains("takes shape [3, 2], got 2 rows of shape [2]"));
    assert!(refused(&mut plan, &[0, 5, 1]).contains("got row 5 of an array with 5 rows"));
    let wide = plan.feed_rows("x", &large, &[0, 1, 2], |x| x).unwrap_err().to_string();
    assert!(wide.contains("feed_rows: input") && wide.contains("3 rows of shape [2, 2]"), "{wide}");
    let number = ndarray::arr0(1.0).into_dyn();
    let single = plan.feed_rows("x", &number, &[0, 0, 0], |x| x).unwrap_err().to_string();
    assert!(single.contains("rows of a single number"), "{single}");
    // What was fed last is still there.
    let [last, _] = [bytes[[4, 1]], bytes[[4, 0]]].map(half);
    assert_eq!(plan.run(&mut State::new()).unwrap().nth(0)[[0, 0]], last);
}

#[test]
fn what_does_not_fit_is_refused_and_the_state_stays() {
    let tape = Tape::new();
    let (x, w) = (tape.input("x", [2]), tape.parameter("w", [2]));
    let line = line!() - 1;
    let other = Tape::new().input("z", [2]).id();
    let mut plan =
        Plan::<f64>::compile_with([(x * w).sum()], [(w, w + x)], PlanOptions::default().check_finite(true))
            .unwrap();
    let mut state = State::new();
    let message = plan.run(&mut state).unwrap_err().to_string();
    assert!(
        message.contains("input `x` [2] has no value")
            && message.contains(&format!("tests/engine/plan.rs:{line}")),
        "{message}"
    );
    let message = plan.feed(x, &arr1(&[1.0])).unwrap_err().to_string();
    assert!(message.contains("takes shape [2], got shape [1]"), "{message}");
    assert!(matches!(plan.feed("y", &arr1(&[1.0])), Err(Error::Unknown { .. })));
    assert_eq!(other, x.id());
    plan.feed(x, &arr1(&[1.0, f64::NAN])).unwrap();
    assert!(matches!(plan.run(&mut state), Err(Error::Unknown { .. }) | Err(Error::NotFinite { .. })));
    state.insert("w", arr1(&[1.0, 2.0, 3.0]));
    let message = plan.run(&mut state).unwrap_err().to_string();
    assert!(message.contains("holds NaN at index [1]"), "{message}");
    plan.feed(x, &arr1(&[1.0, 1.0])).unwrap();
    assert!(matches!(plan.run(&mut state), Err(Error::StateShape { .. })));
    assert_eq!(state.get("w").unwrap().len(), 3);
}

#[test]
fn updates_that_make_no_sense_do_not_compile() {
    let tape = Tape::new();
    let (x, w) = (tape.input("x", [2]), tape.parameter("w", [2]));
    let message = |r: chainrule::Result<Plan<f64>>| r.unwrap_err().to_string();
    assert!(message(Plan::compile([], [(x, x)])).contains("is not a parameter"));
    assert!(message(Plan::compile([], [(w, w.sum())])).contains("another shape"));
    assert!(message(Plan::compile([], [(w, w), (w, x)])).contains("updated twice"));
    assert!(message(Plan::compile([], [])).contains("nothing to compile"));
    // The same value twice is one update, as where two optimisers count the same step.
    assert!(Plan::<f64>::compile([], [(w, w + 1.0), (w, w + 1.0)]).is_ok());
    let other = Tape::new();
    let z = other.input("z", [2]);
    let (line, mixed) = (line!(), message(Plan::compile([x, z], [])));
    assert!(
        mixed.contains("another tape") && mixed.contains(&format!("tests/engine/plan.rs:{line}")),
        "{mixed}"
    );
}

#[test]
fn a_plan_goes_to_another_thread() {
    let tape = Tape::new();
    let x = tape.leaf("x", 3.0);
    let mut plan = Plan::<f64>::compile([x * x], []).unwrap();
    let nine = std::thread::spawn(move || plan.run(&mut State::new()).unwrap().nth(0).sum()).join().unwrap();
    assert_eq!(nine, 9.0);
}

#[test]
fn products_of_views_of_constants_are_folded_to_the_last_bit() {
    let numbers = |m: usize, n: usize| {
        Array::from_shape_fn((m, n), |(i, j)| ((i * n + j) * 7919 % 1009) as f64 / 1009.0 - 0.5)
    };
    for (m, k, n) in [(3, 70, 5), (12, 40, 20), (33, 90, 17), (1, 60, 40), (40, 60, 1)] {
        let tape = Tape::new();
        let (a, b) = (tape.constant(numbers(m, k)), tape.constant(numbers(k, n)));
        let (at, bt) = (tape.constant(numbers(k, m)).t(), tape.constant(numbers(n, k)).t());
        let backwards = b.slice(s![..;-1, ..]);
        for y in [a.matmul(b), a.matmul(bt), at.matmul(b), at.matmul(bt), a.matmul(backwards)] {
            let mut plan = Plan::<f64>::compile([y], []).unwrap();
            let folded = plan.run(&mut State::new()).unwrap().nth(0);
            assert!(folded.iter().eq(y.value().iter()), "{m} × {k} × {n}: {}", y.id());
        }
    }
}
