//! Right kernels on operands that make rounding large: none may be accused.

use super::custom::{Custom, Rule};
use super::{assert_right, check, some};
use chainrule::check::{Fault, Mode};
use chainrule::op::{Domain, Inputs, Output};
use chainrule::{Check, Float, Tape, Var, ops};
use ndarray::{ArrayD, IxDyn};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How the numbers of an operand are drawn.
type Draw = fn(&mut ChaCha8Rng) -> f64;

fn sign(rng: &mut ChaCha8Rng) -> f64 {
    if rng.random_bool(0.5) { 1.0 } else { -1.0 }
}

fn draws() -> [(&'static str, Draw); 8] {
    [
        ("of order 1", |rng| sign(rng) * rng.random_range(0.3..1.7)),
        ("from 1e-12 to 1e12", |rng| sign(rng) * 10_f64.powf(rng.random_range(-12.0..12.0))),
        ("positive, from 1e-12 to 1e12", |rng| 10_f64.powf(rng.random_range(-12.0..12.0))),
        ("saturated", |rng| [-500.0, 500.0, 30.0, -30.0, 800.0, 0.0][rng.random_range(0..6)]),
        ("tied", |rng| [1.0, 1.0, 0.1, -0.1, 0.0][rng.random_range(0..5)]),
        ("near 1", |rng| 1.0 + 1e-9 * rng.random_range(-1.0..1.0)),
        ("tiny", |rng| 1e-42 * rng.random_range(-9.0..9.0)),
        ("one of many", |rng| if rng.random_range(0..8) == 0 { 1e12 } else { 1e-9 }),
    ]
}

/// An op of the table, on operands as its samples have them in shape; those with indices as they are.
fn operands<'t>(
    tape: &'t Tape,
    sample: &chainrule::op::Sample,
    draw: Draw,
    rng: &mut ChaCha8Rng,
) -> Vec<Var<'t>> {
    let operand = |(i, (shape, domain)): (usize, &(Vec<usize>, Domain))| match *domain {
        Domain::Index(n) => {
            let index = |_| rng.random_range(..n.max(1));
            tape.index_leaf(&format!("x{i}"), ArrayD::from_shape_fn(IxDyn(shape), index))
        }
        _ => tape.leaf(&format!("x{i}"), ArrayD::from_shape_simple_fn(IxDyn(shape), || draw(rng))),
    };
    sample.0.iter().enumerate().map(operand).collect()
}

#[test]
fn no_kernel_of_the_crate_is_accused_on_hostile_operands() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut failures = Vec::new();
    let mut checked = 0;
    for op in ops::TABLE.iter().flat_map(|entry| (entry.examples)()) {
        for sample in op.samples() {
            for (name, draw) in draws() {
                let tape = Tape::new();
                let x = operands(&tape, &sample, draw, &mut rng);
                let y = tape.try_apply_shared(op.clone(), &x).unwrap();
                let leaves: Vec<Var<'_>> =
                    x.iter().copied().filter(|x| x.name().is_some() && is_real(&tape, *x)).collect();
                if leaves.is_empty() || !is_real(&tape, y) || y.shape().contains(&0) {
                    continue;
                }
                let loss = (y * tape.constant(some(&y.shape()))).sum();
                let Ok(report) = Check::new(loss, &leaves).run() else { continue };
                checked += 1;
                let accused = report.faults.iter().filter(|fault| is_about_kernels(fault));
                failures.extend(accused.map(|fault| format!("{}, {name}: {fault}", op.name())));
            }
        }
    }
    assert!(checked > 500, "{checked}");
    assert!(failures.is_empty(), "{} of {checked}:\n{}", failures.len(), failures.join("\n"));
}

/// Whether a fault is one of a kernel, and not of a rule or of a whole.
fn is_about_kernels(fault: &Fault) -> bool {
    let said = ["strided", "in f32", "single precision", "by_rows", "piece", "deterministic"];
    said.iter().any(|said| fault.problem.contains(said))
}

fn is_real(tape: &Tape, x: Var<'_>) -> bool {
    tape.graph().node(x.id()).kind() == chainrule::op::Kind::Real
}

