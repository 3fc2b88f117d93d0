//! What layers do in training, and where they have nothing to compute on.

use chainrule::nn::{
    BatchNorm, Dropout, Gru, Layer, Lstm, MultiHeadAttention, Sequential, SinusoidalPositions, Stacked,
    Training, TransformerBlock,
};
use chainrule::{Plan, State, Tape};
use ndarray::{Array2, Array3, arr0, arr2};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

#[test]
fn dropout_keeps_the_mean_and_is_the_identity_in_evaluation() {
    let tape = Tape::new();
    let x = tape.leaf("x", Array2::from_elem((100, 100), 3.0));
    let (key, step) = (tape.index_leaf("key", arr0(1)), tape.index_leaf("step", arr0(2)));
    let mut training = Training::new(key, step);
    let layer = Dropout::new(0.25);
    let (one, two) = (layer.train(x, &mut training), layer.train(x, &mut training));
    assert!((one.mean().value().item() - 3.0).abs() < 0.1);
    assert!(one.value().iter().all(|&y| y == 0.0 || y == 4.0));
    assert!(one.value() != two.value(), "each layer has noise of its own");
    let [dx] = one.sum().grad([x]);
    assert_eq!((3.0 * dx).value(), one.value());
    assert_eq!(layer.forward(x).id(), x.id());
    assert_eq!(Dropout::new(0.0).train(x, &mut training).id(), x.id());
    let infinite = tape.leaf("infinite", arr2(&[[f64::INFINITY, f64::NAN]]));
    let none = Dropout::new(1.0).train(infinite, &mut training);
    let [slope] = none.sum().grad([infinite]);
    assert!(none.value().iter().chain(slope.value().iter()).all(|&y| y == 0.0));
}

#[test]
fn running_statistics_are_updates_beside_the_parameters() {
    let net = Sequential::new().push_named("inner", Sequential::new().push(BatchNorm::new(1)));
    let tape = Tape::new();
    let x = tape.leaf("x", arr2(&[[1.0], [3.0]]));
    let [key, step] = ["key", "step"].map(|name| tape.index_leaf(name, arr0(0)));
    let mut training = Training::new(key, step);
    let y = net.train(x, &mut training);
    let mut state: State<f64> = net.init(&mut ChaCha8Rng::seed_from_u64(1));
    assert_eq!(net.parameters(&tape).len(), 2);
    let mut plan = Plan::<f64>::compile([y], training.into_updates()).unwrap();
    plan.run(&mut state).unwrap();
    let number = |name: &str| state.get(&format!("inner/batch_norm1/{name}")).unwrap()[0];
    assert!((number("running_mean") - 0.2).abs() < 1e-15);
    assert!((number("running_var") - 1.1).abs() < 1e-15, "the variance of 1 and 3 is 2 by n − 1");
}

