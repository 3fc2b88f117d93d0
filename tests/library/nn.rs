//! Layers, networks, initialisers and optimisers.

use chainrule::nn::{
    Adam, Affine, Gaussian, He, Init, Layer, LeCun, Momentum, Optimizer, Parameter, Relu, Sequential, Sgd,
    Sigmoid, Softmax, SoftmaxWithLoss, Xavier, Zeros, accuracy, argmax_rows,
};
use chainrule::{Plan, Precision, State, Tape, Var};
use ndarray::{ArrayD, IxDyn, arr0, arr1, arr2};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn names(vars: &[Var<'_>]) -> Vec<String> {
    vars.iter().filter_map(|v| v.name()).collect()
}

/// The message that a call panics with.
fn refusal<T: std::fmt::Debug>(call: impl FnOnce() -> T) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).expect_err("to be refused");
    *panic.downcast::<String>().expect("a message")
}

/// The book's TwoLayerNet.
fn two_layer_net() -> Sequential {
    let affine = |inputs, outputs| Affine::new(inputs, outputs).init(Gaussian(0.01));
    Sequential::new().push(affine(784, 50)).push(Relu).push(affine(50, 10))
}

#[test]
fn the_two_layer_net_has_the_books_names_and_shapes() {
    let (net, tape) = (two_layer_net(), Tape::new());
    let scores = net.forward(tape.input("x", [3, 784]));
    assert_eq!(scores.shape(), [3, 10]);
    let parameters = net.parameters(&tape);
    assert_eq!(names(&parameters), ["affine1/weight", "affine1/bias", "affine2/weight", "affine2/bias"]);
    let shapes: Vec<_> = parameters.iter().map(|p| p.shape()).collect();
    assert_eq!(shapes, [vec![784, 50], vec![50], vec![50, 10], vec![10]]);
    // They are the ones that the forward pass uses, and nothing was recorded twice.
    assert_eq!(tape.parameters().len(), 4);
    let state = net.init::<f32>(&mut rng(0));
    for (p, (name, array)) in parameters.iter().zip(state.iter()) {
        assert_eq!((p.name().as_deref(), &*p.shape()), (Some(name), array.shape()));
    }
    assert_eq!(state.iter().map(|(_, array)| array.len()).sum::<usize>(), 39_760);
}

#[test]
fn layers_are_recorded_in_their_scope_at_the_users_line() {
    let (net, tape) = (two_layer_net(), Tape::new());
    let line = line!() + 1;
    let scores = net.forward(tape.input("x", [3, 784]));
    SoftmaxWithLoss.forward(scores, tape.index_input("t", [3]));
    let graph = tape.graph();
    let scopes: Vec<String> =
        graph.nodes().filter(|n| n.leaf().is_none()).map(|n| n.scope().to_owned()).collect();
    assert_eq!(scopes, ["affine1", "affine1", "relu1", "affine2", "affine2", "loss"]);
    for node in graph.nodes().filter(|n| n.scope().starts_with("affine")) {
        let location = node.location().expect("recorded just now");
        assert!(location.file.ends_with("nn.rs") && location.line == line, "{location}");
    }
}

#[test]
fn a_wrong_input_is_refused_at_the_users_line_by_the_layer_that_refuses_it() {
    let net = Sequential::new().push(Affine::new(4, 2)).push(Affine::new(3, 2));
    let tape = Tape::new();
    let line = line!() + 1;
    let message = refusal(|| net.forward(tape.input("x", [5, 4])));
    assert!(message.starts_with("matmul") && message.contains("affine2/weight"), "{message}");
    assert!(message.contains(&format!("nn.rs:{line}")), "{message}");
}

