//! Layers for images: what they compute, their parameters, and the sizes that they leave open.

use chainrule::nn::{
    AdaptiveAvgPool, AdaptiveMaxPool, Affine, AvgPool, Conv1d, Conv2d, Conv3d, ConvTranspose2d, Flatten,
    Layer, MaxPool, Optimizer, Relu, Sequential, Sgd, SoftmaxWithLoss,
};
use chainrule::ops::{ConvOptions, Padding, PoolOptions};
use chainrule::{Check, Plan, PlanOptions, State, Tape, Var};
use ndarray::{ArrayD, IxDyn};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

/// Numbers that differ, of both signs.
fn numbers(shape: &[usize]) -> ArrayD<f64> {
    let mut k = 0_u32;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        k += 1;
        f64::from(k * 7919 % 1009) / 504.5 - 1.0
    })
}

/// A layer's value on its own parameters, and that of a composition on the same.
fn agree<L: Layer + 'static>(
    layer: L,
    x: &[usize],
    wanted: impl for<'t> Fn(Var<'t>, Var<'t>, Var<'t>) -> Var<'t>,
) {
    let tape = Tape::new();
    let x = tape.leaf("x", numbers(x));
    let (kind, mut state) = (layer.kind().to_owned(), State::<f64>::new());
    let parameters = layer.parameters();
    for p in &parameters {
        state.insert(&format!("{kind}1/{}", p.name), numbers(&p.shape));
    }
    let y = Sequential::new().push(layer).forward(x);
    tape.load(&state).unwrap();
    let given = |i: usize| tape.leaf("p", numbers(&parameters[i].shape));
    assert_eq!(y.value(), wanted(x, given(0), given(1)).value(), "{kind}");
}

#[test]
fn layers_are_the_functions_of_their_options_with_a_bias_for_each_channel() {
    agree(Conv2d::new(4, 6, [3, 2]).stride(2).padding([1, 0]).groups(2), &[2, 4, 5, 6], |x, w, b| {
        x.conv(w, ConvOptions::default().stride(2).padding([1, 0]).groups(2)) + b.reshape([6, 1, 1])
    });
    agree(Conv1d::new(3, 2, 3).padding(Padding::Same).dilation(2), &[2, 3, 7], |x, w, b| {
        x.conv(w, ConvOptions::default().padding([(2, 2)]).dilation(2)) + b.reshape([2, 1])
    });
    agree(Conv3d::new(1, 2, 2), &[1, 1, 3, 2, 4], |x, w, b| {
        x.conv(w, ConvOptions::default()) + b.reshape([2, 1, 1, 1])
    });
    agree(
        ConvTranspose2d::new(4, 6, 3).stride(2).padding(1).output_padding(1).groups(2),
        &[2, 4, 3, 2],
        |x, w, b| {
            x.conv_transpose(w, ConvOptions::default().stride(2).padding(1).groups(2), 1)
                + b.reshape([6, 1, 1])
        },
    );
}

#[test]
fn pools_are_the_functions_of_their_options() {
    let tape = Tape::new();
    let x = tape.leaf("x", numbers(&[2, 3, 6, 5]));
    let options = || PoolOptions::new([3, 2]).stride(2).padding([1, 0]);
    assert_eq!(MaxPool::with(options()).forward(x).value(), x.max_pool(options()).value());
    assert_eq!(AvgPool::new(2).forward(x).value(), x.avg_pool(PoolOptions::new(2)).value());
    assert_eq!(AdaptiveAvgPool::new(1).forward(x).squeeze([2, 3]).shape(), [2, 3]);
    assert_eq!(AdaptiveMaxPool::new([2, 5]).forward(x).shape(), [2, 3, 2, 5]);
    assert_eq!(Flatten.forward(x).shape(), [2, 90]);
    assert_eq!(Flatten.forward(tape.input("none", [2, 0, 3])).shape(), [2, 0]);
}

fn lenet() -> Sequential {
    Sequential::new()
        .push(Conv2d::new(1, 4, 5))
        .push(Relu)
        .push(MaxPool::new(2))
        .push(Conv2d::new(4, 6, 3))
        .push(Relu)
        .push(MaxPool::new(2))
        .push(Flatten)
        .push(Affine::new(6 * 2 * 2, 3))
}

#[test]
fn a_network_says_what_it_knows_of_its_sizes() {
    assert_eq!(
        lenet().to_string(),
        "\
layer      output  parameters                     numbers
conv1           ?  weight [4, 1, 5, 5], bias [4]      104
relu1           ?                                       0
max_pool1       ?                                       0
conv2           ?  weight [6, 4, 3, 3], bias [6]      222
relu2           ?                                       0
max_pool2       ?                                       0
flatten1        ?                                       0
affine1         3  weight [24, 3], bias [3]            75
total                                                 401
"
    );
    assert_eq!(Conv2d::new(1, 4, 5).stride(2).padding(1).outputs(Some(28)), Some(13));
    assert_eq!(MaxPool::new(2).outputs(Some(9)), Some(4));
}

#[test]
fn a_network_of_convolutions_passes_the_check() {
    let (net, tape) = (lenet(), Tape::new());
    let x = tape.leaf("x", numbers(&[2, 1, 16, 16]));
    let t = tape.index_leaf("t", ndarray::arr1(&[0_usize, 2]));
    let loss = SoftmaxWithLoss.forward(net.forward(x), t);
    let state = net.init::<f64>(&mut ChaCha8Rng::seed_from_u64(1));
    tape.load(&state).unwrap();
    let parameters = net.parameters(&tape);
    let report = Check::new(loss, &parameters).run().unwrap();
    assert!(report.passed(), "{report}");
}

#[test]
fn a_step_is_the_same_in_one_thread_and_in_several() {
    let net = lenet();
    let step = |threads: usize| {
        let tape = Tape::new();
        let x = tape.leaf("x", numbers(&[32, 1, 16, 16]));
        let t = tape.index_leaf("t", ndarray::Array1::from_shape_fn(32, |i| i % 3));
        let loss = SoftmaxWithLoss.forward(net.forward(x), t);
        let updates = Sgd::new(0.1).updates(loss, &net.parameters(&tape));
        let options = PlanOptions::default().threads(threads);
        let mut plan = Plan::<f64>::compile_with([loss], updates, options).unwrap();
        let mut state = net.init::<f64>(&mut ChaCha8Rng::seed_from_u64(1));
        let losses: Vec<f64> = (0..5).map(|_| plan.run(&mut state).unwrap().item(loss)).collect();
        (losses, state)
    };
    let (losses, state) = step(1);
    assert!(losses[4] < losses[0], "{losses:?}");
    for threads in [2, 3, 8] {
        let (others, other) = step(threads);
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs().max(1.0);
        assert!(losses.iter().zip(&others).all(|(&a, &b)| near(a, b)), "{threads}: {losses:?}, {others:?}");
        for (name, values) in state.iter() {
            let same = values.iter().zip(other.get(name).unwrap()).all(|(&a, &b)| near(a, b));
            assert!(same, "{name} in {threads} threads");
        }
    }
}
