//! Training that was stopped goes on as if it had not been: parameters, what optimisers remember, schedules, the order of the
//! data and random numbers.

use chainrule::data::Batches;
use chainrule::nn::{
    Accumulate, AdaGrad, Adam, AdamW, Clip, Groups, Lion, Momentum, Optimizer, Rate, RmsProp, Sgd,
};
use chainrule::{Plan, State, Tape, Var};
use ndarray::{Array2, Axis, arr0};
use rand::RngExt;
use std::path::Path;

fn optimizers() -> Vec<Box<dyn Optimizer>> {
    vec![
        Box::new(Sgd::new(Rate::cosine(0.1, 0.01, 40).warm_up(5)).nesterov(0.9).weight_decay(0.01)),
        Box::new(Momentum::new(Rate::step_decay(0.1, 10, 0.5), 0.9)),
        Box::new(AdaGrad::new(0.1)),
        Box::new(RmsProp::new(Rate::exponential(0.01, 0.98)).centered().momentum(0.5)),
        Box::new(Adam::new(Rate::one_cycle(0.05, 60)).amsgrad()),
        Box::new(Lion::new(Rate::linear(0.01, 0.001, 50)).weight_decay(0.1)),
        Box::new(
            Groups::new(Sgd::new(Rate::cosine(0.1, 0.0, 50)))
                .with(|name| name == "b", Adam::new(Rate::exponential(0.01, 0.9))),
        ),
        Box::new(Accumulate::new(Clip::by_global_norm(AdamW::new(Rate::cosine(0.01, 0.0, 20)), 0.5), 3)),
    ]
}

fn wave(shape: [usize; 2]) -> Array2<f32> {
    Array2::from_shape_fn(shape, |(i, j)| f32::sin((7 * i + 3 * j) as f32))
}

/// Trains from a state on, which counts the steps, until so many are done.
fn train(optimizer: &dyn Optimizer, state: &mut State<f32>, until: u64) {
    let (x, t) = (wave([22, 3]), wave([22, 2]));
    let tape = Tape::new();
    let (input, target) = (tape.input("x", [4, 3]), tape.input("t", [4, 2]));
    let parameters = [tape.parameter("w", [3, 2]), tape.parameter("b", [2])];
    let loss = ((input.matmul(parameters[0]) + parameters[1]).tanh() - target).square().mean();
    let steps = tape.parameter("steps", [0; 0]);
    let mut updates = optimizer.updates(loss, &parameters);
    updates.push((steps, steps + 1.0));
    let mut plan = Plan::<f32>::compile([loss], updates).unwrap();
    let done = state.get("steps").unwrap().sum() as u64;
    let batches = Batches::new(22, 4).shuffled(3).drop_last().after(done);
    for batch in batches.take((until - done) as usize) {
        let mut rng = batch.rng();
        let noisy = x.select(Axis(0), &batch.rows).mapv(|x| x + 0.1 * rng.random::<f32>());
        plan.feed("x", &noisy).unwrap();
        plan.feed("t", &t.select(Axis(0), &batch.rows)).unwrap();
        plan.run(state).unwrap();
    }
}