#[test]
fn layers_are_recombined_freely() {
    let net = two_layer_net();
    // The first two layers of the network, then others; the hidden layer is the same one.
    let hidden: Sequential = net.layers().take(2).map(|(_, layer)| layer.clone()).collect();
    let other = hidden.clone().push(Affine::new(50, 50)).push(Sigmoid).push(Affine::new(50, 3)).push(Softmax);
    let listed: Vec<_> = other.layers().map(|(name, _)| name).collect();
    assert_eq!(listed, ["affine1", "relu1", "affine2", "sigmoid1", "affine3", "softmax1"]);
    assert_eq!(other.outputs(Some(784)), Some(3));

    // On one tape, layers of one name share their parameters: what the hidden layer gives is what the network sees.
    let tape = Tape::new();
    let x = tape.leaf("x", ArrayD::from_elem(IxDyn(&[2, 784]), 0.5));
    let (inner, scores) = (hidden.forward(x), net.forward(x));
    assert_eq!(tape.parameters().len(), 4);
    let state = net.init::<f64>(&mut rng(3));
    tape.load(&state).expect("all four parameters are there");
    let (w, b) = (state.get("affine2/weight"), state.get("affine2/bias"));
    let into =
        |array: Option<ndarray::ArrayViewD<'_, f64>>| tape.constant(array.expect("in the state").to_owned());
    let by_hand = inner.matmul(into(w)) + into(b);
    assert_eq!(by_hand.value(), scores.value());

    // Within another network, and under names of one's own.
    let both = Sequential::new().push_named("body", hidden).push(two_layer_net().push(Softmax)).push(Relu);
    let tape = Tape::new();
    let named = names(&both.parameters(&tape));
    assert_eq!(named[..3], ["body/affine1/weight", "body/affine1/bias", "sequential1/affine1/weight"]);
    assert_eq!(both.len(), 3);
    assert!(both.get("relu1").is_some() && both.get("relu2").is_none());
}

#[test]
fn given_names_never_collide_with_numbers() {
    let net = Sequential::new().push_named("relu2", Softmax).push(Relu).push(Relu).push(Relu);
    assert_eq!(net.layers().map(|(name, _)| name).collect::<Vec<_>>(), ["relu2", "relu1", "relu3", "relu4"]);
    let message = refusal(|| Sequential::new().push(Relu).push_named("relu1", Relu));
    assert!(message.contains("already a layer `relu1`"), "{message}");
}

#[test]
fn an_empty_network_gives_back_its_input() {
    let (net, tape) = (Sequential::new(), Tape::new());
    let x = tape.input("x", [2, 2]);
    assert!(net.is_empty());
    assert_eq!(net.forward(x).id(), x.id());
    assert_eq!(net.init::<f64>(&mut rng(0)).len(), 0);
}

#[test]
fn layers_compute_what_their_names_say() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr2(&[[-1.0, 0.0, 2.0]]));
    let row = |layer: &dyn Layer| layer.forward(x).value().into_array().into_raw_vec_and_offset().0;
    assert_eq!(row(&Relu), [0.0, 0.0, 2.0]);
    for (y, x) in row(&Sigmoid).into_iter().zip([-1.0f64, 0.0, 2.0]) {
        // The engine's exponential and std's differ in the last place.
        let expected = 1.0 / (1.0 + (-x).exp());
        assert!((y - expected).abs() <= 4.0 * f64::EPSILON * expected, "{y} and {expected}");
    }
    let e = [-1.0f64, 0.0, 2.0].map(f64::exp);
    let sum: f64 = e.iter().sum();
    for (y, e) in row(&Softmax).into_iter().zip(e) {
        assert!((y - e / sum).abs() < 1e-16, "{y} {}", e / sum);
    }
}

