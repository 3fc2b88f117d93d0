//! What optimisers remember belongs to their name and the parameter, wherever and however often they are called.

use chainrule::nn::{Adam, Momentum, Optimizer};
use chainrule::{Plan, State, Tape, Var};
use ndarray::{ArrayD, Dimension, IxDyn};

/// Two small networks: what one makes, the other judges.
struct Nets<'t> {
    generator: [Var<'t>; 2],
    discriminator: [Var<'t>; 2],
    losses: [Var<'t>; 2],
}

fn nets(tape: &Tape) -> Nets<'_> {
    let wave =
        |shape: [usize; 2]| ndarray::Array2::from_shape_fn(shape, |(i, j)| f64::cos((3 * i + j) as f64));
    let noise = tape.constant(wave([4, 2]));
    let generator = [tape.parameter("g/w", [2, 3]), tape.parameter("g/b", [3])];
    let discriminator = [tape.parameter("d/w", [3, 1]), tape.parameter("d/b", [1])];
    let made = (noise.matmul(generator[0]) + generator[1]).tanh();
    let judged =
        |x: Var<'_>| (tape.var(x.id()).unwrap().matmul(discriminator[0]) + discriminator[1]).sigmoid();
    let real = judged(tape.constant(wave([4, 3])));
    let fooled = judged(made);
    let losses = [-fooled.ln().mean(), -(real.ln() + (1.0 - fooled).ln()).mean()];
    Nets { generator, discriminator, losses }
}

/// The first values of all parameters, and no memory.
fn values(tape: &Tape) -> State<f64> {
    let mut state = State::new();
    for p in tape.parameters() {
        let count = p.id().index() as f64;
        let value = |i: IxDyn| f64::sin(count + i.slice().iter().map(|&i| i as f64).sum::<f64>());
        state.insert(&p.name().unwrap(), ArrayD::from_shape_fn(p.shape(), value));
    }
    state
}

/// The parameters after some rounds, in each of which one network takes a step after the other, each by an optimiser whose
/// memory nothing but its own plan touches: a state of its own.
fn apart(optimizers: [&dyn Optimizer; 2], rounds: usize) -> Vec<ArrayD<f64>> {
    let tape = Tape::new();
    let nets = nets(&tape);
    let own = [&nets.generator, &nets.discriminator];
    let parameters = values(&tape);
    let mut plans = Vec::new();
    for (k, optimizer) in optimizers.into_iter().enumerate() {
        let mut state = parameters.clone();
        for (name, shape) in optimizer.memory(own[k]) {
            state.insert(&name, ArrayD::zeros(shape));
        }
        let updates = optimizer.updates(nets.losses[k], own[k]);
        plans.push((Plan::<f64>::compile([nets.losses[k]], updates).unwrap(), state));
    }
    for _ in 0..rounds {
        for k in 0..2 {
            let (plan, state) = &mut plans[k];
            plan.run(state).unwrap();
            let new: Vec<_> =
                own[k].iter().map(|p| state.get(&p.name().unwrap()).unwrap().to_owned()).collect();
            for (p, new) in own[k].iter().zip(new) {
                plans[1 - k].1.insert(&p.name().unwrap(), new);
            }
        }
    }
    let state = &plans[0].1;
    parameters.iter().map(|(name, _)| state.get(name).unwrap().to_owned()).collect()
}

/// The same on one state; the memory of the second is made when the first has taken a step already, as often as it is
/// called.
fn together(optimizers: [&dyn Optimizer; 2], rounds: usize) -> Vec<ArrayD<f64>> {
    let tape = Tape::new();
    let nets = nets(&tape);
    let own = [&nets.generator, &nets.discriminator];
    let parameters = values(&tape);
    let mut state = parameters.clone();
    let mut plans = Vec::new();
    for (k, optimizer) in optimizers.into_iter().enumerate() {
        let updates = optimizer.updates(nets.losses[k], own[k]);
        plans.push(Plan::<f64>::compile([nets.losses[k]], updates).unwrap());
    }
    for round in 0..rounds {
        for k in 0..2 {
            if round == 0 {
                for (name, shape) in optimizers[k].memory(own[k]) {
                    state.insert(&name, ArrayD::zeros(shape));
                }
            }
            plans[k].run(&mut state).unwrap();
        }
    }
    parameters.iter().map(|(name, _)| state.get(name).unwrap().to_owned()).collect()
}

#[test]
fn two_optimisers_on_one_tape_take_the_steps_of_each_alone() {
    let (adam, fast) = (Adam::new(0.01), Adam::new(0.1));
    let (momentum, named) = (Momentum::new(0.1, 0.9), Adam::new(0.02).named("discriminator"));
    let pairs: [[&dyn Optimizer; 2]; 4] =
        [[&adam, &adam], [&adam, &fast], [&momentum, &momentum], [&fast, &named]];
    for pair in pairs {
        assert_eq!(together(pair, 4), apart(pair, 4), "{pair:?}");
    }
}

#[test]
fn init_of_one_optimiser_leaves_the_memory_of_others() {
    let tape = Tape::new();
    let nets = nets(&tape);
    let adam = Adam::new(0.01);
    let mut state = values(&tape);
    adam.init(&nets.generator, &mut state);
    let updates = adam.updates(nets.losses[0], &nets.generator);
    let mut plan = Plan::<f64>::compile([nets.losses[0]], updates).unwrap();
    plan.run(&mut state).unwrap();
    let before = state.clone();
    adam.init(&nets.discriminator, &mut state);
    Adam::new(0.01).named("second").init(&nets.generator, &mut state);
    for (name, value) in before.iter() {
        assert_eq!(state.get(name).unwrap(), value, "{name}");
    }
}

#[test]
fn two_optimisers_of_different_names_update_the_same_parameter() {
    // Two losses, taken in turns, each with an optimiser that remembers its own gradients only.
    let run = |named: bool, turns: &[usize]| {
        let tape = Tape::new();
        let w = tape.parameter("w", [2]);
        let losses = [w.square().sum(), (w - 3.0).square().square().sum()];
        let optimizers = if named {
            [Adam::new(0.1).named("first"), Adam::new(0.01).named("second")]
        } else {
            [Adam::new(0.1), Adam::new(0.01)]
        };
        let mut state = State::<f64>::new();
        state.insert("w", ndarray::arr1(&[1.0, -2.0]));
        let mut plans: Vec<Plan<f64>> = Vec::new();
        for (optimizer, loss) in optimizers.iter().zip(losses) {
            plans.push(Plan::compile([loss], optimizer.updates(loss, &[w])).unwrap());
            optimizer.init(&[w], &mut state);
        }
        for &k in turns {
            plans[k].run(&mut state).unwrap();
        }
        state
    };
    let state = run(true, &[0, 0, 1, 0, 1]);
    assert_eq!(state.get("first/step/w").unwrap().sum(), 3.0);
    assert_eq!(state.get("second/step/w").unwrap().sum(), 2.0);
    // The first step of the second is its learning rate against the sign of its gradient, whatever the first has done.
    let (before, after) = (run(true, &[0, 0]), run(true, &[0, 0, 1]));
    for (x, y) in before.get("w").unwrap().iter().zip(&after.get("w").unwrap()) {
        assert!((y - x - 0.01).abs() < 1e-9, "{x} {y}");
    }
}

#[test]
fn optimisers_called_in_a_scope_name_their_memory_as_init_does() {
    let optimizers: [Box<dyn Optimizer>; 4] = [
        Box::new(Adam::new(0.1)),
        Box::new(Adam::new(0.1).named("generator")),
        Box::new(Momentum::new(0.1, 0.9)),
        Box::new(Momentum::new(0.1, 0.9).named("generator")),
    ];
    for optimizer in optimizers {
        let run = |scope: bool| {
            let tape = Tape::new();
            let w = {
                let _net = tape.scope("net");
                tape.parameter("w", [2])
            };
            let loss = w.square().sum();
            let updates = {
                let _scopes = scope.then(|| (tape.scope("train"), tape.scope("step")));
                let updates = optimizer.updates(loss, &[w]);
                // Behind the optimiser, the scope is what it was before.
                let expected = if scope { "train/step/other" } else { "other" };
                assert_eq!(tape.parameter("other", []).name().unwrap(), expected);
                updates
            };
            let names: Vec<String> = updates.iter().skip(1).map(|(p, _)| p.name().unwrap()).collect();
            let memory: Vec<String> = optimizer.memory(&[w]).into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, memory);
            let mut state = State::<f64>::new();
            state.insert("net/w", ndarray::arr1(&[1.0, -2.0]));
            optimizer.init(&[w], &mut state);
            let mut plan = Plan::<f64>::compile([loss], updates).unwrap();
            plan.run(&mut state).unwrap();
            plan.run(&mut state).unwrap();
            state
        };
        assert_eq!(run(true), run(false));
    }
}

#[test]
fn a_saved_state_goes_on_with_parameters_more_and_with_one_count_for_all() {
    let tape = Tape::new();
    let (a, b) = (tape.parameter("a", []), tape.parameter("b", [2]));
    let adam = Adam::new(0.1);
    let mut state = State::<f64>::new();
    let shapes: [(&str, &[usize]); 5] =
        [("adam/m/a", &[]), ("adam/v/a", &[]), ("adam/m/b", &[2]), ("adam/v/b", &[2]), ("adam/step", &[])];
    for (name, shape) in shapes {
        state.insert(name, ArrayD::from_elem(shape, 7.0));
    }
    adam.init_missing(&[a, b], &mut state);
    for (name, _) in adam.memory(&[a, b]) {
        assert!(state.get(&name).unwrap().iter().all(|&x| x == 7.0), "{name}");
    }
    let c = tape.parameter("c", [3]);
    let momentum = Momentum::new(0.1, 0.9);
    momentum.init(&[a], &mut state);
    state.get_mut("momentum/a").unwrap().fill(2.0);
    momentum.init_missing(&[a, c], &mut state);
    assert_eq!([state.get("momentum/a").unwrap().sum(), state.get("momentum/c").unwrap().sum()], [2.0, 0.0]);
}
