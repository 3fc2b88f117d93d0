//! Wrong rules of ops that the crate has.

use crate::altered::Given;
use crate::specimen::{Specimen, operands};
use crate::support::Operand;
use chainrule::op::Zero;
use chainrule::{Var, ops};
use ndarray::{arr1, arr2, s};

pub(crate) fn all() -> Vec<Specimen> {
    [broadcasting(), products(), batches(), elementwise(), kinks(), reductions(), views()]
        .into_iter()
        .flatten()
        .collect()
}

/// Ones in the shape of a var.
fn ones<'t>(like: Var<'t>) -> Var<'t> {
    like.tape().constant(1.0).broadcast_like(like)
}

fn broadcasting() -> Vec<Specimen> {
    vec![
        // The bias gets the cotangent of the first row instead of the sum over rows.
        Specimen::altered(
            1,
            "no sum over the broadcast axis",
            ops::Add,
            1,
            operands([&[3, 4], &[4]]),
            |Given { wrong, dy, .. }| if wrong { dy.slice(s![0, ..]).into() } else { dy.into() },
        ),
        // The stretched axis is 0, and axis 1 is summed; only axes of one size let the shape fit.
        Specimen::altered(
            2,
            "sum over the wrong axis",
            ops::Add,
            1,
            operands([&[3, 3, 4], &[3, 4]]),
            |Given { wrong, operand, dy, .. }| match operand {
                1 => dy.sum_over(if wrong { 1 } else { 0 }).into(),
                _ => dy.into(),
            },
        )
        .hides_under_ones(),
        // With other sizes the result cannot fit.
        Specimen::altered(
            2,
            "sum over the wrong axis, which does not fit",
            ops::Add,
            1,
            operands([&[3, 5, 4], &[5, 4]]),
            |Given { wrong, operand, dy, .. }| match operand {
                1 => dy.sum_over(if wrong { 1 } else { 0 }).into(),
                _ => dy.into(),
            },
        )
        .misfits(),
        // Axis 1 is summed; without it, axis 0 of dy is stretched along axis 1 and not along axis 0.
        Specimen::altered(
            3,
            "kept dimension lost",
            ops::Sum { axes: vec![1], keep: false },
            0,
            operands([&[3, 3, 4]]),
            |Given { wrong, x, dy, .. }| {
                let dy = if wrong { dy } else { dy.expand_dims(1) };
                dy.broadcast_like(x[0]).into()
            },
        )
        .hides_under_ones(),
        // A column becomes a row, which does not fit.
        Specimen::altered(
            3,
            "kept dimension lost, which does not fit",
            ops::Mul,
            1,
            operands([&[3, 4], &[3, 1]]),
            |Given { wrong, operand, x, dy, .. }| match operand {
                1 if wrong => (dy * x[0]).sum_over(1).into(),
                1 => (dy * x[0]).sum_keep(1).into(),
                _ => (dy * x[1]).into(),
            },
        )
        .misfits(),
    ]
}

fn products() -> Vec<Specimen> {
    // `dx0 = dy · x1ᵀ`, `dx1 = x0ᵀ · dy`; a square x1 lets the wrong ones fit.
    let product = |what, operand, shapes: [&[usize]; 2]| {
        Specimen::altered(
            4,
            what,
            ops::MatMul,
            operand,
            operands(shapes),
            |Given { wrong, operand, x, dy, .. }| match (operand, wrong) {
                (0, false) => dy.matmul(x[1].t()).into(),
                (0, true) => dy.matmul(x[1]).into(),
                (_, false) => x[0].t().matmul(dy).into(),
                (_, true) => dy.t().matmul(x[0]).into(),
            },
        )
    };
    // `dx0 = dy x1`, `dx1 = dy x0`.
    let swapped = |operand| {
        Specimen::altered(
            5,
            "operands swapped",
            ops::Mul,
            operand,
            operands([&[3, 4], &[3, 4]]),
            |Given { wrong, operand, x, dy, .. }| {
                let other = if wrong { operand } else { 1 - operand };
                (dy * x[other]).into()
            },
        )
    };
    vec![
        // `dy · x1` for x0, `dyᵀ · x0` for x1.
        product("matmul without its transpose", 0, [&[3, 4], &[4, 4]]),
        product("matmul transpose on the wrong operand", 1, [&[3, 4], &[4, 4]]),
        product("matmul transpose on the wrong operand, which does not fit", 1, [&[3, 4], &[4, 2]]).misfits(),
        // `dy x0` for x0, `dy x1` for x1.
        swapped(0),
        swapped(1),
    ]
}

