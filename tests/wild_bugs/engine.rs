//! Mistakes of engines rather than of rules: what is added up, overwritten, or cut off on the way back.

use crate::support::real;
use crate::trial::{Custom, at, signed, weighted};
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

/// Panics unless the checker finds that a gradient lacks what a term of the loss contributes, and says so of a node on
/// the way from there.
#[track_caller]
fn lost<'t>(term: Var<'t>, loss: Var<'t>, leaves: &[Var<'t>], gradients: &[Var<'t>]) {
    let report = Check::new(loss, leaves).gradients(gradients).run().unwrap();
    assert!(!report.passed(), "{report}");
    let Some(fault) = report.first_fault() else { panic!("nothing is blamed\n{report}") };
    assert_eq!(fault.stage, Stage::Engine, "{report}");
    assert!(loss.tape().graph().ancestors([term.id()])[fault.node.index()], "{report}");
}

/// The gradient that comes through the upsampling takes the place of what other consumers had added (candle#3507).
#[test]
fn upsampling_overwrites_what_was_added_up() {
    let tape = Tape::new();
    let x = tape.leaf("x", signed(&[2, 3, 4]));
    let (up, other) = (weighted(upsample(x), 1), weighted(x.sin(), 2));
    // Whichever came last is left.
    lost(other, up + other, &[x], &up.grad([x]));
    lost(up, up + other, &[x], &other.grad([x]));
    at([signed(&[2, 3, 4])]).passes(|x| weighted(upsample(x[0]), 1) + weighted(x[0].sin(), 2));
}

/// Negation puts its contribution nowhere, so its operand's gradient lacks it, or is 0 (gorgonia#364).
#[test]
fn negation_does_not_add_its_contribution() {
    let tape = Tape::new();
    let x = tape.leaf("x", signed(&[2, 3]));
    let inner = x.tanh();
    let (negated, other) = (weighted(-inner, 1), weighted(inner.square(), 2));
    lost(negated, negated + other, &[x], &other.grad([x]));
    // The scalar `−(a + b)` of the report, of which both gradients were 0.
    let (a, b, zero) = (tape.leaf("a", 2.5), tape.leaf("b", 2.0), tape.constant(0.0));
    let negated = -(a + b);
    lost(negated, negated, &[a, b], &[zero, zero]);
    // As an op that keeps its contribution to itself.
    let wrong = Custom { name: "wild_neg", computes: |x| -&x[0], rule: |_, _, _, _| Zero.into() };
    let (array, numbers) = (at([signed(&[2, 3])]), at([2.5, 2.0].map(|x| ndarray::arr0(x).into_dyn())));
    array.catches(wrong, 0);
    array.catches_in(wrong.name, 0, |x| wrong.on(&[x[0].tanh()]) * x[0].sin());
    numbers.catches_in(wrong.name, 0, |x| wrong.on(&[x[0] + x[1]]));
    array.passes(|x| -x[0].tanh() * x[0].sin());
    numbers.passes(|x| -(x[0] + x[1]));
}

/// A conversion to another precision cuts its operand off in silence (burn#4069).
///
/// There is no such op here, since a graph has no precision: the plan that runs it does, and cuts nothing off.
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
