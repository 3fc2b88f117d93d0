//! The gradient check of the chapter's network, 784-50-10 on three images of MNIST, in every mode: 39,760 parameters.
//! Run with `cargo bench --bench engine -- checker`.

use chainrule::check::Mode;
use chainrule::data::mnist::{CLASSES, Mnist, PIXELS};
use chainrule::nn::{Affine, Gaussian, Relu, Sequential, SoftmaxWithLoss};
use chainrule::{Check, Tape, Var};
use divan::Bencher;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::path::Path;

/// The chapter's loss on the tape, and the parameters.
fn net(tape: &Tape) -> (Var<'_>, Vec<Var<'_>>) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist");
    let images = Mnist::load(data).expect("the data lies in the repository").train.take(3);
    let net = Sequential::new()
        .push(Affine::new(PIXELS, 50).init(Gaussian(0.01)))
        .push(Relu)
        .push(Affine::new(50, CLASSES).init(Gaussian(0.01)));
    let x = tape.leaf("x", images.pixels::<f64>());
    let t = tape.leaf("t", images.one_hot::<f64>());
    let loss = SoftmaxWithLoss.forward(net.forward(x), t);
    tape.load(&net.init::<f64>(&mut ChaCha8Rng::seed_from_u64(1))).expect("all parameters are there");
    (loss, net.parameters(tape))
}

#[divan::bench(args = ["chapter", "full", "quick"])]
fn one_thread(bencher: Bencher<'_, '_>, mode: &str) {
    run(bencher, mode, 1);
}

#[divan::bench(args = ["chapter", "full", "quick"])]
fn two_threads(bencher: Bencher<'_, '_>, mode: &str) {
    run(bencher, mode, 2);
}

fn run(bencher: Bencher<'_, '_>, mode: &str, threads: usize) {
    let mode = [Mode::CHAPTER, Mode::Full, Mode::QUICK].into_iter().find(|m| m.name() == mode);
    let mode = mode.expect("the arguments above are names of modes");
    let tape = Tape::new();
    let (loss, parameters) = net(&tape);
    let gradients = loss.try_grad(&parameters).expect("the net is differentiable");
    let check = Check::new(loss, &parameters).gradients(&gradients).mode(mode).threads(threads);
    bencher.bench_local(|| {
        assert!(check.run().expect("the check runs").passed());
    });
}