fn batches() -> Vec<Specimen> {
    // `dx0 = dy (softmax(x0) − one_hot(x1)) / n`, the mean over n rows.
    let cross_entropy = |number, what, rule| {
        let scores = operands([&[3, 5]]);
        let labels = Operand::Index(arr1(&[4, 0, 2]).into_dyn());
        let operands = scores.into_iter().chain([labels]).collect();
        Specimen::altered(number, what, ops::CrossEntropyIndex, 0, operands, rule)
    };
    vec![
        // n times too large.
        cross_entropy(6, "missing 1/batch", |Given { wrong, x, y, dy, .. }| {
            let hot = x[1].one_hot_like(x[0]);
            let rows = hot.sum_keep(-1).count_per(y);
            let each = if wrong { dy } else { dy / rows };
            (each * (x[0].softmax(-1) - hot)).into()
        }),
        // n times too small.
        cross_entropy(7, "double 1/batch", |Given { wrong, x, y, dy, .. }| {
            let hot = x[1].one_hot_like(x[0]);
            let rows = hot.sum_keep(-1).count_per(y);
            let each = if wrong { dy / rows / rows } else { dy / rows };
            (each * (x[0].softmax(-1) - hot)).into()
        }),
    ]
}

fn elementwise() -> Vec<Specimen> {
    vec![
        // dy passes where x < 0.
        Specimen::altered(
            8,
            "ReLU mask inverted",
            ops::Relu,
            0,
            operands([&[3, 4]]),
            |Given { wrong, x, dy, .. }| {
                let mask = if wrong { x[0].less(0.0) } else { x[0].greater(0.0) };
                (dy * mask).into()
            },
        ),
        // dy passes where dy > 0.
        Specimen::altered(
            9,
            "ReLU mask taken from the gradient",
            ops::Relu,
            0,
            operands([&[3, 4]]),
            |Given { wrong, y, dy, .. }| {
                let of = if wrong { dy } else { y };
                (dy * of.greater(0.0)).into()
            },
        ),
        // `y = x²`: 2x, whatever comes back.
        Specimen::altered(
            12,
            "cotangent ignored",
            ops::Square,
            0,
            operands([&[3, 4]]),
            |Given { wrong, x, dy, .. }| if wrong { (2.0 * x[0]).into() } else { (dy * (2.0 * x[0])).into() },
        )
        .hides_under_ones(),
        // `y = x0 x1`: x1 by dy, where it must be x1 times dy.
        Specimen::altered(
            12,
            "divided by the cotangent",
            ops::Mul,
            0,
            operands([&[3, 4], &[4]]),
            |Given { wrong, operand, x, dy, .. }| {
                let other = x[1 - operand];
                if wrong { (other / dy).into() } else { (dy * other).into() }
            },
        )
        .hides_under_ones(),
        // dy instead of −dy.
        Specimen::altered(
            14,
            "sign of the subtrahend",
            ops::Sub,
            1,
            operands([&[3, 4], &[4]]),
            |Given { wrong, operand, dy, .. }| if operand == 0 || wrong { dy.into() } else { (-dy).into() },
        ),
        // `dx0 = dy / x1` alone.
        Specimen::altered(
            15,
            "the denominator's term of a quotient dropped",
            ops::Div,
            1,
            operands([&[3, 4], &[4]]),
            |Given { wrong, operand, x, y, dy, .. }| match operand {
                0 => (dy / x[1]).into(),
                _ if wrong => Zero.into(),
                _ => (-(dy * y / x[1])).into(),
            },
        ),
        // `x (1 − x)`, where it must be `y (1 − y)`.
        Specimen::altered(
            17,
            "sigmoid' from x instead of y",
            ops::Sigmoid,
            0,
            operands([&[3, 4]]),
            |Given { wrong, x, y, dy, .. }| {
                let s = if wrong { x[0] } else { y };
                (dy * (s * (1.0 - s))).into()
            },
        ),
        // Ones, as an engine may have for ops that it does not list.
        Specimen::altered(
            24,
            "a default gradient of 1",
            ops::Exp,
            0,
            operands([&[3, 4]]),
            |Given { wrong, y, dy, .. }| if wrong { ones(y).into() } else { (dy * y).into() },
        ),
        // The chain rule goes on, but the op itself counts as the identity.
        Specimen::altered(
            24,
            "a default derivative of 1",
            ops::Div,
            1,
            operands([&[3, 4], &[4]]),
            |Given { wrong, operand, x, y, dy, .. }| match operand {
                0 => (dy / x[1]).into(),
                _ if wrong => dy.into(),
                _ => (-(dy * y / x[1])).into(),
            },
        ),
    ]
}

