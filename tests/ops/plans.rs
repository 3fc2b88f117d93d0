//! Every op of the table in plans, fused and not, in both precisions.

use crate::support::{Operand, cotangent, differences, for_every_case};
use crate::{Rule, rules};
use chainrule::op::{self, Derivative, Inputs, Kernel, Kind, Output, operands};
use chainrule::{Float, Op, Plan, PlanOptions, State, Tape, Var};
use ndarray::{ArrayD, SliceInfoElem};

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
