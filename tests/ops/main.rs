//! Every op of the table on every sample: derivatives of first and second order against differences, strided
//! operands, fan-out, linearity in the cotangent.

#[path = "../support/mod.rs"]
mod support;

mod contract;

use chainrule::check::OpCheck;
use chainrule::op::{self, Derivative, Domain, Inputs, Kernel, Kind, Output, operands};
use chainrule::ops::MatMul;
use chainrule::{Float, Op, Plan, PlanOptions, State, Tape, Var};
use ndarray::{ArrayD, SliceInfoElem, arr2};
use rand_chacha::ChaCha8Rng;
use support::{
    Case, Operand, check_vjp, cotangent, differences, for_every_case, for_every_real_case, leaf, operand,
    real,
};

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

/// Where indices in plans of both precisions are not those on the tape, as an output and as an operand of another op.
fn indices_differ(y: Var<'_>) -> Vec<String> {
    let wanted = y.value().mapv(|index| index as usize);
    let read = y.tape().apply(Echo, &[y.t()]);
    let as_numbers = y.value().t().to_owned();
    let mut failures = Vec::new();
    let mut compare = |what: &str, indices: Option<ArrayD<usize>>, numbers: ArrayD<f64>| {
        if indices.as_ref() != Some(&wanted) || numbers != as_numbers {
            failures.push(format!("{what}: {indices:?} and {numbers} instead of {wanted:?}"));
        }
    };
    for fuse in [true, false] {
        let options = PlanOptions::default().fuse(fuse);
        let mut plan = Plan::<f64>::compile_with([y, read], [], options).unwrap();
        for run in 0..2 {
            let out = plan.run(&mut State::new()).unwrap();
            let indices = out.indices(y).map(|indices| indices.to_owned());
            compare(&format!("f64, fused: {fuse}, run {run}"), indices, out.nth(1).to_owned());
        }
        let mut plan = Plan::<f32>::compile_with([y, read], [], options).unwrap();
        let out = plan.run(&mut State::new()).unwrap();
        let indices = out.indices(y).map(|indices| indices.to_owned());
        compare(&format!("f32, fused: {fuse}"), indices, out.nth(1).mapv(f64::from));
    }
    failures
}

/// Indices as numbers.
#[derive(Debug)]
struct Echo;

impl<F: Float> Kernel<F> for Echo {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        y.data.iter_mut().zip(x.index(0).iter()).for_each(|(y, index)| *y = F::of(index as f64));
    }
}

impl Op for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn formula(&self) -> &'static str {
        "y = x"
    }

    fn shape(&self, x: &[op::Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = operands(x, [Kind::Index])?;
        Ok(x.to_vec())
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
        Derivative::NotDifferentiable
    }
}

#[test]
fn a_plan_gives_the_values_bit_for_bit_and_in_f32_up_to_rounding() {
    for_every_case(|case, rng| {
        let operands = case.operands(rng);
        let rules = rules(case, &operands);
        let tape = Tape::new();
        let (x, y) = case.record(&tape, &operands);
        if case.kind() == Kind::Index {
            return indices_differ(y);
        }
        let dy = cotangent("dy", y, rng);
        let mut wanted = vec![y];
        for i in (0..x.len()).filter(|&i| rules[i] == Rule::Var) {
            let [first] = y.vjp(dy, [x[i]]);
            wanted.push(first);
            if case.op.orders() < 2 {
                continue;
            }
            // Second order: the same of the first derivative, with respect to every operand and to dy.
            let again = cotangent("again", first, rng);
            for j in (0..x.len()).filter(|&j| rules[j] == Rule::Var) {
                wanted.extend(first.vjp(again, [x[j], dy]));
            }
        }
        // The same once more on strided operands.
        let views: Vec<Var<'_>> = x
            .iter()
            .zip(&operands)
            .map(|(&x, operand)| match operand {
                Operand::Real(value) => {
                    let turned = tape.leaf("turned", value.t().to_owned());
                    let backwards =
                        vec![SliceInfoElem::Slice { start: 0, end: None, step: -1 }; turned.rank()];
                    turned.slice(backwards).t()
                }
                Operand::Index(_) => x,
            })
            .collect();
        wanted.push(tape.try_apply_shared(case.op.clone(), &views).unwrap());
        let values: Vec<ArrayD<f64>> = wanted.iter().map(|v| v.value().into_array()).collect();

        let mut failures = Vec::new();
        for fuse in [true, false] {
            let options = PlanOptions::default().fuse(fuse);
            let mut plan = Plan::<f64>::compile_with(wanted.iter().copied(), [], options).unwrap();
            for run in 0..2 {
                let out = plan.run(&mut State::new()).unwrap();
                for (i, value) in values.iter().enumerate() {
                    let what = format!("f64, fused: {fuse}, run {run}, output {i}");
                    failures.extend(differences(&what, &out.nth(i).to_owned(), value, true));
                }
            }
            let mut plan = Plan::<f32>::compile_with(wanted.iter().copied(), [], options).unwrap();
            let out = plan.run(&mut State::new()).unwrap();
            for (i, value) in values.iter().enumerate() {
                // Rounding is that of the operands too, where a sum cancels.
                let greatest = value.iter().fold(2.0_f64, |m, x| m.max(x.abs()));
                let close = |(&a, &b): (&f32, &f64)| {
                    let equal = f64::from(a) == b || (a.is_nan() && b.is_nan());
                    equal || (f64::from(a) - b).abs() <= 1e-6 * (4.0 * b.abs() + greatest)
                };
                if !out.nth(i).iter().zip(value).all(close) {
                    failures
                        .push(format!("f32, fused: {fuse}, output {i}: {} instead of {value}", out.nth(i)));
                }
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
        if case.sample.0.len() > 1
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