fn start(optimizer: &dyn Optimizer) -> State<f32> {
    let mut state = State::new();
    state.insert("w", wave([3, 2]));
    state.insert("b", ndarray::arr1(&[0.0, 0.1]));
    state.insert("steps", arr0(0.0));
    let tape = Tape::new();
    let parameters: [Var<'_>; 2] = [tape.parameter("w", [3, 2]), tape.parameter("b", [2])];
    for (name, shape) in optimizer.memory(&parameters) {
        assert!(state.insert(&name, ndarray::ArrayD::zeros(shape)).is_none(), "`{name}` is there twice");
    }
    state
}

/// A state through a file.
fn through(path: &Path, state: &State<f32>) -> State<f32> {
    state.save(path).unwrap();
    let mut again = State::load(path).unwrap();
    // Entries come in the file's order; a plan looks for names.
    assert_eq!(&again, state);
    let mut fresh = state.clone();
    fresh
        .names()
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .iter()
        .for_each(|name| fresh.get_mut(name).unwrap().fill(-1.0));
    fresh.assign(&again).unwrap();
    std::mem::swap(&mut fresh, &mut again);
    again
}

#[test]
fn training_that_stops_and_goes_on_equals_training_unbroken() {
    for (i, optimizer) in optimizers().iter().enumerate() {
        let mut unbroken = start(&**optimizer);
        train(&**optimizer, &mut unbroken, 37);
        assert!(unbroken.to_vec(["w"]).unwrap().iter().all(|x| x.is_finite()));
        for (stop, ending) in [(0, "npz"), (13, "safetensors"), (14, "npz"), (36, "safetensors")] {
            let name = format!("chainrule-resume-{i}-{}.{ending}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let mut state = start(&**optimizer);
            train(&**optimizer, &mut state, stop);
            let before = state.to_vec(["w"]).unwrap();
            let mut state = through(&path, &state);
            std::fs::remove_file(&path).unwrap();
            train(&**optimizer, &mut state, 37);
            assert!(before != state.to_vec(["w"]).unwrap() || stop == 36, "{optimizer:?} does not train");
            let bits = |state: &State<f32>| -> Vec<(String, Vec<u32>)> {
                let entry = |(name, array): (&str, ndarray::ArrayViewD<'_, f32>)| {
                    (name.to_owned(), array.iter().map(|x| x.to_bits()).collect())
                };
                let mut entries: Vec<_> = state.iter().map(entry).collect();
                entries.sort();
                entries
            };
            assert_eq!(bits(&state), bits(&unbroken), "{optimizer:?}, stopped after {stop}");
        }
    }
}

/// The gradient of a batch is the mean of those of its parts, so the steps are the same but for rounding.
#[test]
fn batches_that_are_accumulated_give_the_step_of_a_large_one() {
    let (x, t) = (wave([12, 3]).mapv(f64::from), wave([12, 2]).mapv(f64::from));
    let train = |optimizer: &dyn Optimizer, rows: usize| {
        let tape = Tape::new();
        let (input, target) = (tape.input("x", [rows, 3]), tape.input("t", [rows, 2]));
        let w = tape.parameter("w", [3, 2]);
        let loss = (input.matmul(w).tanh() - target).square().mean();
        let mut plan = Plan::<f64>::compile([], optimizer.updates(loss, &[w])).unwrap();
        let mut state: State<f64> = [("w", wave([3, 2]).mapv(f64::from))].into_iter().collect();
        for (name, shape) in optimizer.memory(&[w]) {
            state.insert(&name, ndarray::ArrayD::<f64>::zeros(shape));
        }
        for run in 0..5 * 12 / rows {
            let chosen: Vec<usize> = (0..rows).map(|i| (run * rows + i) % 12).collect();
            plan.feed("x", &x.select(Axis(0), &chosen)).unwrap();
            plan.feed("t", &t.select(Axis(0), &chosen)).unwrap();
            let before = state.to_vec(["w"]).unwrap();
            plan.run(&mut state).unwrap();
            let moved = before != state.to_vec(["w"]).unwrap();
            assert_eq!(moved, ((run + 1) * rows).is_multiple_of(12), "run {run} of {rows} rows");
        }
        state
    };
    let large = train(&Adam::new(Rate::exponential(0.1, 0.9)), 12);
    for parts in [1, 2, 3, 4, 12] {
        let small = train(&Accumulate::new(Adam::new(Rate::exponential(0.1, 0.9)), parts), 12 / parts);
        for name in ["w", "adam/m/w", "adam/v/w", "adam/step/w"] {
            let [a, b] = [&large, &small].map(|state| state.to_vec([name]).unwrap());
            let near = a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-13 * a.abs().max(1.0));
            assert!(near, "{parts} parts: {name}: {a:?} and {b:?}");
        }
    }
}
