//! The chapter's gradient check on real MNIST: every one of the 39,760 parameters, with its step and with chosen steps.

use chainrule::check::{Mode, Report, Verdict};
use chainrule::data::mnist::Mnist;
use chainrule::nn::{Affine, Gaussian, Relu, Sequential};
use chainrule::{Check, Tape};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const SEEDS: u64 = 2;

fn check(seed: u64, mode: Mode) -> Report {
    let mnist = Mnist::load(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mnist")).unwrap();
    let first = mnist.train.take(3);
    let tape = Tape::new();
    let (x, t) = (tape.leaf("x", first.pixels::<f64>()), tape.leaf("t", first.one_hot::<f64>()));
    let net = Sequential::new()
        .push(Affine::new(784, 50).init(Gaussian(0.01)))
        .push(Relu)
        .push(Affine::new(50, 10).init(Gaussian(0.01)));
    let loss = net.forward(x).softmax_cross_entropy(t);
    tape.load(&net.init::<f64>(&mut ChaCha8Rng::seed_from_u64(seed))).unwrap();
    Check::new(loss, &net.parameters(&tape)).mode(mode).run().unwrap()
}

#[test]
fn mean_differences_are_those_of_the_chapter() {
    let mut kinks = 0;
    for seed in 1..=SEEDS {
        let report = check(seed, Mode::CHAPTER);
        let bounds = [
            ("affine1/weight", 39_200, 1e-12),
            ("affine1/bias", 50, 5e-12),
            ("affine2/weight", 500, 5e-12),
            ("affine2/bias", 10, 5e-10),
        ];
        for (name, elements, bound) in bounds {
            let p = report.parameter(name).unwrap();
            assert_eq!(p.compared() + p.kinks.len(), elements, "seed {seed}\n{report}");
            assert!(p.mean_abs <= bound && p.mean_abs > 0.0, "seed {seed}: {name}\n{report}");
            assert_eq!((p.failed, p.verdict), (0, Verdict::Pass), "seed {seed}: {name}\n{report}");
            kinks += p.kinks.len();
        }
    }
    assert!(kinks < SEEDS as usize * 39_760 / 100, "{kinks} kinks");
}

#[test]
fn where_steps_are_chosen_the_mean_differences_are_below_the_chapters() {
    let report = check(1, Mode::Full);
    let bounds = [
        ("affine1/weight", 39_200, 2e-13),
        ("affine1/bias", 50, 9e-13),
        ("affine2/weight", 500, 8e-13),
        ("affine2/bias", 10, 1e-12),
    ];
    for (name, elements, bound) in bounds {
        let p = report.parameter(name).unwrap();
        assert!(p.mean_abs <= bound, "{name}\n{report}");
        assert_eq!((p.passed, p.unresolved, p.failed), (elements, 0, 0), "{name}\n{report}");
    }
    assert!(report.passed() && report.nodes.iter().all(|n| n.verdict == Verdict::Pass), "{report}");
}

#[test]
fn a_few_probes_say_what_they_may_miss() {
    let report = check(1, Mode::QUICK);
    assert!(report.passed(), "{report}");
    assert!(report.unseen.is_some_and(|unseen| unseen > 0.0 && unseen < 0.01), "{report}");
}
