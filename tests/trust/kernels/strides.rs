//! Kernels that are right on contiguous operands only, or on all rows at once, or in pieces of some lengths.

use super::custom::{Custom, Rule, Run};
use super::{assert_located, assert_op_fails, assert_op_passes, assert_right, check, some};
use chainrule::check::Stage;
use chainrule::op::{Inputs, Operand, Output, reals};
use chainrule::{Float, Tape, Var};
use ndarray::{Axis, s};

const SAYS: &str = "strided views";

/// `y = 2x`, right for contiguous operands; of others by the elements in some other order.
fn double<F: Float>(x: Inputs<'_, '_, F>, y: Output<'_, F>, wrong: impl Fn(&[isize]) -> bool) {
    let x = x.real(0);
    let bad = x.as_slice().is_none() && wrong(x.strides());
    let x = x.array();
    let order = if bad { x.t() } else { x };
    y.data.iter_mut().zip(order).for_each(|(y, &x)| *y = x + x);
}

/// `y = 2x`, right or wrong on views whose strides are like these.
fn twice(name: &'static str) -> Custom {
    macro_rules! wrong {
        ($strides:expr) => {
            Custom::of_one(
                name,
                |x, y| double(x, y, $strides),
                |x, y| double(x, y, $strides),
                |_, _, _, dy| (2.0 * dy).into(),
            )
        };
    }
    match name {
        "transposed" => wrong!(|s| matches!(*s, [a, b] if 0 < a && a < b)),
        "reversed" => wrong!(|s| s.iter().any(|&s| s < 0)),
        "stretched" => wrong!(|s| s.contains(&0)),
        _ => wrong!(|_| false),
    }
}

/// A view of a leaf, in which elements lie otherwise.
type View = for<'t> fn(Var<'t>) -> Var<'t>;

