//! Every op of the table on strided operands.

use crate::support::{Operand, check_vjp, cotangent, differences, for_every_case, leaf, operand, real};
use crate::{Rule, rules};
use chainrule::op::{Domain, Kind};
use chainrule::{Tape, Var};
use ndarray::SliceInfoElem;
use rand_chacha::ChaCha8Rng;

/// A larger leaf and the view of it that has a given shape, strided.
type Strided = for<'t> fn(&'t Tape, &[usize], Domain, &mut ChaCha8Rng) -> (Var<'t>, Var<'t>);

const STRIDED: [(&str, Strided); 5] = [
    ("transposed", |tape, shape, domain, rng| {
        let reversed: Vec<usize> = shape.iter().rev().copied().collect();
        let x = tape.leaf("leaf", real(&reversed, domain, rng));
        (x, x.t())
    }),
    ("every second", |tape, shape, domain, rng| {
        let larger: Vec<usize> = shape.iter().map(|n| 2 * n + 1).chain([2]).collect();
        let x = tape.leaf("leaf", real(&larger, domain, rng));
        let mut parts = vec![SliceInfoElem::Slice { start: 1, end: None, step: 2 }; shape.len()];
        parts.push(SliceInfoElem::Index(1));
        (x, x.slice(parts))
    }),
    ("reversed", |tape, shape, domain, rng| {
        let x = tape.leaf("leaf", real(shape, domain, rng));
        (x, x.slice(vec![SliceInfoElem::Slice { start: 0, end: None, step: -1 }; shape.len()]))
    }),
    ("transposed and reversed in steps", |tape, shape, domain, rng| {
        let larger: Vec<usize> = shape.iter().rev().map(|n| n + n.saturating_sub(1)).collect();
        let x = tape.leaf("leaf", real(&larger, domain, rng));
        (x, x.slice(vec![SliceInfoElem::Slice { start: 0, end: None, step: -2 }; shape.len()]).t())
    }),
    ("stretched along the last axis", |tape, shape, domain, rng| {
        let mut row = shape.to_vec();
        row.last_mut().into_iter().for_each(|n| *n = 1);
        let x = tape.leaf("leaf", real(&row, domain, rng));
        (x, x.broadcast_to(shape))
    }),
];

#[test]
fn strided_operands_give_the_same_values_and_right_gradients() {
    for_every_case(|case, rng| {
        let mut failures = Vec::new();
        for (name, strided) in STRIDED {
            let tape = Tape::new();
            let mut leaves = Vec::new();
            let mut contiguous = Vec::new();
            for (shape, domain) in &case.sample.0 {
                // What a domain says of an array as a whole, a part of a larger one would not be.
                let (leaf, view) = match domain.kind() {
                    _ if domain.is_whole() || domain.kind() == Kind::Index => {
                        let elements = operand(shape, *domain, rng);
                        contiguous.push(elements.clone());
                        let x = leaf(&tape, "whole", &elements);
                        (x, x)
                    }
                    _ => {
                        let (leaf, view) = strided(&tape, shape, *domain, rng);
                        contiguous.push(Operand::Real(view.value().into_array()));
                        (leaf, view)
                    }
                };
                leaves.push((leaf, view));
            }
            let views: Vec<Var<'_>> = leaves.iter().map(|&(_, view)| view).collect();
            let y = tape.try_apply_shared(case.op.clone(), &views).unwrap();

            let plain = Tape::new();
            let (x, plain_y) = case.record(&plain, &contiguous);
            if case.kind() == Kind::Index {
                failures.extend(differences(&format!("{name}: y"), &y.value(), &plain_y.value(), true));
                continue;
            }
            let dy = cotangent("dy", y, rng);
            let plain_dy = plain.leaf("dy", dy.value());
            let exact = case.op.elementwise();
            failures.extend(differences(&format!("{name}: y"), &y.value(), &plain_y.value(), exact));
            for (i, rule) in rules(case, &contiguous).into_iter().enumerate() {
                if rule != Rule::Var {
                    continue;
                }
                let ([dx], [plain_dx]) = (y.vjp(dy, [views[i]]), plain_y.vjp(plain_dy, [x[i]]));
                failures.extend(differences(
                    &format!("{name}: dx{i}"),
                    &dx.value(),
                    &plain_dx.value(),
                    false,
                ));
                // Scores that move together along a row leave their shares as they are: a derivative of 0 by
                // cancellation, which no difference resolves.
                if name.starts_with("stretched") && case.op.name().contains("softmax") {
                    continue;
                }
                failures.extend(
                    check_vjp(y, dy, leaves[i].0).into_iter().map(|f| format!("{name}: operand {i}: {f}")),
                );
            }
        }
        failures
    });
}