#[test]
fn initialisers_have_the_spread_that_they_say() {
    let cases: [(&dyn Init, f64); 5] = [
        (&Gaussian(0.01), 0.01),
        (&Xavier, (2.0f64 / (400.0 + 250.0)).sqrt()),
        (&LeCun, (1.0f64 / 400.0).sqrt()),
        (&He, (2.0f64 / 400.0).sqrt()),
        (&Zeros, 0.0),
    ];
    for (init, std) in cases {
        let x = init.draw(&[400, 250], &mut rng(5));
        let (n, mean, found) = (1e5f64, x.sum() / 1e5, x.std(0.0));
        // Four standard errors of the mean and of the spread of 100,000 normal numbers.
        assert!(mean.abs() <= 4.0 * std / n.sqrt(), "{init:?}: mean {mean}");
        assert!((found - std).abs() <= 4.0 * std / (2.0 * n).sqrt(), "{init:?}: {found}, not {std}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let net = two_layer_net();
    let bytes = |seed| {
        let state = net.init::<f32>(&mut rng(seed));
        state
            .iter()
            .flat_map(|(_, array)| array.iter().map(|x| x.to_bits()).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
    assert_eq!(net.init::<f64>(&mut rng(1)).cast::<f32>(), net.init::<f32>(&mut rng(1)));
    // Biases are zeros and draw nothing; the weights of the book are 0.01 · N(0, 1).
    let state = net.init::<f64>(&mut rng(1));
    assert!(state.get("affine1/bias").expect("a bias").iter().all(|&b| b == 0.0));
    let weight = Gaussian(0.01).draw(&[784, 50], &mut rng(1));
    assert_eq!(state.get("affine1/weight").expect("a weight"), weight);
}

/// A problem small enough to be solved by hand: `loss = (a − 3)² + b²`, whose gradients are `2(a − 3)` and `2b`.
fn small<'t>(tape: &'t Tape) -> (Var<'t>, [Var<'t>; 2]) {
    let (a, b) = (tape.parameter("a", &[][..]), tape.parameter("b", [2]));
    ((a - 3.0).square() + b.square().sum(), [a, b])
}

/// The state after some steps, each evaluated on the tape: new values are read before any is put in the state.
fn steps(tape: &Tape, updates: &[(Var<'_>, Var<'_>)], state: &mut State<f64>, n: usize) {
    for _ in 0..n {
        tape.load(state).expect("the state has all parameters");
        let new: Vec<_> =
            updates.iter().map(|(p, y)| (p.name().expect("a name"), y.value().into_array())).collect();
        for (name, array) in new {
            assert!(state.insert(&name, array).is_some(), "`{name}` was not in the state");
        }
    }
}

fn run(optimizer: impl Optimizer, n: usize) -> State<f64> {
    let tape = Tape::new();
    let (loss, parameters) = small(&tape);
    let updates = optimizer.updates(loss, &parameters);
    let mut state = State::new();
    state.insert("a", arr0(1.0));
    state.insert("b", arr1(&[4.0, -2.0]));
    optimizer.init(&parameters, &mut state);
    let remembered: Vec<_> = optimizer.memory(&parameters).into_iter().map(|(name, _)| name).collect();
    assert_eq!(updates.len(), 2 + remembered.len());
    let rest: Vec<Var<'_>> = updates[2..].iter().map(|(p, _)| *p).collect();
    assert_eq!(names(&rest), remembered);
    steps(&tape, &updates, &mut state, n);
    state
}

fn number(state: &State<f64>, name: &str) -> f64 {
    state.get(name).and_then(|array| array.first().copied()).unwrap_or_else(|| panic!("no `{name}`"))
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1.0), "{found}, not {expected}");
}

#[test]
fn sgd_takes_the_step_computed_by_hand() {
    let state = run(Sgd::new(0.1), 2);
    // a: 1 → 1 + 0.4 = 1.4 → 1.4 + 0.32 = 1.72; b: each step times 0.8.
    close(number(&state, "a"), 1.72, 1e-15);
    close(number(&state, "b"), 4.0 * 0.64, 1e-15);
    assert_eq!(state.len(), 2);
}

#[test]
fn momentum_takes_the_steps_computed_by_hand() {
    let state = run(Momentum::new(0.1, 0.5), 2);
    // v: −4 → −2 + 2 (1.4 − 3) = −5.2; a: 1 + 0.4 = 1.4 → 1.4 + 0.52.
    close(number(&state, "momentum/a"), -5.2, 1e-15);
    close(number(&state, "a"), 1.92, 1e-15);
    assert_eq!(state.get("momentum/b").expect("a velocity").shape(), [2]);
}

#[test]
fn adam_takes_the_steps_computed_by_hand() {
    let state = run(Adam::new(0.1).betas(0.5, 0.75).epsilon(0.0), 2);
    // The first step is η against the sign of the gradient: a = 1.1. Then g = −3.8, m = (−2 · 0.5 − 1.9) = −2.9, of which
    // 0.75 are known, and v = 4 · 0.75 + 14.44 / 4 = 6.61, of which 0.4375.
    let second = 1.1 + 0.1 * (2.9 / 0.75) / (6.61f64 / 0.4375).sqrt();
    close(number(&state, "adam/m/a"), -2.9, 1e-15);
    close(number(&state, "adam/v/a"), 6.61, 1e-15);
    close(number(&state, "a"), second, 1e-15);
    assert_eq!([number(&state, "adam/step/a"), number(&state, "adam/step/b")], [2.0; 2]);
}

