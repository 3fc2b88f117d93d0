//! Any number of threads can be asked for: as many as are of use are taken.

use chainrule::check::Mode;
use chainrule::{Check, Plan, PlanOptions, State, Tape};
use ndarray::{Array1, Array2, arr1};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

const NUMBERS: [usize; 6] = [0, 1, 1025, 1_000_000, usize::MAX / 2, usize::MAX];

#[test]
fn a_plan_takes_any_number_of_threads() {
    let tape = Tape::new();
    let (x, w) = (tape.input("x", [64, 300]), tape.parameter("w", [300, 200]));
    let h = (x.matmul(w) + 0.5).tanh();
    let long = tape.input("long", [300_000]);
    let loss = (h * h.exp()).mean() + (long.sin() * long.exp()).sum();
    let [dw] = loss.grad([w]);
    let run = |threads: usize| {
        let options = PlanOptions::default().threads(threads);
        let mut plan = Plan::<f32>::compile_with([loss], [(w, w - 0.1 * dw)], options).unwrap();
        let mut state = State::new();
        state.insert("w", Array2::from_shape_fn((300, 200), |(i, j)| ((i * 7 + j) as f32).sin() * 0.1));
        plan.feed(x, &Array2::from_shape_fn((64, 300), |(i, j)| ((i + 3 * j) as f32).cos())).unwrap();
        plan.feed_rows(long, &Array1::from_elem(300_000, 1_u8), &vec![7; 300_000], f32::from).unwrap();
        for _ in 0..2 {
            plan.run(&mut state).unwrap();
        }
        let schedule = plan.schedule();
        assert!(schedule.threads <= 1024 && schedule.steps.iter().all(|s| s.parts <= 1024), "{schedule}");
        assert!(schedule.registers < 256 << 20, "{schedule}");
        state.get("w").unwrap().to_owned()
    };
    let one = run(1);
    for threads in NUMBERS {
        let several = run(threads);
        let far = one.iter().zip(&several).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(far < 1e-5, "{threads} threads differ by {far}");
        assert_eq!(several, run(threads), "{threads} threads, twice");
    }
    assert_eq!(run(1024), run(usize::MAX));
}

#[test]
fn the_field_is_as_good_as_the_method_and_other_options_go_with_it() {
    let tape = Tape::new();
    let x = tape.leaf("x", Array1::from_elem(100_000, 0.5));
    let y = x.exp().tanh() * x;
    for fuse in [true, false] {
        for check_finite in [true, false] {
            let options = PlanOptions { fuse, threads: usize::MAX, check_finite, ..PlanOptions::default() };
            let mut plan = Plan::<f64>::compile_with([y], [], options).unwrap();
            let computed = plan.run(&mut State::new()).unwrap().nth(0).to_owned();
            assert_eq!(computed, y.value().into_array(), "{options:?}");
        }
    }
}

#[test]
fn no_part_of_a_step_is_without_work() {
    let tape = Tape::new();
    let (x, w) = (tape.input("x", [20, 400]), tape.parameter("w", [400, 30]));
    let options = PlanOptions::default().threads(500);
    let schedule = Plan::<f32>::compile_with([x.matmul(w).tanh().sum()], [], options).unwrap().schedule();
    assert!(schedule.steps.iter().all(|s| s.parts <= 20), "{schedule}");
}

#[test]
fn a_check_takes_any_number_of_threads_and_says_the_same() {
    let tape = Tape::new();
    let w = tape.leaf("w", arr1(&[0.3, -0.7, 1.1, 0.2, 0.9]));
    let loss = (w.tanh() * w).sum();
    for mode in [Mode::Full, Mode::CHAPTER, Mode::QUICK] {
        let report = |threads: usize| Check::new(loss, &[w]).mode(mode).threads(threads).run().unwrap();
        let one = report(1);
        assert!(one.passed(), "{one}");
        for threads in NUMBERS {
            assert_eq!(report(threads).to_string(), one.to_string(), "{threads} threads");
        }
    }
}

#[test]
fn a_check_of_many_elements_does_not_start_a_thread_for_each() {
    let tape = Tape::new();
    let w = tape.leaf("w", Array1::from_shape_fn(6_000, |i| (i as f64 * 0.7).sin()));
    let loss = (w.tanh() * w).sum();
    let report = Check::new(loss, &[w]).threads(usize::MAX).run().unwrap();
    assert!(report.passed(), "{report}");
}

#[test]
fn plans_use_threads_of_their_own_and_not_those_of_the_program() {
    let tape = Tape::new();
    let (x, w) = (tape.input("x", [256, 300]), tape.parameter("w", [300, 200]));
    let loss = x.matmul(w).tanh().mean();
    let options = PlanOptions::default().threads(3);
    let mut plan = Plan::<f32>::compile_with([loss], [(w, 0.5 * w)], options).unwrap();
    let mut state = State::new();
    state.insert("w", Array2::from_elem((300, 200), 0.1_f32));
    let (rows, names) = (Array2::from_elem((256, 300), 1_u8), Mutex::new(BTreeSet::new()));
    let named = |byte: u8| {
        names.lock().unwrap().insert(std::thread::current().name().unwrap_or_default().to_owned());
        f32::from(byte)
    };
    plan.in_pool(|plan| {
        plan.feed_rows("x", &rows, &(0..256).collect::<Vec<_>>(), named).unwrap();
        plan.run(&mut state).unwrap();
    });
    plan.run(&mut state).unwrap();
    let names = names.into_inner().unwrap();
    assert!(!names.is_empty() && names.iter().all(|name| name.starts_with("chainrule ")), "{names:?}");
    // The program's pool can be started once, by whoever needs it first.
    assert!(rayon::ThreadPoolBuilder::new().num_threads(1).build_global().is_ok());
}

#[test]
fn plans_run_in_the_threads_of_a_program_and_in_each_other() {
    let tape = Tape::new();
    let x = tape.leaf("x", Array1::from_elem(100_000, 0.5));
    let y = (x.exp() * x).sum();
    let plan =
        |threads: usize| Plan::<f64>::compile_with([y], [], PlanOptions::default().threads(threads)).unwrap();
    let value = |plan: &mut Plan<f64>| plan.run(&mut State::new()).unwrap().nth(0)[[]];
    let expected = value(&mut plan(1));
    let (mut two, mut again, mut three) = (plan(2), plan(2), plan(3));
    let found = two.in_pool(|two| {
        [value(two), value(&mut again), value(&mut three), three.in_pool(value), again.in_pool(value)]
    });
    let program = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let both = program.install(|| rayon::join(|| value(&mut two), || value(&mut again)));
    for found in found.into_iter().chain([both.0, both.1]) {
        assert!((found - expected).abs() < 1e-9 * expected, "{found} and {expected}");
    }
}

#[test]
fn plans_that_share_threads_do_not_keep_each_other_waiting() {
    let tape = Tape::new();
    let y = tape.leaf("x", Array1::from_elem(100_000, 0.5)).exp().sum();
    let plan = || Plan::<f64>::compile_with([y], [], PlanOptions::default().threads(2)).unwrap();
    let (mut few, mut many) = (plan(), plan());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // For as long as the other takes: it would never end if its runs waited for a pause of these.
            while !done.load(Ordering::Relaxed) {
                many.run(&mut State::new()).unwrap();
            }
        });
        for _ in 0..50 {
            few.run(&mut State::new()).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
}
