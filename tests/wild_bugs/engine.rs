//! Mistakes of engines rather than of rules: what is added up, overwritten, or cut off on the way back.

use crate::support::real;
use crate::trial::{Custom, at, located, signed, weighted};
use chainrule::check::Stage;
use chainrule::op::{Domain, Zero};
use chainrule::{Check, Plan, State, Tape, Var};
use rand::SeedableRng;

/// Images scaled up by two, each element four times.
fn upsample(x: Var<'_>) -> Var<'_> {
    let shape = x.shape();
    let [n, h, w] = [shape[0], shape[1], shape[2]];
    x.expand_dims([2, 4]).broadcast_to([n, h, 2, w, 2]).reshape([n, 2 * h, 2 * w].map(|n| n as isize))
}

/// The gradient that comes through the upsampling takes the place of what other consumers had added (candle#3507).
#[test]
fn upsampling_overwrites_what_was_added_up() {
    let tape = Tape::new();
    let x = tape.leaf("x", signed(&[2, 3, 4]));
    let (up, other) = (weighted(upsample(x), 1), weighted(x.sin(), 2));
    let loss = up + other;
    // Whichever came last is left.
    for left in [up, other] {
        let gradient = left.grad([x]);
        let report = Check::new(loss, &[x]).gradients(&gradient).run();
        let report = report.unwrap();
        assert!(!report.passed(), "{report}");
        assert_eq!(report.first_fault().map(|f| f.stage), Some(Stage::Engine), "{report}");
    }
    let report = Check::new(loss, &[x]).run().unwrap();
    assert!(report.passed(), "{report}");
    at([signed(&[2, 3, 4])]).passes(|x| upsample(x[0]));
    at([signed(&[2, 3, 4])]).passes(|x| upsample(x[0]).sum_over([1, 2]) * x[0].slice(ndarray::s![.., 0, 0]));
}

/// Negation puts its contribution nowhere, so its operand's gradient lacks it, or is 0 (gorgonia#364).
#[test]
fn negation_does_not_add_its_contribution() {
    let tape = Tape::new();
    let x = tape.leaf("x", signed(&[2, 3]));
    let (negated, other) = (weighted(-x, 1), weighted(x.sin(), 2));
    let loss = negated + other;
    let lacking = other.grad([x]);
    let report = Check::new(loss, &[x]).gradients(&lacking).run().unwrap();
    assert!(!report.passed(), "{report}");
    assert_eq!(report.first_fault().map(|f| f.stage), Some(Stage::Engine), "{report}");
    // As an op that keeps it to itself.
    let wrong = Custom { name: "wild_neg", computes: |x| -&x[0], rule: |_, _, _, _| Zero.into() };
    at([signed(&[2, 3])]).catches(wrong, 0);
    at([signed(&[2, 3])]).catches_in(wrong.name, 0, |x| wrong.on(x) * x[0].sin());
    // The scalar `−(a + b)` of the report, of which both gradients were 0.
    let (a, b) = (tape.leaf("a", 2.5), tape.leaf("b", 2.0));
    let zero = tape.constant(0.0);
    let report = Check::new(-(a + b), &[a, b]).gradients(&[zero, zero]).run().unwrap();
    assert!(!report.passed(), "{report}");

    for (loss, leaves) in [(loss, vec![x]), (-(a + b), vec![a, b])] {
        let report = Check::new(loss, &leaves).run().unwrap();
        assert!(report.passed(), "{report}");
    }
}

/// A conversion to another precision cuts its operand off in silence (burn#4069).
///
/// There is no such op here, since a graph has no precision: the plan that runs it does, and its gradients are all there.
#[test]
fn conversion_cuts_its_operand_off() {
    let at = at([signed(&[2, 3]), signed(&[3])]);
    let wrong = Custom { name: "wild_cast", computes: |x| x[0].mapv(|x| x), rule: |_, _, _, _| Zero.into() };
    at.catches_in(wrong.name, 0, |x| wrong.on(&x[..1]) * x[1]);
    // The other way to `x0` hides it from a test that there is some gradient.
    at.catches_in(wrong.name, 0, |x| wrong.on(&x[..1]) * x[1] + x[0]);
    at.passes(|x| x[0] * x[1]);

    let tape = Tape::new();
    let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(5);
    let (x, w) = (tape.leaf("x", signed(&[2, 3])), tape.leaf("w", real(&[3], Domain::Signed(0.3, 1.7), rng)));
    let loss = weighted((x * w).tanh(), 1);
    let gradients = loss.grad([x, w]);
    let mut single = Plan::<f32>::compile(gradients, []).unwrap();
    let mut state = State::new();
    let found = single.run(&mut state).unwrap();
    for (k, gradient) in gradients.into_iter().enumerate() {
        let wanted = gradient.value();
        let near = |(&a, &b): (&f32, &f64)| (f64::from(a) - b).abs() <= 1e-6;
        assert!(found.nth(k).iter().zip(wanted.iter()).all(near));
        assert!(wanted.iter().any(|g| g.abs() > 0.1));
    }
}

/// What a failing check of engines says is where the node is.
#[test]
fn a_lost_contribution_is_located() {
    let tape = Tape::new();
    let x = tape.leaf("x", signed(&[2, 3]));
    let inner = x.tanh();
    let loss = weighted(-inner, 1) + weighted(inner.square(), 2);
    let lacking = weighted(inner.square(), 2).grad([x]);
    let report = Check::new(loss, &[x]).gradients(&lacking).run();
    located(&tape, report, "tanh", None);
}