/// PyTorch 2.15, f64, three steps of each optimiser on this problem:
///
/// ```python
/// w, b = [[.1, -.2, .3], [.4, .5, -.6]], [.01, -.02, .03]
/// x, t = [[1, 2], [-1, .5], [3, -2]], [0, 2, 1]
/// loss = cross_entropy(x @ w + b, t)
/// SGD([w, b], lr=.5); SGD([w, b], lr=.5, momentum=.9); Adam([w, b], lr=.1)
/// ```
#[test]
#[allow(clippy::excessive_precision)]
fn three_steps_agree_with_pytorch() {
    type Case = (Box<dyn Optimizer>, [f64; 3], [f64; 6], [f64; 3]);
    let cases: [Case; 3] = [
        (
            Box::new(Sgd::new(0.5)),
            [2.0990981766947194, 0.5733114616925733, 0.36014377840854633],
            [
                0.2963562774811901,
                0.531767948822228,
                -0.6281242263034181,
                0.7629187256365029,
                -0.3255205643241503,
                -0.13739816131235247,
            ],
            [-0.04113628868477386, -0.06339834358724786, 0.12453463227202166],
        ),
        (
            Box::new(Momentum::new(0.5, 0.9)),
            [2.0990981766947194, 0.5733114616925733, 0.1677628590351474],
            [
                0.5097292667513522,
                1.479547812642224,
                -1.7892770793935764,
                1.1131925743130897,
                -1.3140575251206685,
                0.5008649508075789,
            ],
            [-0.03524954659067267, -0.04954901202087398, 0.10479855861154652],
        ),
        (
            Box::new(Adam::new(0.1)),
            [2.0990981766947194, 1.6631247673830576, 1.2814227664742623],
            [
                0.3762389202064107,
                0.09943639739372996,
                0.0019434692861099306,
                0.6993669324246102,
                0.20143282136899343,
                -0.30197265073822066,
            ],
            [0.060384532555056054, 0.27500445883190927, -0.18214308948253372],
        ),
    ];
    for (optimizer, losses, w, b) in cases {
        let tape = Tape::new();
        let net = Sequential::new().push(Affine::new(2, 3));
        let scores = net.forward(tape.leaf("x", arr2(&[[1.0, 2.0], [-1.0, 0.5], [3.0, -2.0]])));
        let loss = SoftmaxWithLoss.forward(scores, tape.index_leaf("t", arr1(&[0, 2, 1])));
        let parameters = net.parameters(&tape);
        let updates = optimizer.updates(loss, &parameters);
        let mut state = State::new();
        state.insert("affine1/weight", arr2(&[[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]]));
        state.insert("affine1/bias", arr1(&[0.01, -0.02, 0.03]));
        optimizer.init(&parameters, &mut state);
        for expected in losses {
            tape.load(&state).expect("the state has all parameters");
            close(loss.value().item(), expected, 1e-14);
            steps(&tape, &updates, &mut state, 1);
        }
        for (name, expected) in [("affine1/weight", &w[..]), ("affine1/bias", &b[..])] {
            for (found, expected) in state.get(name).expect("a parameter").iter().zip(expected) {
                close(*found, *expected, 1e-14);
            }
        }
    }
}

#[test]
fn what_an_optimiser_records_is_marked_as_update_and_gradients_as_backward() {
    use chainrule::graph::Origin;
    let tape = Tape::new();
    let (loss, parameters) = small(&tape);
    let before = tape.graph().len();
    let updates = Adam::new(0.1).updates(loss, &parameters);
    let gradients = loss.try_grad(&parameters).expect("a number");
    let graph = tape.graph();
    assert!(updates.iter().all(|(_, y)| graph.node(y.id()).origin() == Origin::Update));
    assert!(gradients.iter().all(|g| matches!(graph.node(g.id()).origin(), Origin::Backward(_))));
    assert!(graph.nodes().skip(before).all(|n| n.origin() != Origin::Forward));
}

#[test]
fn gradients_may_be_changed_before_they_are_applied() {
    let tape = Tape::new();
    let (loss, parameters) = small(&tape);
    let [a, b] = loss.grad(parameters);
    let updates = Sgd::new(1.0).apply(&parameters, &[a.maximum(-0.5), b * 0.0]);
    tape.feed(parameters[0], 1.0).expect("a number");
    tape.feed(parameters[1], arr1(&[4.0, -2.0])).expect("two numbers");
    assert_eq!(updates[0].1.value().item(), 1.5);
    assert_eq!(updates[1].1.value().into_array(), arr1(&[4.0, -2.0]).into_dyn());
    assert!(
        refusal(|| Sgd::new(1.0).apply(&parameters, &[loss])).contains("one gradient for each parameter")
    );
    assert!(refusal(|| Sgd::new(1.0).apply(&parameters, &[a, a])).contains("must have its shape"));
    assert!(Adam::new(0.1).updates(loss, &[]).is_empty());
}

