//! Every op of the table on every sample: derivatives of first and second order against differences, strided
//! operands, fan-out, linearity in the cotangent.

#[path = "../support/mod.rs"]
mod support;

mod contract;
mod directions;
mod einsum;
mod linalg;
mod plans;
mod strided;

use chainrule::check::OpCheck;
use chainrule::op::{Derivative, Domain};
use chainrule::ops::MatMul;
use chainrule::{Tape, Var};
use ndarray::{ArrayD, arr2};
use support::{Case, Operand, check_vjp, cotangent, differences, for_every_real_case, leaf, operand, real};

/// What an op's rule says about one operand.
#[derive(PartialEq)]
enum Rule {
    Var,
    Zero,
    None,
}

fn rules(case: &Case, operands: &[Operand]) -> Vec<Rule> {
    let tape = Tape::new();
    let (x, y) = case.record(&tape, operands);
    let dy = tape.input("dy", y.shape());
    let rule = |i| match case.op.rule(i, &x, y, dy) {
        Derivative::Var(_) => Rule::Var,
        Derivative::Zero => Rule::Zero,
        Derivative::NotDifferentiable => Rule::None,
    };
    (0..x.len()).map(rule).collect()
}

/// `stop_gradient` alone has a derivative that is not its function's.
fn lies(case: &Case) -> bool {
    case.op.name() == "stop_gradient"
}

#[test]
fn first_derivatives_match_differences() {
    for_every_real_case(|case, rng| {
        let operands = case.operands(rng);
        let tape = Tape::new();
        let (x, y) = case.record(&tape, &operands);
        let dy = cotangent("dy", y, rng);
        let mut failures = Vec::new();
        for (i, rule) in rules(case, &operands).iter().enumerate() {
            if *rule == Rule::None {
                let refused = tape.leaf("s", 1.0) * y.sum();
                match refused.try_grad(&[x[i]]) {
                    Ok(_) => failures.push(format!("operand {i} has no derivative, and yet a gradient")),
                    Err(e) if e.to_string().contains("indices") => {}
                    Err(e) => {
                        failures.push(format!("operand {i}: the message does not speak of indices: {e}"))
                    }
                }
                continue;
            }
            let [dx] = y.vjp(dy, [x[i]]);
            if (*rule == Rule::Zero) != dx.is_structural_zero() {
                failures.push(format!("operand {i}: structural zero is {}", dx.is_structural_zero()));
            }
            if !lies(case) {
                failures.extend(check_vjp(y, dy, x[i]).into_iter().map(|f| format!("operand {i}: {f}")));
            }
        }
        failures
    });
}

#[test]
fn second_derivatives_match_differences_of_the_first() {
    for_every_real_case(|case, rng| {
        let operands = case.operands(rng);
        let rules = rules(case, &operands);
        let tape = Tape::new();
        let (x, y) = case.record(&tape, &operands);
        let dy = cotangent("dy", y, rng);
        let mut failures = Vec::new();
        if y.value().iter().any(|y| y.is_nan()) {
            assert_eq!(case.op.name(), "mean", "the mean of nothing alone is not a number");
            return failures;
        }
        // An op that cannot be differentiated twice says so.
        let again = case.op.orders() >= 2;
        for i in (0..x.len()).filter(|&i| again && rules[i] == Rule::Var) {
            let [dx] = y.vjp(dy, [x[i]]);
            let r = cotangent("r", dx, rng);
            let reals = (0..x.len()).filter(|&k| rules[k] != Rule::None).map(|k| x[k]);
            for by in reals.chain([dy]) {
                failures.extend(check_vjp(dx, r, by).into_iter().map(|f| format!("dx{i}: {f}")));
            }
        }
        failures
    });
}

#[test]
fn the_vjp_is_linear_in_the_cotangent() {
    for_every_real_case(|case, rng| {
        let operands = case.operands(rng);
        let rules = rules(case, &operands);
        let tape = Tape::new();
        let (x, y) = case.record(&tape, &operands);
        let dy = tape.input("dy", y.shape());
        let [a, b] = [0, 1].map(|_| real(&y.shape(), Domain::Signed(0.5, 1.5), rng));
        let mut failures = Vec::new();
        for i in (0..x.len()).filter(|&i| rules[i] == Rule::Var) {
            let [dx] = y.vjp(dy, [x[i]]);
            let at = |cotangent: ArrayD<f64>| {
                tape.feed(dy, cotangent).unwrap();
                dx.value().into_array()
            };
            let (of_a, of_b) = (at(a.clone()), at(b.clone()));
            let apart = 3.0 * &of_a - 2.0 * &of_b;
            // What cancels leaves the roundings of its terms, however little is left of itself.
            let terms = of_a.iter().chain(&of_b).chain(&a).chain(&b).fold(0.0_f64, |m, x| m.max(x.abs()));
            let together = at(3.0 * &a - 2.0 * &b);
            let off = together.iter().zip(&apart).map(|(x, y)| (x - y).abs()).fold(0.0_f64, f64::max);
            if off > 1e-13 * terms {
                failures.push(format!("dx{i} of 3a − 2b is {off:e} off, of terms up to {terms:e}"));
            }
            if at(0.0 * &a).iter().any(|&x| x != 0.0) {
                failures.push(format!("dx{i} of a zero cotangent is not zero"));
            }
        }
        failures
    });
}

