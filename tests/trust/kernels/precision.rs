//! Kernels that are wrong in f32 and right in f64, and kernels in f64 that compute in f32.

use super::custom::{Custom, Rule, Run};
use super::{assert_located, assert_op_fails, assert_right, check, some};
use chainrule::check::Stage;
use chainrule::op::{Domain, Inputs, Operand, Output, reals};
use chainrule::{Float, Tape};

const SAYS: &str = "its kernel in f32 differs";
const SINGLE: &str = "the kernel computes in single precision";

fn map<F: Float>(x: Inputs<'_, '_, F>, y: Output<'_, F>, f: impl Fn(F) -> F) {
    y.data.iter_mut().zip(x.real(0).slice()).for_each(|(y, &x)| *y = f(x));
}

fn of_one<F: Float>(x: Inputs<'_, '_, F>, y: Output<'_, F>, f: impl Fn(F) -> F) {
    y.data.iter_mut().zip(x.real(0).array()).for_each(|(y, &x)| *y = f(x));
}

fn product<F: Float>(x: Inputs<'_, '_, F>, y: Output<'_, F>, term: impl Fn(usize, F) -> F) {
    let [a, b] = [0, 1].map(|i| x.real(i).array().into_dimensionality::<ndarray::Ix2>().unwrap());
    for (place, y) in y.data.iter_mut().enumerate() {
        let (i, j) = (place / b.ncols(), place % b.ncols());
        *y = a.row(i).iter().zip(b.column(j)).map(|(&a, &b)| term(j, a * b)).sum();
    }
}

const CUBED: Rule = |_, x, _, dy| (3.0 * dy * x[0].square()).into();

