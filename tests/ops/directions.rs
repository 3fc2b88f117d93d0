//! Many directions at once give what each of them gives, for every op: its batched form, or one by one.

use crate::support::{cotangent, for_every_real_case, real};
use crate::{Rule, rules};
use chainrule::op::Domain;
use chainrule::{Tape, Var};
use ndarray::{ArrayD, Axis};
use rand_chacha::ChaCha8Rng;

/// As many directions: not 1, and no axis of a sample needs to be told from them.
const COUNT: usize = 3;

/// The directions of a var: as rows of one leaf, and each by itself.
fn directions<'t>(name: &str, of: Var<'t>, rng: &mut ChaCha8Rng) -> (Var<'t>, Vec<Var<'t>>) {
    let shape = [&[COUNT], &of.shape()[..]].concat();
    let all = real(&shape, Domain::Between(-2.0, 2.0), rng);
    let each =
        all.outer_iter().enumerate().map(|(i, row)| of.tape().leaf(&format!("{name}{i}"), row.to_owned()));
    let each = each.collect();
    (of.tape().leaf(name, all), each)
}

/// Where rows differ from what each of them is by itself.
fn differs(what: &str, many: Var<'_>, each: &[Var<'_>]) -> Option<String> {
    let views: Vec<ArrayD<f64>> = each.iter().map(|y| y.value().into_array()).collect();
    let views: Vec<_> = views.iter().map(|y| y.view()).collect();
    let wanted = ndarray::stack(Axis(0), &views).unwrap();
    let found = many.value().into_array();
    if found.shape() != wanted.shape() {
        return Some(format!("{what} has shape {:?} instead of {:?}", found.shape(), wanted.shape()));
    }
    let near =
        |a: f64, b: f64| a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-11 * b.abs().max(1.0);
    let place = found.iter().zip(&wanted).position(|(&a, &b)| !near(a, b))?;
    Some(format!("{what}: {:?} instead of {:?}", found.iter().nth(place), wanted.iter().nth(place)))
}

#[test]
fn many_directions_are_what_each_of_them_is() {
    for_every_real_case(|case, rng| {
        let operands = case.operands(rng);
        let tape = Tape::new();
        let (x, y) = case.record(&tape, &operands);
        let rules = rules(case, &operands);
        let vars: Vec<Var<'_>> = (0..x.len()).filter(|&i| rules[i] == Rule::Var).map(|i| x[i]).collect();
        let mut failures = Vec::new();
        let mut hold = |what: &str, y: Var<'_>, rng: &mut ChaCha8Rng| {
            let (dys, each) = directions("dy", y, rng);
            let one: Vec<_> = each.iter().map(|&dy| y.try_vjp(dy, &vars).unwrap()).collect();
            for (i, many) in y.try_vjps(dys, &vars).unwrap().into_iter().enumerate() {
                let each: Vec<Var<'_>> = one.iter().map(|all| all[i]).collect();
                failures.extend(differs(&format!("vjps of {what} for var {i}"), many, &each));
            }
            let (mut together, mut each) = (Vec::new(), vec![Vec::new(); COUNT]);
            for (i, &x) in vars.iter().enumerate() {
                let (dxs, one) = directions(&format!("dx{i}_"), x, rng);
                together.push((x, dxs));
                each.iter_mut().zip(one).for_each(|(each, dx)| each.push((x, dx)));
            }
            if together.is_empty() {
                return;
            }
            let one: Vec<Var<'_>> = each.iter().map(|directions| y.try_jvp(directions).unwrap()).collect();
            failures.extend(differs(&format!("jvps of {what}"), y.try_jvps(&together).unwrap(), &one));
        };
        hold("y", y, rng);
        if case.op.orders() >= 2 {
            let dy = cotangent("c", y, rng);
            let first = vars.first().map(|&x| y.vjp(dy, [x])[0]);
            if let Some(first) = first {
                hold("dx", first, rng);
            }
        }
        failures
    });
}