#[test]
fn a_token_that_attends_to_none_has_finite_numbers_and_gradients() {
    let tape = Tape::new();
    let layer = MultiHeadAttention::new(4, 2).causal().rotary();
    let x = tape.leaf("x", Array3::from_shape_fn((2, 3, 4), |(i, j, k)| (i + 2 * j + 3 * k) as f64 / 8.0));
    let padding = tape.leaf("padding", arr2(&[[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]));
    let y = layer.attend(x, x, x, Some(padding));
    let net = Sequential::new().push(layer);
    let state = net.init::<f64>(&mut ChaCha8Rng::seed_from_u64(1));
    let mut own = State::new();
    for (name, array) in state.iter() {
        own.insert(name.trim_start_matches("attention1/"), array.to_owned());
    }
    tape.load(&own).unwrap();
    let [dx] = y.square().sum().grad([x]);
    let (y, dx) = (y.value(), dx.value());
    assert!(y.iter().chain(dx.iter()).all(|v| v.is_finite()));
    assert!(y.iter().skip(12).all(|&v| v == 0.0) && y.iter().take(4).all(|&v| v == 0.0), "{y:?}");
    assert!(dx.iter().skip(12).all(|&v| v == 0.0), "{dx:?}");
}

#[test]
fn sequences_go_through_a_network_of_any_batch() {
    let net = Sequential::new().push(SinusoidalPositions).push(Lstm::new(4, 3)).push(Dropout::new(0.5));
    let tape = Tape::new();
    let y = net.forward(tape.leaf("x", Array3::<f64>::zeros((2, 5, 4))));
    tape.load(&net.init::<f64>(&mut ChaCha8Rng::seed_from_u64(1))).unwrap();
    assert_eq!(y.value().shape(), [2, 5, 3]);
    assert_eq!(net.outputs(Some(4)), Some(3));
}

#[test]
fn dropout_on_weights_of_attention_is_for_training_alone() {
    let tape = Tape::new();
    let x = tape.leaf("x", Array3::from_shape_fn((2, 5, 4), |(i, j, k)| ((i + 2 * j + 3 * k) as f64).sin()));
    let layer = MultiHeadAttention::new(4, 2).causal();
    let state = layer.parameters().into_iter().map(|p| {
        let drawn = p.init.draw(&p.shape, &mut ChaCha8Rng::seed_from_u64(2));
        (p.name, drawn)
    });
    let (key, step) = (tape.index_leaf("key", arr0(1)), tape.index_input("step", []));
    let train = |layer: MultiHeadAttention| layer.train(x, &mut Training::new(key, step));
    let plain = layer.forward(x);
    let [none, some, all] = [0.0, 0.25, 1.0].map(|p| train(layer.clone().dropout(p)));
    let evaluated = layer.clone().dropout(0.25).forward(x);
    let mut state: State<f64> = state.collect();
    let mut plan = Plan::<f64>::compile([plain, none, evaluated, some, all], []).unwrap();
    let mut mean = ndarray::ArrayD::<f64>::zeros(x.shape());
    let mut last = mean.clone();
    let mut expected = mean.clone();
    for count in 0..4000 {
        plan.feed_indices("step", &arr0(count)).unwrap();
        let outputs = plan.run(&mut state).unwrap();
        expected = outputs.nth(0).to_owned();
        assert_eq!(outputs.nth(1), expected);
        assert_eq!(outputs.nth(2), expected);
        assert!(outputs.nth(4).iter().all(|&y| y == 0.0), "all weights are dropped, and biases are 0");
        last = outputs.nth(3).to_owned();
        mean = mean + &last / 4000.0;
    }
    assert!(last != expected);
    assert!(
        (mean - expected).iter().all(|off| off.abs() < 0.05),
        "weights that are kept are larger by as much"
    );
}

#[test]
fn a_block_hands_training_on_to_what_is_inside_of_it() {
    let tape = Tape::new();
    let x = tape.input("x", [2, 3, 4]);
    let (key, step) = (tape.index_leaf("key", arr0(1)), tape.index_input("step", []));
    let activation = Sequential::new().push(chainrule::nn::Gelu).push(Dropout::new(0.5));
    let attention = MultiHeadAttention::new(4, 2).dropout(0.5);
    let block = TransformerBlock::with_activation(4, 8, attention, activation).dropout(0.5);
    let noise =
        |from: usize| tape.graph().nodes().skip(from).filter(|n| n.op().name.starts_with("random")).count();
    let start = tape.graph().len();
    block.forward(x);
    let evaluated = tape.graph().len();
    assert_eq!(noise(start), 0);
    block.train(x, &mut Training::new(key, step));
    assert_eq!(noise(evaluated), 4, "of the weights, of the activation, of both sums");
}

#[test]
fn stacked_layers_drop_between_layers_in_training() {
    let tape = Tape::new();
    let x = tape.leaf("x", Array3::from_shape_fn((2, 3, 2), |(i, j, k)| (i + j + k) as f64 / 4.0));
    let (key, step) = (tape.index_leaf("key", arr0(1)), tape.index_leaf("step", arr0(0)));
    let net = Stacked::new(2, 2, 3, Gru::new).bidirectional();
    assert_eq!(net.outputs(Some(2)), Some(6));
    let names: Vec<String> = net.parameters().into_iter().map(|p| p.name).collect();
    assert_eq!(names.len(), 16);
    assert_eq!([&names[0], &names[5], &names[8]], ["weight_ih_l0", "weight_hh_l0_reverse", "weight_ih_l1"]);
    for p in net.parameters() {
        let drawn = p.init.draw(&p.shape, &mut ChaCha8Rng::seed_from_u64(p.len() as u64));
        tape.feed(p.on(&tape), drawn).unwrap();
    }
    let plain = net.forward(x).value();
    let mut training = Training::new(key, step);
    assert_eq!(net.train(x, &mut training).value(), plain, "without dropout");
    let dropped = net.clone().dropout(0.5).train(x, &mut training).value();
    assert_ne!(dropped, plain);
    // One layer has nothing between layers.
    let one = Stacked::new(1, 2, 3, Gru::new);
    let plain = one.forward(x).value();
    assert_eq!(one.dropout(0.9).train(x, &mut training).value(), plain);
}