/// `y = x³` with several kernels in f32.
fn cubes() -> [(&'static str, Run<f32>); 6] {
    [
        ("right", |x, y| map(x, y, |x| x * x * x)),
        ("twice", |x, y| map(x, y, |x| 2.0 * x * x * x)),
        ("a little more", |x, y| map(x, y, |x| x * x * x * 1.00002)),
        ("below zero", |x, y| map(x, y, |x| if x < 0.0 { -x * x * x } else { x * x * x })),
        ("nothing", |_, _| {}),
        ("overflows", |x, y| map(x, y, |x| x * x * x * 1e30 * 1e30 / 1e30 / 1e30)),
    ]
}

#[test]
fn a_wrong_kernel_in_f32_is_located() {
    for shape in [&[][..], &[5], &[3, 400]] {
        for (name, single) in cubes() {
            let op = Custom::map(name, |x, y| map(x, y, |x| x * x * x), single, CUBED);
            let tape = Tape::new();
            let x = tape.leaf("x", some(shape).mapv(|x| if shape.is_empty() { -x.abs() } else { x }));
            let (y, line) = (tape.apply(op, &[x.tanh()]), line!());
            let report = check(y, &[x]);
            match name {
                "right" => assert_right(&report),
                _ => assert_located(&report, Stage::Node, y, line, SAYS),
            }
        }
    }
}

#[test]
fn a_wrong_kernel_in_f32_of_an_op_alone_is_found() {
    for (name, single) in cubes().into_iter().filter(|(name, _)| *name != "right") {
        assert_op_fails(&Custom::map(name, |x, y| map(x, y, |x| x * x * x), single, CUBED), SAYS);
        let wide: Run<f64> = |x, y| of_one(x, y, |x| x * x * x);
        if name == "twice" {
            assert_op_fails(
                &Custom::of_one(name, wide, |x, y| of_one(x, y, |x| 2.0 * x * x * x), CUBED),
                SAYS,
            );
        }
    }
}

#[test]
fn a_wrong_kernel_in_f32_in_a_rule_is_located_at_the_node_it_belongs_to() {
    let rule: Rule = |_, x, _, dy| {
        let square: Run<f64> = |x, y| map(x, y, |x| x * x);
        let wrong = Custom::map(
            "square",
            square,
            |x, y| map(x, y, |x| x * x + 1e-3),
            |_, x, _, dy| (2.0 * dy * x[0]).into(),
        );
        (3.0 * dy * x[0].tape().apply(wrong, &[x[0]])).into()
    };
    let op = Custom::map("cube", |x, y| map(x, y, |x| x * x * x), |x, y| map(x, y, |x| x * x * x), rule);
    let tape = Tape::new();
    let x = tape.leaf("x", some(&[7]));
    let (y, line) = (tape.apply(op, &[x.sin()]), line!());
    assert_located(&check(y, &[x]), Stage::Node, y, line, SAYS);
}

/// A product of matrices, with its rules; `single` in f32.
fn matmul(name: &'static str, wide: Run<f64>, single: Run<f32>) -> Custom {
    let rule: Rule = |operand, x, _, dy| match operand {
        0 => dy.matmul(x[1].t()).into(),
        _ => x[0].t().matmul(dy).into(),
    };
    Custom::of_one(name, wide, single, rule).of_shape(|x: &[Operand<'_>]| match reals(x)? {
        [&[m, k], &[inner, n]] if k == inner => Ok(vec![m, n]),
        _ => Err("takes two matrices".to_owned()),
    })
}

#[test]
fn a_product_whose_terms_cancel_is_told_from_a_wrong_one() {
    let singles: [(&str, Run<f32>); 2] = [
        ("right", |x, y| product(x, y, |_, x| x)),
        ("the last column", |x, y| product(x, y, |j, x| if j == 4 { x * 1.01 } else { x })),
    ];
    for (name, single) in singles {
        let op = matmul(name, |x, y| product(x, y, |_, x| x), single);
        let tape = Tape::new();
        let (a, b) = (tape.leaf("a", some(&[6, 100])), tape.leaf("b", some(&[100, 5])));
        let (y, line) = (tape.apply(op, &[a, b]), line!());
        let report = check(y, &[a, b]);
        match name {
            "right" => assert_right(&report),
            _ => assert_located(&report, Stage::Node, y, line, SAYS),
        }
    }
}

#[test]
fn a_kernel_in_f64_that_computes_in_single_precision_is_told_as_that() {
    let kernels: [(&str, Run<f64>); 4] = [
        ("operands", |x, y| map(x, y, |x| f64::from(x as f32).exp())),
        ("results", |x, y| map(x, y, |x| f64::from(x.exp() as f32))),
        ("all", |x, y| map(x, y, |x| f64::from((x as f32).exp()))),
        ("inside", |x, y| map(x, y, |x| 0.3 * f64::from((3.0 * x) as f32).exp().powf(1.0 / 3.0) / 0.3)),
    ];
    for shape in [&[][..], &[6], &[20, 30]] {
        for (name, wide) in kernels {
            let op = Custom::map(name, wide, |x, y| map(x, y, f32::exp), |_, _, y, dy| (dy * y).into());
            let tape = Tape::new();
            let x = tape.leaf("x", some(shape));
            let (y, line) = (tape.apply(op, &[x]), line!());
            assert_located(&check(y, &[x]), Stage::Node, y, line, SINGLE);
        }
    }
}

#[test]
fn a_sum_or_a_product_in_f64_that_is_computed_in_f32_is_told_as_that() {
    let product_in_f32: Run<f64> = |x, mut y| {
        let single = |i: usize| x.real(i).array().mapv(|x| x as f32).into_dimensionality::<ndarray::Ix2>();
        y.array().assign(&single(0).unwrap().dot(&single(1).unwrap()).mapv(f64::from).into_dyn());
    };
    let op = matmul("in f32", product_in_f32, |x, y| product(x, y, |_, x| x));
    let tape = Tape::new();
    let (a, b) = (tape.leaf("a", some(&[6, 40])), tape.leaf("b", some(&[40, 5])));
    let (y, line) = (tape.apply(op, &[a, b]), line!());
    assert_located(&check(y, &[a, b]), Stage::Node, y, line, SINGLE);
    let sum: Run<f64> =
        |x, y| y.data[0] = f64::from(x.real(0).array().iter().map(|&x| x as f32).sum::<f32>());
    let op = Custom::of_one(
        "sum",
        sum,
        |x, y| y.data[0] = x.real(0).array().sum(),
        |_, x, _, dy| dy.broadcast_like(x[0]).into(),
    );
    let op = op.of_shape(|_| Ok(Vec::new()));
    let tape = Tape::new();
    let x = tape.leaf("x", some(&[30]));
    let (y, line) = (tape.apply(op.clone(), &[x]), line!());
    assert_located(&check(y, &[x]), Stage::Node, y, line, SINGLE);
    assert_op_fails(&Custom { domain: Some(Domain::Between(0.3, 1.7)), ..op }, SINGLE);
}