fn views() -> [(&'static str, View); 3] {
    [
        ("transposed", |x| x.t()),
        ("reversed", |x| x.slice(s![..;-1, ..;-1])),
        ("stretched", |x| x.slice(s![..1, ..]).broadcast_to([4, 4])),
    ]
}

#[test]
fn a_kernel_that_is_wrong_on_a_strided_view_is_located() {
    for (name, view) in views() {
        for op in ["right", name] {
            let tape = Tape::new();
            let x = tape.leaf("x", some(&[3, 4]));
            let (y, line) = (tape.apply(twice(op), &[view(x)]), line!());
            let report = check(y, &[x]);
            match op {
                "right" => assert_right(&report),
                _ => assert_located(&report, Stage::Node, y, line, SAYS),
            }
        }
    }
}

#[test]
fn the_operand_is_named() {
    let add: Run<f64> = |x, y| {
        let (a, b) = (x.real(0), x.real(1));
        let b_view = b.array();
        let b = if b.as_slice().is_some() { b_view } else { b_view.t() };
        y.data.iter_mut().zip(a.array()).zip(b).for_each(|((y, a), b)| *y = a + b);
    };
    let op = Custom::of_one("add", add, sum32, |_, _, _, dy| dy.into());
    let op = op.of_shape(|x: &[Operand<'_>]| reals(x).map(|[a, _]| a.to_vec()));
    let tape = Tape::new();
    let (a, b) = (tape.leaf("a", some(&[3, 4])), tape.leaf("b", some(&[4, 3])));
    for first in [a, a.slice(s![..;-1, ..])] {
        let (y, line) = (tape.apply(op.clone(), &[first, b.t()]), line!());
        let report = check(y, &[a, b]);
        assert_located(&report, Stage::Node, y, line, SAYS);
        assert_eq!(report.first_fault().and_then(|fault| fault.operand), Some(1), "{report}");
    }
}

fn sum32(x: Inputs<'_, '_, f32>, y: Output<'_, f32>) {
    let (a, b) = (x.real(0).array(), x.real(1).array());
    y.data.iter_mut().zip(a).zip(b).for_each(|((y, a), b)| *y = a + b);
}

#[test]
fn a_rule_whose_op_is_wrong_on_a_strided_view_is_located_at_the_node_it_belongs_to() {
    // The cotangent of what is transposed is a transposed view.
    let rules: [(&str, Rule); 2] = [
        ("right rule", |_, _, _, dy| dy.tape().apply(twice("right"), &[dy]).into()),
        ("wrong rule", |_, _, _, dy| dy.tape().apply(twice("transposed"), &[dy]).into()),
    ];
    for (name, rule) in rules {
        let op = Custom { name, rule, ..twice("right") };
        let tape = Tape::new();
        let x = tape.leaf("x", some(&[3, 4]));
        let (y, line) = (tape.apply(op, &[x]), line!());
        let report = check(y.t(), &[x]);
        match name {
            "right rule" => assert_right(&report),
            _ => assert_located(&report, Stage::Node, y, line, SAYS),
        }
    }
}

#[test]
fn the_check_of_an_op_alone_lays_its_operands_out_in_every_way() {
    assert_op_passes(&twice("right"));
    for name in ["transposed", "reversed", "stretched"] {
        assert_op_fails(&twice(name), SAYS);
    }
}

/// `y = x − mean of its row`, row by row; a wrong one takes the mean of all it is given.
fn centred<F: Float>(x: Inputs<'_, '_, F>, mut y: Output<'_, F>, all: bool) {
    let x = x.real(0).array();
    let mean_of_all = x.iter().copied().sum::<F>() / F::of(x.len() as f64);
    for (mut y, x) in y.array().axis_iter_mut(Axis(0)).zip(x.axis_iter(Axis(0))) {
        let mean = x.iter().copied().sum::<F>() / F::of(x.len() as f64);
        let mean = if all { mean_of_all } else { mean };
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = x - mean);
    }
}

#[test]
fn a_kernel_that_looks_at_other_rows_cannot_say_that_it_works_by_rows() {
    let right = Custom {
        by_rows: true,
        ..Custom::of_one(
            "centred",
            |x, y| centred(x, y, false),
            |x, y| centred(x, y, false),
            |_, _, _, dy| (dy - dy.mean_keep(1)).into(),
        )
    };
    let wrong = Custom {
        by_rows: true,
        ..Custom::of_one(
            "centred by all",
            |x, y| centred(x, y, true),
            |x, y| centred(x, y, true),
            |_, _, _, dy| (dy - dy.mean_axes_keep()).into(),
        )
    };
    for (op, is_right) in [(right, true), (wrong, false)] {
        let tape = Tape::new();
        let x = tape.leaf("x", some(&[5, 4]));
        let (y, line) = (tape.apply(op, &[x]), line!());
        let report = check(y, &[x]);
        match is_right {
            true => assert_right(&report),
            false => assert_located(&report, Stage::Node, y, line, "`Op::by_rows`"),
        }
    }
}

/// The mean over all axes, with axes of size 1.
trait MeanOfAll {
    fn mean_axes_keep(self) -> Self;
}

impl MeanOfAll for Var<'_> {
    fn mean_axes_keep(self) -> Self {
        self.mean().reshape([1, 1])
    }
}

/// `y = x³`, four elements at a time, and what is left by something that is not it.
fn cube<F: Float>(x: Inputs<'_, '_, F>, y: Output<'_, F>, rest: impl Fn(F) -> F) {
    let x = x.real(0).slice();
    let whole = x.len() / 4 * 4;
    y.data.iter_mut().zip(&x[..whole]).for_each(|(y, &x)| *y = x * x * x);
    y.data[whole..].iter_mut().zip(&x[whole..]).for_each(|(y, &x)| *y = rest(x));
}

#[test]
fn an_elementwise_kernel_that_takes_the_end_of_a_piece_for_something_else_is_located() {
    let rule: Rule = |_, x, _, dy| (3.0 * dy * x[0].square()).into();
    let right = Custom::map("cube", |x, y| cube(x, y, |x| x * x * x), |x, y| cube(x, y, |x| x * x * x), rule);
    let wrong = Custom::map("cut", |x, y| cube(x, y, |x| x * x), |x, y| cube(x, y, |x| x * x * x), rule);
    for (op, is_right) in [(right, true), (wrong, false)] {
        let tape = Tape::new();
        let x = tape.leaf("x", some(&[4, 4]));
        let (y, line) = (tape.apply(op, &[x]), line!());
        let report = check(y, &[x]);
        match is_right {
            true => assert_right(&report),
            false => assert_located(&report, Stage::Node, y, line, "a piece of another length"),
        }
    }
}

#[test]
fn a_sum_in_another_order_is_no_fault() {
    // ndarray adds up eight numbers at a time where they lie side by side, and one by one elsewhere.
    let sum: Run<f64> = |x, y| y.data[0] = x.real(0).array().sum();
    let single: Run<f32> = |x, y| y.data[0] = x.real(0).array().sum();
    let op = Custom::of_one("sum", sum, single, |_, x, _, dy| dy.broadcast_like(x[0]).into());
    let op = op.of_shape(|_| Ok(Vec::new()));
    for n in [7, 40, 300] {
        let tape = Tape::new();
        let x = tape.leaf("x", some(&[n, 33]));
        assert_right(&check(tape.apply(op.clone(), &[x.t()]), &[x]));
        let every_second = x.slice(s![..;-2, ..]);
        assert_right(&check(tape.apply(op.clone(), &[every_second]), &[x]));
    }
}
