//! What benches time, recorded in one place: the chapter's training step (A) and gradient check (B), a graph of single
//! numbers (C), a thousand small ops (E). The letters are those of `benches/README.md`.
#![allow(dead_code, unreachable_pub, reason = "each bench takes a part; one is a package of its own")]

use chainrule::nn::{Affine, Gaussian, Optimizer, Relu, Sequential, Sgd, SoftmaxWithLoss};
use chainrule::{Plan, PlanOptions, Precision, State, Tape, Var};
use ndarray::{Array1, Array2};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

/// Images of a training step.
pub const BATCH: usize = 100;
/// Ops of workload E, forward.
pub const OPS: usize = 1000;
/// Links of a chain, three ops each: 333 × `x = tanh(x a + b)`.
const LINKS: usize = 333;
/// Numbers in an array of workload E.
const WIDTH: usize = 32;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

/// A network of two layers, the chapter's with `[784, 50, 10]`.
fn network([inputs, hidden, classes]: [usize; 3]) -> Sequential {
    Sequential::new()
        .push(Affine::new(inputs, hidden).init(Gaussian(0.01)))
        .push(Relu)
        .push(Affine::new(hidden, classes).init(Gaussian(0.01)))
}

/// The loss of a training step, its updates, and the network.
pub type Training<'t> = (Var<'t>, Vec<(Var<'t>, Var<'t>)>, Sequential);

/// Records the chapter's training step, drawing of the batch left out: forward, backward, update, at
/// 100 × 784 × 50 × 10.
pub fn training(tape: &Tape) -> Training<'_> {
    let net = network([784, 50, 10]);
    let (x, t) = (tape.input("x", [BATCH, 784]), tape.index_input("t", [BATCH]));
    let loss = SoftmaxWithLoss.forward(net.forward(x), t);
    let updates = Sgd::new(0.1).updates(loss, &net.parameters(tape));
    (loss, updates, net)
}

/// The plan of a training step, with images and labels fed, and what it trains.
pub fn training_step<F: Precision>(threads: usize) -> (Plan<F>, State<F>) {
    let tape = Tape::new();
    let (loss, updates, net) = training(&tape);
    let options = PlanOptions::default().threads(threads);
    let mut plan = Plan::compile_with([loss], updates, options).expect("the net compiles");
    plan.feed("x", &images(BATCH, 784)).expect("the shapes agree");
    plan.feed_indices("t", &labels(BATCH)).expect("the shapes agree");
    (plan, net.init(&mut rng()))
}

/// Images as those of the data set are: three quarters black, the others up to 1.
fn images<F: Precision>(rows: usize, pixels: usize) -> Array2<F> {
    Array2::from_shape_fn((rows, pixels), |(i, j)| {
        let byte = (i * 31 + j * 17) * 89 % 1024;
        F::of(if byte < 256 { byte as f64 / 255.0 } else { 0.0 })
    })
}

fn labels(rows: usize) -> Array1<usize> {
    (0..rows).map(|i| 3 * i % 4).collect()
}

/// The loss of a network of such sizes on three images, all of it leaves with values, and its parameters: what a
/// gradient check is given.
pub fn checked(tape: &Tape, sizes: [usize; 3]) -> (Var<'_>, Vec<Var<'_>>) {
    let net = network(sizes);
    let x = tape.leaf("x", images::<f64>(3, sizes[0]));
    let t = tape.index_leaf("t", labels(3));
    let loss = SoftmaxWithLoss.forward(net.forward(x), t);
    tape.load(&net.init::<f64>(&mut rng())).expect("all parameters are there");
    (loss, net.parameters(tape))
}

/// The loss of workload E: 1,000 ops on 32 numbers.
pub fn small_ops<'t>([x, a, b]: [Var<'t>; 3]) -> Var<'t> {
    (0..LINKS).fold(x, |x, _| (x * a + b).tanh()).sum()
}

/// The leaves of workload E.
pub fn small_leaves(tape: &Tape) -> [Var<'_>; 3] {
    [("x", 0.5), ("a", 0.9), ("b", 0.1)]
        .map(|(name, number)| tape.leaf(name, Array1::from_elem(WIDTH, number)))
}

/// The plan of workload E, with its gradients.
pub fn small_ops_plan<F: Precision>() -> Plan<F> {
    small_ops_plan_with(PlanOptions::default())
}

/// The same with options.
pub fn small_ops_plan_with<F: Precision>(options: PlanOptions) -> Plan<F> {
    let tape = Tape::new();
    let leaves = small_leaves(&tape);
    let loss = small_ops(leaves);
    Plan::compile_with([loss].into_iter().chain(loss.grad(leaves)), [], options).expect("it compiles")
}

/// So many ops as [`numbers`] records of a length.
pub const fn ops(chains: usize) -> usize {
    chains * (3 * LINKS + 1)
}

/// The sum of workload C, of so many chains of 1,000 ops on single numbers, and the two leaves that they share.
pub fn numbers(tape: &Tape, chains: usize) -> (Var<'_>, [Var<'_>; 2]) {
    let (a, b) = (tape.leaf("a", 0.9), tape.leaf("b", 0.1));
    let chain = |k: usize| {
        let start = tape.leaf("start", k as f64 / chains as f64 - 0.5);
        (0..LINKS).fold(start, |v, _| (v * a + b).tanh())
    };
    let first = chain(0);
    ((1..chains).fold(first, |sum, k| sum + chain(k)), [a, b])
}

/// The plan of workload C, with its gradients.
pub fn numbers_plan<F: Precision>(chains: usize) -> Plan<F> {
    let tape = Tape::new();
    let (sum, leaves) = numbers(&tape, chains);
    Plan::compile([sum].into_iter().chain(sum.grad(leaves)), []).expect("it compiles")
}