#[test]
fn a_loss_that_is_not_one_number_is_refused() {
    let tape = Tape::new();
    let b = tape.parameter("b", [2]);
    let message = refusal(|| Sgd::new(1.0).updates(b * 2.0, &[b]));
    assert!(message.contains("has shape [2]") && message.contains(".sum()"), "{message}");
}

#[test]
fn accuracies_count_rows() {
    let nan = f64::NAN;
    let scores = arr2(&[[1.0, 3.0, 3.0], [nan, -1.0, -2.0], [nan, nan, nan], [f64::NEG_INFINITY; 3]]);
    assert_eq!(argmax_rows(scores.view()), arr1(&[1, 1, 0, 0]));
    assert_eq!(accuracy(scores.view(), arr1(&[1, 1, 0, 0]).view()), 0.75);
    assert_eq!(accuracy(scores.view().into_dyn(), arr1(&[2, 1, 0, 1]).view()), 0.25);
    assert!(accuracy(scores.slice(ndarray::s![..0, ..]), arr1(&[]).view()).is_nan());
    assert!(refusal(|| accuracy(scores.view(), arr1(&[1]).view())).contains("one label for each row"));
}

#[test]
fn the_table_of_a_network_aligns() {
    let net = two_layer_net().push(Softmax);
    let text = net.to_string();
    let widths: Vec<usize> = text.lines().map(str::len).collect();
    assert!(widths.iter().all(|w| *w == widths[0]), "{text}");
    assert!(text.ends_with(" 39,760\n"), "{text}");
    let empty = Sequential::new().push(Relu).to_string();
    assert!(empty.contains("relu1       ?"), "{empty}");
}

#[test]
fn a_parameter_knows_its_size() {
    let p = Parameter::new("w", [3, 4], He);
    assert_eq!((p.len(), p.is_empty()), (12, false));
    assert!(Parameter::new("w", [3, 0], He).is_empty());
}

/// What a plan in `F` leaves in the state after some steps, from the same numbers as [`run`].
fn planned<F: Precision>(optimizer: &impl Optimizer, n: usize) -> State<F> {
    let tape = Tape::new();
    let (loss, parameters) = small(&tape);
    let mut plan = Plan::<F>::compile([loss], optimizer.updates(loss, &parameters)).expect("a plan");
    let mut state = State::new();
    state.insert("a", arr0(F::of(1.0)));
    state.insert("b", arr1(&[F::of(4.0), F::of(-2.0)]));
    optimizer.init(&parameters, &mut state);
    for _ in 0..n {
        plan.run(&mut state).expect("a step");
    }
    state
}

#[test]
fn plans_take_the_same_steps_as_values() {
    fn compare(optimizer: impl Optimizer + Clone, kept: usize) {
        let by_value = run(optimizer.clone(), 5);
        assert_eq!(by_value.len(), 2 + kept);
        assert_eq!(planned::<f64>(&optimizer, 5), by_value, "{optimizer:?}");
        // In f32 every step rounds, and ten of these are as far apart as five steps may drive two runs.
        for ((_, narrow), (_, wide)) in planned::<f32>(&optimizer, 5).iter().zip(by_value.iter()) {
            for (narrow, wide) in narrow.iter().zip(wide) {
                close(f64::from(*narrow), *wide, 10.0 * f64::from(f32::EPSILON));
            }
        }
    }
    compare(Sgd::new(0.1), 0);
    compare(Momentum::new(0.1, 0.9), 2);
    compare(Adam::new(0.1), 6);
}

#[test]
fn two_optimisers_share_a_tape_and_each_counts_its_steps() {
    let tape = Tape::new();
    let (a, b) = (tape.parameter("a", [2]), tape.parameter("b", [2]));
    let loss = (a * b).square().sum();
    let (slow, fast) = (Adam::new(1e-3), Adam::new(1e-2));
    let mut state = State::<f64>::new();
    state.insert("a", arr1(&[1.0, 2.0]));
    state.insert("b", arr1(&[3.0, -1.0]));
    slow.init(&[a], &mut state);
    fast.init(&[b], &mut state);
    let updates = slow.updates(loss, &[a]).into_iter().chain(fast.updates(loss, &[b]));
    let mut step = Plan::<f64>::compile([loss], updates).unwrap();
    let first = step.run(&mut state).unwrap().item(loss);
    assert!(step.run(&mut state).unwrap().item(loss) < first);
    assert_eq!(["adam/step/a", "adam/step/b"].map(|name| state.get(name).unwrap().sum()), [2.0; 2]);
}