fn kinks() -> Vec<Specimen> {
    let point = arr1(&[0.5, 0.49, 1e-8]).into_dyn();
    vec![
        // `dy / (x + 1e-8)`: half of what it should be at 1e-8, between the slopes to both sides of a step that is too long.
        Specimen::altered(
            33,
            "a wrong rule that hides as a kink",
            ops::Ln,
            0,
            vec![Operand::Real(point.clone())],
            |Given { wrong, x, dy, .. }| {
                let x = if wrong { x[0] + 1e-8 } else { x[0] };
                (dy / x).into()
            },
        ),
        // `1.5 dy √(x + 1e-8)`.
        Specimen::altered(
            33,
            "a wrong rule that hides as a kink of a power",
            ops::Powf { exponent: 1.5 },
            0,
            vec![Operand::Real(point)],
            |Given { wrong, x, dy, .. }| {
                let x = if wrong { x[0] + 1e-8 } else { x[0] };
                (1.5 * dy * x.sqrt()).into()
            },
        ),
    ]
}

fn reductions() -> Vec<Specimen> {
    // `dx = y (dy − Σ dy y)`.
    let softmax =
        |what, rule| Specimen::altered(16, what, ops::Softmax { axis: 1 }, 0, operands([&[3, 4]]), rule);
    // Two ties, none, three ties.
    let ties = arr2(&[[1.0, 2.0, 2.0, -0.5], [0.5, -1.5, 1.75, 1.0], [-0.25, -0.25, -1.0, -0.25]]);
    vec![
        // `y dy`.
        softmax("softmax without its dot term", |Given { wrong, y, dy, .. }| {
            let dot = (dy * y).sum_keep(1);
            if wrong { (y * dy).into() } else { (y * (dy - dot)).into() }
        }),
        // `(1 − y) (dy − Σ dy y)`.
        softmax("softmax with a wrong outer factor", |Given { wrong, y, dy, .. }| {
            let dot = (dy * y).sum_keep(1);
            let outer = if wrong { 1.0 - y } else { y };
            (outer * (dy - dot)).into()
        })
        .hides_under_ones(),
        // Each of the tied elements gets all of dy: right for no direction in which two of them move.
        Specimen::altered(
            20,
            "max gradient given to every tie",
            ops::Max { axes: vec![1], keep: false },
            0,
            vec![Operand::Real(ties.into_dyn())],
            |Given { wrong, x, y, dy, .. }| {
                let greatest = x[0].equal(y.expand_dims(1));
                let dy = dy.expand_dims(1);
                let each = if wrong { dy } else { dy / greatest.sum_keep(1) };
                (greatest * each).into()
            },
        ),
        // n times too large, for n elements in each mean.
        Specimen::altered(
            23,
            "mean treated as sum",
            ops::Mean { axes: vec![1], keep: false },
            0,
            operands([&[3, 4]]),
            |Given { wrong, x, y, dy, .. }| {
                let each = if wrong { dy } else { dy / x[0].count_per(y) };
                each.expand_dims(1).broadcast_like(x[0]).into()
            },
        ),
    ]
}

fn views() -> Vec<Specimen> {
    // Axis k of y is axis `[1, 2, 0][k]` of x; the inverse is `[2, 0, 1]`, and its own inverse in two dimensions.
    let permute = |what, shape: &[usize]| {
        Specimen::altered(
            18,
            what,
            ops::Permute { axes: vec![1, 2, 0] },
            0,
            operands([shape]),
            |Given { wrong, dy, .. }| dy.permute(if wrong { [1, 2, 0] } else { [2, 0, 1] }).into(),
        )
    };
    vec![
        permute("permutation not inverted", &[3, 3, 3]).hides_under_ones(),
        permute("permutation not inverted, which does not fit", &[3, 4, 5]).misfits(),
    ]
}
