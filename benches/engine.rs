//! How long the engine takes. Run with `cargo bench`; every figure is a median over many runs of one thread.

use chainrule::data::mnist::Mnist;
use chainrule::nn::{Affine, Gaussian, Optimizer, Relu, Sequential, Sgd};
use chainrule::{Check, Plan, Precision, State, Tape, Var};
use divan::Bencher;
use divan::counter::ItemsCount;
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

/// A million ops on single numbers: so many chains of 333 × `v = tanh(v a + b)`, all summed.
const CHAINS: usize = 1001;

/// The chains' sum, and what they share.
fn chains(tape: &Tape) -> (Var<'_>, [Var<'_>; 2]) {
    let (a, b) = (tape.leaf("a", 0.9), tape.leaf("b", 0.1));
    let chain = |k: usize| {
        let start = tape.constant(k as f64 / CHAINS as f64 - 0.5);
        (0..333).fold(start, |v, _| (v * a + b).tanh())
    };
    ((0..CHAINS).map(chain).sum(), [a, b])
}

/// Times what is done with a recording, on a tape used again; by op of the recording.
fn on_chains(bencher: Bencher<'_, '_>, f: impl Fn(&Tape) -> f64) {
    let mut tape = Tape::new();
    bencher.counter(ItemsCount::new(1000 * CHAINS)).bench_local(|| {
        tape.reset();
        f(&tape)
    });
}

#[divan::bench]
fn numbers_recorded(bencher: Bencher<'_, '_>) {
    on_chains(bencher, |tape| chains(tape).0.id().index() as f64);
}

#[divan::bench]
fn numbers_value(bencher: Bencher<'_, '_>) {
    on_chains(bencher, |tape| chains(tape).0.value().item());
}

#[divan::bench]
fn numbers_sweep(bencher: Bencher<'_, '_>) {
    on_chains(bencher, |tape| {
        let (loss, leaves) = chains(tape);
        let [da, db] = loss.sweep(leaves);
        loss.value().item() + da.item() + db.item()
    });
}

/// As `numbers_sweep`, on a new tape each time: what the pages of new memory cost comes on top.
#[divan::bench]
fn numbers_sweep_cold(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(1000 * CHAINS)).bench_local(|| {
        let tape = Tape::new();
        let (loss, leaves) = chains(&tape);
        let [da, db] = loss.sweep(leaves);
        loss.value().item() + da.item() + db.item()
    });
}

#[divan::bench]
fn numbers_grad(bencher: Bencher<'_, '_>) {
    on_chains(bencher, |tape| {
        let (loss, leaves) = chains(tape);
        let [da, db] = loss.grad(leaves);
        loss.value().item() + da.value().item() + db.value().item()
    });
}

/// As `elementwise_chain`, recorded anew each time on a tape used again, gradients by a sweep; by op.
#[divan::bench]
fn elementwise_chain_sweep(bencher: Bencher<'_, '_>) {
    let mut tape = Tape::new();
    bencher.counter(ItemsCount::new(1000_usize)).bench_local(|| {
        tape.reset();
        let leaf = |name, number| tape.leaf(name, Array1::from_elem(32, number));
        let (x, a, b) = (leaf("x", 0.5), leaf("a", 0.9), leaf("b", 0.1));
        let loss = (0..333).fold(x, |x, _| (x * a + b).tanh()).sum();
        (loss.sweep([x, a, b]), loss.value())
    });
}