#[test]
fn a_var_used_for_every_operand_and_a_result_used_twice() {
    for_every_real_case(|case, rng| {
        let (shape, domain) = &case.sample.0[0];
        let domain = case
            .sample
            .0
            .iter()
            .map(|(_, d)| *d)
            .find(|d| matches!(d, Domain::Signed(..)))
            .unwrap_or(*domain);
        if matches!(domain, Domain::Index(_)) || lies(case) {
            return vec![];
        }
        let mut failures = Vec::new();
        let tape = Tape::new();
        let x = tape.leaf("x", real(shape, domain, rng));
        // The same var as every operand, where the shapes allow.
        // A system with itself on the right has the identity as its solution, and gradients that are rounding.
        if case.sample.0.len() > 1
            && !["solve", "triangular_solve"].contains(&case.op.name())
            && let Ok(y) = tape.try_apply_shared(case.op.clone(), &vec![x; case.sample.0.len()])
        {
            let dy = cotangent("dy", y, rng);
            failures.extend(check_vjp(y, dy, x).into_iter().map(|f| format!("same operand: {f}")));
        }
        // The result used twice, the operand once more besides.
        let others = case.sample.0[1..].iter().map(|(s, d)| leaf(&tape, "other", &operand(s, *d, rng)));
        let operands: Vec<Var<'_>> = std::iter::once(x).chain(others).collect();
        let y = tape.try_apply_shared(case.op.clone(), &operands).unwrap();
        let weights = cotangent("weights", y, rng);
        let z = (weights * (y * y + y)).sum() + (x * x + 0.3 * x).sum();
        let one = tape.leaf("one", 1.5);
        failures.extend(check_vjp(z, one, x).into_iter().map(|f| format!("used twice: {f}")));
        failures
    });
}

/// Where the gradients of a number by a sweep are not, bit for bit, the values of those recorded; or where one is refused
/// and the other is not.
fn sweep_differs(what: &str, y: Var<'_>, vars: &[Var<'_>]) -> Vec<String> {
    let before = y.tape().graph().len();
    let swept = y.try_sweep(vars);
    if y.tape().graph().len() != before {
        return vec![format!("{what}: the sweep recorded something")];
    }
    match (swept, y.try_grad(vars)) {
        (Ok(swept), Ok(recorded)) => swept
            .iter()
            .zip(recorded)
            .enumerate()
            .filter_map(|(i, (swept, var))| {
                differences(&format!("{what}: sweep of var {i}"), swept, &var.value(), true)
            })
            .collect(),
        (Err(swept), Err(recorded)) if swept == recorded => vec![],
        (swept, recorded) => vec![format!("{what}: {swept:?} instead of {recorded:?}")],
    }
}

#[test]
fn a_sweep_gives_the_values_of_the_recorded_gradients_bit_for_bit() {
    for_every_real_case(|case, rng| {
        let operands = case.operands(rng);
        let tape = Tape::new();
        let (x, y) = case.record(&tape, &operands);
        let weights = cotangent("weights", y, rng);
        let reals: Vec<Var<'_>> = x.iter().copied().filter(|x| x.id() != y.id()).collect();
        let mut failures = Vec::new();
        let mut losses = vec![("plain", y.sum()), ("weighed", (weights * y).sum())];
        // The result used twice, by itself and with the operands that it goes with.
        let twice = (y * weights + y * y).mean() + (y - weights).square().sum();
        losses.push(("used twice", twice));
        for (i, &x) in x.iter().enumerate() {
            if matches!(operands[i], Operand::Real(_)) {
                losses.push(("and an operand again", twice + x.sin().sum() * y.sum()));
                losses.push(("of the same shape", (x + x * x).sum() + y.sum()));
            }
        }
        for (what, loss) in losses {
            failures.extend(sweep_differs(what, loss, &reals));
            for (i, &x) in x.iter().enumerate() {
                failures.extend(sweep_differs(&format!("{what}, operand {i}"), loss, &[x]));
                failures.extend(sweep_differs(&format!("{what}, operand {i} and y"), loss, &[y, x, weights]));
            }
        }
        // Strided operands.
        let turned: Vec<(Var<'_>, Var<'_>)> = x
            .iter()
            .zip(&operands)
            .map(|(&x, operand)| match operand {
                Operand::Real(value) => {
                    let leaf = tape.leaf("turned", value.t().to_owned());
                    (leaf, leaf.t())
                }
                Operand::Index(_) => (x, x),
            })
            .collect();
        let views: Vec<Var<'_>> = turned.iter().map(|&(_, view)| view).collect();
        let y = tape.try_apply_shared(case.op.clone(), &views).unwrap();
        for (leaf, view) in turned {
            failures.extend(sweep_differs("turned", (y * weights + y).sum(), &[leaf, view]));
        }
        failures
    });
}

/// The checker that users have, on hostile operands; for all of the table it is run in `check`.
#[test]
fn the_checker_passes_the_op_that_is_asked_for() {
    if std::env::var_os("CHAINRULE_OP").is_none() {
        return;
    }
    let mut reports = Vec::new();
    let mut ops: Vec<_> = support::cases().into_iter().map(|case| case.op).collect();
    ops.dedup_by_key(|op| op.attributes());
    for op in ops.into_iter().filter(|op| op.name() != "stop_gradient") {
        let report = OpCheck::shared(op).run().unwrap();
        assert!(report.passed(), "{report}");
        reports.push(report.to_string());
    }
    print!("{}", reports.concat());
}

#[test]
fn a_matrix_times_itself_and_its_transpose() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr2(&[[0.5, -1.2, 0.3], [1.1, 0.7, -0.4], [-0.9, 0.2, 1.6]]));
    let dy = tape.leaf("dy", arr2(&[[0.7, -1.3, 0.9], [1.4, -0.6, 0.8], [-1.1, 1.2, 0.55]]));
    for y in [tape.apply(MatMul, &[x, x]), x.matmul(x.t()), x.t().matmul(x), x.matmul(x).matmul(x)] {
        assert_eq!(check_vjp(y, dy, x), [""; 0]);
    }
}
