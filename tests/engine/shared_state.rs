//! Plans that run on a state which several threads share.

use chainrule::nn::{Affine, BatchNorm, Relu, Sequential};
use chainrule::{Error, Plan, PlanOptions, State, Tape};
use ndarray::{Array2, ArrayD, arr1};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

#[test]
fn what_threads_share_can_be_sent_and_shared() {
    fn both<T: Send + Sync>() {}
    both::<Plan<f32>>();
    both::<Plan<f64>>();
    both::<State<f32>>();
    both::<State<f64>>();
}

#[test]
fn clones_in_eight_threads_on_one_state_give_the_bits_of_one_run_after_another() {
    let net = Sequential::new()
        .push(Affine::new(6, 40))
        .push(BatchNorm::new(40))
        .push(Relu)
        .push(Affine::new(40, 3));
    let tape = Tape::new();
    let x = tape.input("x", [16, 6]);
    let y = net.forward(x).softmax(-1).named("y");
    let state = net.init::<f32>(&mut ChaCha8Rng::seed_from_u64(3));
    let batch = |k: usize| Array2::from_shape_fn((16, 6), |(i, j)| ((i * 7 + j * 3 + k) as f32).sin());
    for threads in [1, 2] {
        let plan = Plan::<f32>::compile_with([y], [], PlanOptions::default().threads(threads)).unwrap();
        let mut alone = plan.clone();
        let mut owned = state.clone();
        let wanted: Vec<ArrayD<f32>> = (0..64)
            .map(|k| {
                alone.feed(x, batch(k)).unwrap();
                alone.run(&mut owned).unwrap().get("y").unwrap().to_owned()
            })
            .collect();
        std::thread::scope(|scope| {
            for part in 0..8 {
                let (mut plan, state, wanted) = (plan.clone(), &state, &wanted);
                scope.spawn(move || {
                    for k in (part..64).step_by(8) {
                        plan.feed("x", batch(k)).unwrap();
                        assert_eq!(plan.infer(state).unwrap().get("y").unwrap(), wanted[k], "{k}");
                    }
                });
            }
        });
    }
}

#[test]
fn a_plan_with_updates_is_refused_and_writes_nothing() {
    let tape = Tape::new();
    let (w, v) = (tape.parameter("w", [2]), tape.parameter("v", [2]));
    let state: State<f64> = [("w", arr1(&[1.0, 2.0])), ("v", arr1(&[3.0, 4.0]))].into_iter().collect();
    // Written in place, and at the end.
    for updates in [vec![(w, w * 2.0)], vec![(w, v), (v, w)]] {
        let mut plan = Plan::<f64>::compile([w.sum()], updates).unwrap();
        let error = plan.infer(&state).unwrap_err();
        assert!(matches!(error, Error::Argument { what: "infer", .. }));
        let message = error.to_string();
        assert!(message.contains("updates `w`") && message.contains("use `run`"), "{message}");
        assert_eq!(state.get("w").unwrap(), arr1(&[1.0, 2.0]).into_dyn());
    }
    let mut plan = Plan::<f64>::compile([(w * v).sum().named("y")], []).unwrap();
    assert_eq!(plan.infer(&state).unwrap().item("y"), 11.0);
    // What is wrong with a state is said as by `run`.
    let error = plan.infer(&State::new()).unwrap_err().to_string();
    assert!(error.contains("entry `w`"), "{error}");
}

/// An output that is a parameter, operands of every kind, indices that a step computes.
#[test]
fn everything_that_reads_a_state_reads_one_that_is_shared() {
    let tape = Tape::new();
    let (w, x) = (tape.parameter("w", [3, 3]), tape.input("x", [3, 3]));
    let outputs = [w, w.t(), w.matmul(x), (w * x).sum_over(0), w.take_along_axis(w.argsort(1), 1), w.sum()];
    let mut plan = Plan::<f64>::compile(outputs, []).unwrap();
    let numbers = Array2::from_shape_fn((3, 3), |(i, j)| ((3 * i + j) as f64 * 1.7).cos());
    plan.feed(x, &numbers).unwrap();
    let mut state: State<f64> = [("w", numbers)].into_iter().collect();
    let shared: Vec<ArrayD<f64>> = {
        let run = plan.infer(&state).unwrap();
        (0..outputs.len()).map(|k| run.nth(k).to_owned()).collect()
    };
    let run = plan.run(&mut state).unwrap();
    (0..outputs.len()).for_each(|k| assert_eq!(run.nth(k), shared[k]));
}
