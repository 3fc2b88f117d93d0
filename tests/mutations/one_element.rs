//! One wrong element among the 39,760 of the chapter's net.

use crate::Mutation;
use crate::altered::{Altered, Given};
use crate::finding::{Expected, Finding};
use crate::support::real;
use chainrule::check::Stage;
use chainrule::op::Domain;
use chainrule::{Check, Tape, ops};
use ndarray::{Array2, arr1};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

pub(crate) fn all() -> Vec<Mutation> {
    vec![Mutation::new(26, "one element wrong among 39,760", one_element)]
}

/// The element of the first weights: its pixel is not black and its unit not dead.
const ELEMENT: [usize; 2] = [420, 25];

/// The net 784-50-10 on three images, of whose pixels about three quarters are black.
fn one_element(wrong: bool) -> Finding {
    let tape = Tape::new();
    let mut rng = ChaCha8Rng::seed_from_u64(26);
    let mut leaf = |name: &str, shape: &[usize], scale: f64| {
        tape.leaf(name, real(shape, Domain::Between(-1.0, 1.0), &mut rng).mapv(|v| scale * v))
    };
    let x = leaf("x", &[3, 784], 2.0);
    tape.feed(x, x.value().mapv(|v| (v - 1.0).max(0.0))).unwrap();
    let [w1, b1] = [leaf("W1", &[784, 50], 0.1), leaf("b1", &[50], 0.1)];
    let [w2, b2] = [leaf("W2", &[50, 10], 0.1), leaf("b2", &[10], 0.1)];
    let labels = tape.index_leaf("t", arr1(&[5, 0, 4]));
    let product = Altered {
        right: Arc::new(ops::MatMul),
        what: "one element half as much again",
        wrong: wrong.then_some(1),
        rule: |Given { wrong, operand, x, dy, .. }| {
            if operand == 0 {
                return dy.matmul(x[1].t()).into();
            }
            let mut factors = Array2::ones((784, 50));
            factors[ELEMENT] = if wrong { 1.5 } else { 1.0 };
            (x[0].t().matmul(dy) * dy.tape().constant(factors)).into()
        },
    };
    let (y, line) = (tape.apply(product, &[x, w1]), line!());
    let loss = ((y + b1).relu().matmul(w2) + b2).softmax_cross_entropy(labels);
    let report = Check::new(loss, &[w1, b1, w2, b2]).run().unwrap();
    assert_eq!(report.parameters.iter().map(|p| p.shape.iter().product::<usize>()).sum::<usize>(), 39_760);
    let first = report.parameter("W1").unwrap();
    let is_alone = first.failed == 1 && first.worst.as_ref().is_some_and(|w| w.index == ELEMENT);
    let (op, place) = ("altered".to_owned(), (file!(), line));
    let expected = Expected { stage: Stage::Node, node: y.id(), operand: Some(1), op, place };
    let finding = Finding::of(Ok(report), &expected);
    // End to end, too, it is this element and no other.
    Finding { located: finding.located && is_alone, ..finding }
}