/// `y = f(x)` for each element, in both precisions by the same formula.
macro_rules! formula {
    ($name:literal, |$x:ident| $f:expr, $rule:expr) => {{
        fn run<F: Float>(x: Inputs<'_, '_, F>, y: Output<'_, F>) {
            y.data.iter_mut().zip(x.real(0).slice()).for_each(|(y, &$x)| *y = $f);
        }
        let rule: Rule = $rule;
        Custom::map($name, run::<f64>, run::<f32>, rule)
    }};
}

#[test]
fn a_formula_that_cancels_inside_the_kernel_is_no_fault_of_its_precision() {
    let formulas = [
        formula!("softplus", |x| (F::one() + x.exp()).ln(), |_, x, _, dy| (dy * x[0].sigmoid()).into()),
        formula!("1 - cos", |x| F::one() - x.cos(), |_, x, _, dy| (dy * x[0].sin()).into()),
        formula!("tanh", |x| (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()), |_, _, y, dy| {
            (dy * (1.0 - y.square())).into()
        }),
        formula!("shifted softplus", |x| (F::one() + x.exp()).ln() - F::of(2.0).ln(), |_, x, _, dy| {
            (dy * x[0].sigmoid()).into()
        }),
        formula!("power", |x| x.abs().powf(F::of(2.1)), |_, x, _, dy| {
            (dy * 2.1 * x[0].abs().powf(1.1) * (x[0].greater(0.0) - x[0].less(0.0))).into()
        }),
    ];
    let points: [&[f64]; 5] = [
        &[-20.0, -15.0, -3.0, 0.0, 1.0, 15.0],
        &[1e-4, 1e-3, -1e-3, 1e-2],
        &[1e-12, 3e-8, 0.1, 7.0],
        &[0.3, -0.3, 11.0],
        &[0.0, 0.0],
    ];
    for op in formulas {
        for point in points {
            let tape = Tape::new();
            let x = tape.leaf("x", ndarray::arr1(point));
            let y = tape.apply(op.clone(), &[x]);
            let report = Check::new((y * tape.constant(some(&y.shape()))).sum(), &[x]).run().unwrap();
            let accused = report.faults.iter().any(is_about_kernels);
            assert!(!accused, "{} at {point:?}: {report}", op.name);
        }
    }
}

#[test]
fn a_long_sum_in_plain_order_is_no_fault_of_its_precision() {
    fn sum<F: Float>(x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        y.data[0] = x.real(0).slice().iter().fold(F::zero(), |sum, &x| sum + x);
    }
    fn variance<F: Float>(x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let x = x.real(0).slice();
        let n = F::of(x.len() as f64);
        let mean = x.iter().copied().sum::<F>() / n;
        y.data[0] = x.iter().map(|&x| x * x).sum::<F>() / n - mean * mean;
    }
    let scalar = |op: Custom| op.of_shape(|_| Ok(Vec::new()));
    let sum = scalar(Custom::of_one("sum", sum, sum, |_, x, _, dy| dy.broadcast_like(x[0]).into()));
    let variance = scalar(Custom::of_one("variance", variance, variance, |_, x, y, dy| {
        (dy * 2.0 * (x[0] - x[0].mean_keep(0)) / x[0].count_per(y)).into()
    }));
    for (n, value) in [(10_000, 0.1), (100_000, 0.1), (30_000, 1.0 / 3.0)] {
        let tape = Tape::new();
        let x = tape.leaf("x", ndarray::Array1::from_elem(n, value));
        assert_right(&Check::new(tape.apply(sum.clone(), &[x]), &[x]).mode(Mode::QUICK).run().unwrap());
    }
    let tape = Tape::new();
    let x = tape.leaf("x", some(&[1000]).mapv(|x| 300.0 + x));
    let report = Check::new(tape.apply(variance, &[x]), &[x]).run().unwrap();
    let accused = report.faults.iter().any(is_about_kernels);
    assert!(!accused, "{report}");
}

#[test]
fn a_kernel_that_has_no_f32_is_no_wrong_one() {
    let double = |x: Inputs<'_, '_, f64>, y: Output<'_, f64>| {
        y.data.iter_mut().zip(x.real(0).slice()).for_each(|(y, &x)| *y = x + x);
    };
    let op = Custom::map("f64 alone", double, |_, _| panic!("f64 alone"), |_, _, _, dy| (2.0 * dy).into());
    let tape = Tape::new();
    let x = tape.leaf("x", some(&[3, 4]));
    assert_right(&check(tape.apply(op, &[x.sin()]), &[x]));
}
