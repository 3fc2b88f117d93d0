//! One wrong element among many: `Full` finds it, and `Quick` misses it as often as it says.

use chainrule::check::{Mode, Report, Verdict};
use chainrule::{Check, Tape, Var};
use ndarray::{Array, ArrayD, IxDyn, arr1};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A two-layer net, the weights of its first layer and their gradient. Four pixels of five are black.
fn net<'t>(tape: &'t Tape, sizes: [usize; 4], rng: &mut ChaCha8Rng) -> (Var<'t>, Var<'t>, ArrayD<f64>) {
    let [rows, pixels, hidden, classes] = sizes;
    let mut numbers = |shape: &[usize], scale: f64, black: f64| {
        let mut number = || if rng.random_bool(black) { 0.0 } else { scale * rng.random_range(-1.0..1.0) };
        Array::from_shape_simple_fn(IxDyn(shape), &mut number)
    };
    let x = tape.leaf("x", numbers(&[rows, pixels], 1.0, 0.8).mapv(f64::abs));
    let w1 = tape.leaf("W1", numbers(&[pixels, hidden], 0.02, 0.0));
    let b1 = tape.leaf("b1", numbers(&[hidden], 0.1, 0.0));
    let w2 = tape.leaf("W2", numbers(&[hidden, classes], 0.5, 0.0));
    let labels = tape.index_leaf("t", arr1(&[5, 0, 4]).mapv(|t| t % classes));
    let loss = (x.matmul(w1) + b1).relu().matmul(w2).softmax_cross_entropy(labels);
    (loss, w1, loss.grad([w1])[0].value().into_array())
}

/// Checks a gradient of the first layer's weights that has lost one element.
fn check_lost(
    loss: Var<'_>,
    w: Var<'_>,
    gradient: &ArrayD<f64>,
    lost: usize,
    check: impl Fn(Check<'_>) -> Report,
) -> Report {
    let mut wrong = gradient.clone();
    *wrong.iter_mut().nth(lost).unwrap() = 0.0;
    let wrong = w.tape().constant(wrong);
    check(Check::new(loss, &[w]).gradients(&[wrong]))
}

#[test]
fn one_lost_element_among_all_weights_is_found_by_full() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let tape = Tape::new();
    let (loss, w, gradient) = net(&tape, [3, 784, 50, 10], &mut rng);
    let present: Vec<usize> = (0..gradient.len()).filter(|&i| gradient.iter().nth(i) != Some(&0.0)).collect();
    // The least of all is found as well as the middle one.
    let least = present.iter().copied().min_by(|&a, &b| {
        let magnitude = |i: usize| gradient.as_slice().unwrap()[i].abs();
        magnitude(a).total_cmp(&magnitude(b))
    });
    for lost in [present[present.len() / 2], least.unwrap()] {
        let report = check_lost(loss, w, &gradient, lost, |check| check.must_fail().unwrap());
        let parameter = &report.parameters[0];
        assert_eq!((parameter.verdict, parameter.failed), (Verdict::Fail, 1), "{report}");
        assert_eq!(parameter.worst.as_ref().unwrap().index, [lost / 50, lost % 50], "{report}");
    }
}

#[test]
fn quick_misses_a_lost_element_as_often_as_it_says() {
    // A wide tolerance, so that there is something to be missed.
    for (tolerance, probes) in [(0.1, 1), (0.03, 1), (0.1, 2)] {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let tape = Tape::new();
        let (loss, w, gradient) = net(&tape, [3, 24, 9, 4], &mut rng);
        let present: Vec<usize> =
            gradient.iter().enumerate().filter(|(_, g)| **g != 0.0).map(|(i, _)| i).collect();
        let (mut missed, mut stated, trials) = (0.0, 0.0, 200_u32);
        for seed in 0..trials {
            let lost = present[rng.random_range(..present.len())];
            let quick = |check: Check<'_>| {
                let check = check.mode(Mode::Quick { probes }).tolerance(tolerance).seed(seed.into());
                check.run().unwrap()
            };
            // What is said of the right gradient, and what happens to the wrong one.
            let right = quick(Check::new(loss, &[w]));
            let unseen = right.parameters[0].unseen.unwrap();
            assert_eq!(right.unseen, Some(unseen));
            assert!(right.to_string().contains(&format!("goes unseen with probability {unseen:.1e}")));
            stated += unseen;
            let report = check_lost(loss, w, &gradient, lost, quick);
            missed += f64::from(u8::from(report.parameters[0].failed == 0));
        }
        let (n, p) = (f64::from(trials), stated / f64::from(trials));
        assert!(p > 0.02 && p < 0.9, "a chance of {p} says little");
        let sigma = (p * (1.0 - p) / n).sqrt();
        assert!((missed / n - p).abs() < 4.0 * sigma, "missed {} of {n}, and {p} was stated", missed);
        println!("tolerance {tolerance}, {probes} probes: stated {p:.4}, measured {:.4}", missed / n);
    }
}
