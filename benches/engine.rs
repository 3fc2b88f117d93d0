//! How long the engine takes. Run with `cargo bench`; every figure is a median over many runs of one thread.

use chainrule::data::mnist::Mnist;
use chainrule::nn::{Affine, Gaussian, Optimizer, Relu, Sequential, Sgd};
use chainrule::{Check, Plan, Precision, State, Tape, Var};
use divan::Bencher;
use ndarray::{Array1, Array2};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

fn main() {
    divan::main();
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

/// The chapter's net on a batch of `rows`, as loss and updates.
fn net<'t>(tape: &'t Tape, rows: usize) -> (Sequential, Var<'t>, Var<'t>, Var<'t>) {
    let (x, t) = (tape.input("x", [rows, 784]), tape.input("t", [rows, 10]));
    let net = Sequential::new()
        .push(Affine::new(784, 50).init(Gaussian(0.01)))
        .push(Relu)
        .push(Affine::new(50, 10).init(Gaussian(0.01)));
    let loss = net.forward(x).softmax_cross_entropy(t);
    (net, x, t, loss)
}

/// One step of the chapter's training, without drawing the batch: forward, backward, update, at 100 × 784 × 50 × 10.
#[divan::bench(types = [f32, f64])]
fn training_step<F: Precision>(bencher: Bencher<'_, '_>) {
    let mnist = Mnist::load(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mnist"))
        .expect("the data is in the repository");
    let batch = mnist.train.take(100);
    let tape = Tape::new();
    let (net, x, t, loss) = net(&tape, 100);
    let updates = Sgd::new(0.1).updates(loss, &net.parameters(&tape));
    let mut step = Plan::<F>::compile([loss], updates).expect("the net compiles");
    let mut state = net.init::<F>(&mut rng());
    step.feed(x, &batch.pixels::<F>()).expect("the shapes agree");
    step.feed(t, &batch.one_hot::<F>()).expect("the shapes agree");
    bencher.bench_local(|| step.run(&mut state).expect("everything was fed").item(loss));
}

/// The chapter's gradient check of all 39,760 parameters.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn gradient_check(bencher: Bencher<'_, '_>) {
    let tape = Tape::new();
    let (net, x, t, loss) = net(&tape, 3);
    let mut labels = Array2::zeros((3, 10));
    (0..3).for_each(|i| labels[[i, 3 * i]] = 1.0);
    tape.feed(x, Array2::from_shape_fn((3, 784), |(i, j)| ((i * 31 + j * 17) % 256) as f64 / 255.0))
        .expect("an input");
    tape.feed(t, labels).expect("an input");
    tape.load(&net.init::<f64>(&mut rng())).expect("all parameters");
    bencher.bench_local(|| Check::new(loss, &net.parameters(&tape)).run().expect("it can be checked"));
}

/// 333 × `x = tanh(x a + b)` on 32 numbers, then the sum: 1,000 ops, forward and backward, replayed.
#[divan::bench(types = [f32, f64])]
fn elementwise_chain<F: Precision>(bencher: Bencher<'_, '_>) {
    let tape = Tape::new();
    let [x, a, b] = ["x", "a", "b"].map(|name| tape.input(name, [32]));
    let loss = (0..333).fold(x, |x, _| (x * a + b).tanh()).sum();
    let gradients = loss.grad([x, a, b]);
    let mut plan = Plan::<F>::compile([loss].into_iter().chain(gradients), []).expect("it compiles");
    for (var, value) in [(x, 0.5), (a, 0.9), (b, 0.1)] {
        plan.feed(var, &Array1::from_elem(32, F::of(value))).expect("the shapes agree");
    }
    let mut state = State::new();
    bencher.bench_local(|| plan.run(&mut state).expect("everything was fed").item(loss));
}

/// A scalar graph of 100,000 nodes: recorded, evaluated and differentiated, on a tape used again.
#[divan::bench]
fn scalar_graph(bencher: Bencher<'_, '_>) {
    let mut tape = Tape::new();
    bencher.bench_local(|| {
        tape.reset();
        let (a, b) = (tape.leaf("a", 0.9), tape.leaf("b", 0.1));
        let chain =
            |k: usize| (0..333).fold(tape.constant(k as f64 / 100.0 - 0.5), |v, _| (v * a + b).tanh());
        let loss: Var<'_> = (0..100).map(chain).sum();
        let [da, db] = loss.grad([a, b]);
        (loss.value().item(), da.value().item(), db.value().item())
    });
}
