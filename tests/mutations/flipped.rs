//! One sign flipped in one rule: the checker finds it, for every op of the table and in every layer of the chapter's
//! net.

use crate::altered::{Altered, Given};
use crate::support::{self, cotangent, for_every_real_case, real};
use chainrule::check::{Report, Verdict};
use chainrule::op::{Derivative, Op};
use chainrule::{Check, Tape, Var, ops};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// An op with the sign of one operand's rule flipped.
fn flipped(right: Arc<dyn Op>, operand: usize) -> Altered {
    fn rule<'t>(Given { right, wrong, operand, x, y, dy }: Given<'_, 't>) -> Derivative<'t> {
        match right.rule(operand, x, y, dy) {
            Derivative::Var(dx) if wrong => (-dx).into(),
            dx => dx,
        }
    }
    Altered { right, what: "sign flipped", wrong: Some(operand), rule }
}

/// Whether the first thing wrong is said to be the rule of a node for an operand.
fn locates(report: &Report, node: Var<'_>, operand: usize) -> bool {
    report.first_fault().is_some_and(|f| (f.node, f.operand) == (node.id(), Some(operand)))
}

#[test]
fn a_flipped_sign_in_any_rule_is_found() {
    let found = std::cell::Cell::new(0);
    for_every_real_case(|case, rng| {
        let operands = case.operands(rng);
        let mut failures = Vec::new();
        for operand in 0..operands.len() {
            let tape = Tape::new();
            let (x, y) = case.record(&tape, &operands);
            if matches!(operands[operand], support::Operand::Index(_)) {
                continue;
            }
            let weights = cotangent("weights", y, rng);
            let gradient = y.vjp(weights, [x[operand]])[0].value();
            if !gradient.iter().any(|g| g.abs() > 1e-3) {
                continue;
            }
            let wrong = tape.apply(flipped(case.op.clone(), operand), &x);
            let [right_report, wrong_report] =
                [y, wrong].map(|y| Check::new((y * weights).sum(), &[x[operand]]).run().unwrap());
            if !right_report.passed() {
                failures.push(format!("operand {operand}, not passed:\n{right_report}"));
            }
            // Differences of the whole may not settle at this point; the node's own say what is wrong all the same.
            if wrong_report.passed() || !locates(&wrong_report, wrong, operand) {
                failures.push(format!("operand {operand}, not found:\n{wrong_report}"));
            }
            found.set(found.get() + 1);
        }
        failures
    });
    assert!(found.get() > 150, "{} rules flipped", found.get());
}

/// The chapter's net on three rows, smaller, with the sign of one rule flipped: the loss, the parameters, and the node
/// with the wrong rule, which is named by the number of its op and the operand.
fn net<'t>(tape: &'t Tape, wrong: Option<(usize, usize)>) -> (Var<'t>, [Var<'t>; 4], Option<Var<'t>>) {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut leaf = |name: &str, shape: &[usize]| {
        tape.leaf(name, real(shape, chainrule::op::Domain::Signed(0.1, 0.9), &mut rng))
    };
    let x = leaf("x", &[3, 12]);
    let parameters = [leaf("W1", &[12, 7]), leaf("b1", &[7]), leaf("W2", &[7, 10]), leaf("b2", &[10])];
    let [w1, b1, w2, b2] = parameters;
    let labels = tape.index_leaf("t", ndarray::arr1(&[5, 0, 4]));
    let (mut ops, mut node) = (0, None);
    let mut apply = |op: Arc<dyn Op>, x: &[Var<'t>]| {
        ops += 1;
        match wrong.filter(|(number, _)| *number == ops) {
            Some((_, operand)) => *node.insert(tape.apply(flipped(op, operand), x)),
            None => tape.try_apply_shared(op, x).unwrap(),
        }
    };
    let product = apply(Arc::new(ops::MatMul), &[x, w1]);
    let affine = apply(Arc::new(ops::Add), &[product, b1]);
    let hidden = apply(Arc::new(ops::Relu), &[affine]);
    let product = apply(Arc::new(ops::MatMul), &[hidden, w2]);
    let scores = apply(Arc::new(ops::Add), &[product, b2]);
    let loss = apply(Arc::new(ops::CrossEntropyIndex), &[scores, labels]);
    (loss, parameters, node)
}

#[test]
fn a_flipped_sign_in_any_layer_of_the_chapters_net_is_found() {
    let tape = Tape::new();
    let (loss, parameters, _) = net(&tape, None);
    let report = Check::new(loss, &parameters).run().unwrap();
    assert!(report.passed(), "{report}");
    // Operand 0 of the first product is the input, and labels have no derivative: gradients go through the others.
    for (number, operand) in [(1, 1), (2, 0), (2, 1), (3, 0), (4, 0), (4, 1), (5, 0), (5, 1), (6, 0)] {
        let tape = Tape::new();
        let (loss, parameters, node) = net(&tape, Some((number, operand)));
        let report = Check::new(loss, &parameters).run().unwrap();
        let fails = report.parameters.iter().any(|p| p.verdict == Verdict::Fail);
        let is_located = node.is_some_and(|node| locates(&report, node, operand));
        assert!(!report.passed() && fails && is_located, "op {number}, operand {operand}\n{report}");
    }
}
