//! What goes wrong in reductions, products, convolutions, pools and layers beyond a flipped sign.

use crate::altered::Given;
use crate::gather::overwriting;
use crate::specimen::{Specimen, operands};
use crate::support::Operand;
use chainrule::op::Derivative;
use chainrule::ops::{ConvOptions, PoolOptions};
use chainrule::{Var, ops};
use ndarray::{Array, arr0, arr1, arr2, s};

pub(crate) fn all() -> Vec<Specimen> {
    [zeros(), products(), convolutions(), pools(), layers(), tables()].into_iter().flatten().collect()
}

/// Rows without a zero, with one, and with two.
fn rows_with_zeros() -> Vec<Operand> {
    let rows = [[2.0, -0.5, 1.5, 0.75], [2.0, 0.0, 3.0, 4.0], [0.0, -1.5, 0.0, 0.75]];
    vec![Operand::Real(arr2(&rows).into_dyn())]
}

fn zeros() -> Vec<Specimen> {
    vec![
        Specimen::composed(
            36,
            "norm divided by itself at the zero vector",
            |x| x[0].norm_over(1, 2.0),
            0,
            vec![Operand::Real(arr2(&[[3.0, -4.0], [0.0, 0.0], [0.5, 0.25]]).into_dyn())],
            |x, y, dy| (dy / y).expand_dims(1) * x[0],
        )
        .first_order(),
        Specimen::composed(
            37,
            "product divided by a factor that is 0",
            |x| x[0].prod_over(1),
            0,
            rows_with_zeros(),
            |x, y, dy| (dy * y).expand_dims(1) / x[0],
        ),
        // The product of the others is lost where it is not 0.
        Specimen::composed(
            37,
            "product without a derivative where a factor is 0",
            |x| x[0].prod_over(1),
            0,
            rows_with_zeros(),
            |x, y, dy| {
                let divisor = x[0].not_equal(0.0).select(x[0], 1.0);
                x[0].not_equal(0.0) * (dy * y).expand_dims(1) / divisor
            },
        ),
        Specimen::composed(
            38,
            "running product without a derivative from a 0 on",
            |x| x[0].cumprod(1),
            0,
            rows_with_zeros(),
            |x, y, dy| {
                let divisor = x[0].not_equal(0.0).select(x[0], 1.0);
                x[0].not_equal(0.0) * (dy * y).flip(1).cumsum(1).flip(1) / divisor
            },
        ),
        // Nothing is left of the exponentials of a row that is masked as a whole: 0 / 0.
        Specimen::composed(
            39,
            "softmax of a masked row without its greatest element taken off",
            |x| x[0].softmax(1),
            0,
            vec![Operand::Real(arr2(&[[0.5, -1.0, 2.0], [-800.0, -799.5, -800.25]]).into_dyn())],
            |x, _, dy| {
                let y = x[0].exp() / x[0].exp().sum_keep(1);
                y * (dy - (dy * y).sum_keep(1))
            },
        ),
    ]
}

fn products() -> Vec<Specimen> {
    let stretched = |what, rule| {
        let shapes: [&[usize]; 2] = [&[1, 2, 4], &[3, 4, 5]];
        Specimen::composed(40, what, |x| x[0].matmul(x[1]), 0, operands(shapes), rule)
    };
    vec![
        stretched("batched product with the first part of a batch that was stretched", |x, _, dy| {
            dy.matmul(x[1].permute([0, 2, 1])).slice(s![..1, .., ..])
        }),
        stretched("batched product with the mean over a batch that was stretched", |x, _, dy| {
            dy.matmul(x[1].permute([0, 2, 1])).mean_keep(0)
        }),
    ]
}

fn convolutions() -> Vec<Specimen> {
    fn with<'t>(x: &[Var<'t>], stride: usize, dilation: usize) -> Var<'t> {
        x[0].conv(x[1], ConvOptions::default().stride(stride).dilation(dilation))
    }
    // Sizes at which as many windows fit with the wrong numbers.
    let (eleven, eight): ([&[usize]; 2], [&[usize]; 2]) =
        ([&[2, 2, 11], &[3, 2, 3]], [&[2, 2, 8], &[3, 2, 3]]);
    vec![
        Specimen::composed(
            41,
            "image of a convolution with a dilation off by one",
            |x| with(x, 3, 2),
            0,
            operands(eleven),
            |x, _, dy| with(x, 3, 1).vjp(dy, [x[0]])[0],
        ),
        Specimen::composed(
            41,
            "weights of a convolution with a dilation off by one",
            |x| with(x, 3, 2),
            1,
            operands(eleven),
            |x, _, dy| with(x, 3, 1).vjp(dy, [x[1]])[0],
        ),
        Specimen::composed(
            41,
            "image of a convolution with a stride off by one",
            |x| with(x, 3, 2),
            0,
            operands(eight),
            |x, _, dy| with(x, 2, 2).vjp(dy, [x[0]])[0],
        ),
        Specimen::composed(
            41,
            "weights of a convolution with a stride off by one",
            |x| with(x, 3, 2),
            1,
            operands(eight),
            |x, _, dy| with(x, 2, 2).vjp(dy, [x[1]])[0],
        ),
    ]
}

fn pools() -> Vec<Specimen> {
    // Windows with one greatest element, two, and four.
    let image = arr2(&[
        [2.5, 2.5, 0.5, -0.25, 1.0, -0.75],
        [0.25, -0.5, 1.25, 0.75, 0.5, 0.25],
        [1.5, 1.5, -1.0, -2.0, 0.75, 0.5],
        [1.5, 1.5, -0.5, -0.5, 0.25, 1.75],
    ]);
    let image =
        vec![Operand::Real(image.into_dyn().insert_axis(ndarray::Axis(0)).insert_axis(ndarray::Axis(0)))];
    vec![
        Specimen::composed(
            42,
            "pool that gives everything to each of tied elements",
            |x| x[0].max_pool(PoolOptions::new(2)),
            0,
            image,
            |x, y, dy| {
                let windows = x[0].windows([2, 2], [2, 2], [1, 1]);
                let greatest = windows.equal(y.expand_dims([-1, -2]));
                windows.vjp(greatest * dy.expand_dims([-1, -2]), [x[0]])[0]
            },
        )
        .first_order(),
    ]
}

fn layers() -> Vec<Specimen> {
    fn dropped<'t>(x: &[Var<'t>]) -> Var<'t> {
        x[0].rand_like(x[1], x[2], 0).greater_equal(0.4).select(x[0] / 0.6, 0.0)
    }
    let index = |i: usize| Operand::Index(arr0(i).into_dyn());
    vec![
        Specimen::composed(
            43,
            "layer norm without the derivative of the mean",
            |x| {
                let centred = x[0] - x[0].mean_keep(-1);
                centred / (centred.square().mean_keep(-1) + 1e-5).sqrt()
            },
            0,
            operands([&[3, 5]]),
            |x, y, dy| {
                let deviation = ((x[0] - x[0].mean_keep(-1)).square().mean_keep(-1) + 1e-5).sqrt();
                (dy - y * (dy * y).mean_keep(-1)) / deviation
            },
        ),
        Specimen::composed(
            44,
            "dropout with a mask that is not scaled",
            dropped,
            0,
            [operands([&[4, 6]]), vec![index(5), index(2)]].concat(),
            |x, _, dy| x[0].rand_like(x[1], x[2], 0).greater_equal(0.4) * dy,
        ),
        // The noise of another step.
        Specimen::composed(
            44,
            "dropout with a mask of another stream",
            dropped,
            0,
            [operands([&[4, 6]]), vec![index(5), index(2)]].concat(),
            |x, _, dy| x[0].rand_like(x[1], x[2], 1).greater_equal(0.4).select(dy / 0.6, 0.0),
        ),
    ]
}

fn tables() -> Vec<Specimen> {
    // Row 1 is named three times, row 2 never.
    let repeated = || Operand::Index(arr1(&[1, 3, 1, 4, 1, 0]).into_dyn());
    let table = operands([&[5, 2]]);
    let values =
        Operand::Real(Array::from_shape_fn((6, 2), |(i, j)| 0.5 + (i * 2 + j) as f64 / 4.0).into_dyn());
    vec![
        Specimen::altered(
            45,
            "embedding that overwrites instead of adding",
            ops::Take { axis: 0 },
            0,
            [table.clone(), vec![repeated()]].concat(),
            |Given { right, wrong, operand, x, y, dy }| match (operand, wrong) {
                (0, true) => overwriting(dy, x[1], x[0]).into(),
                (0, false) => right.rule(0, x, y, dy),
                _ => Derivative::NotDifferentiable,
            },
        ),
        // A value that is overwritten has no part; one that is added has.
        Specimen::composed(
            46,
            "scatter that adds, differentiated as one that writes",
            |x| x[0].index_add(x[2], x[1], 0),
            0,
            [table, vec![values, repeated()]].concat(),
            |x, _, dy| {
                let named = (0.0 * x[0]).index_add(x[2], 0.0 * x[1] + 1.0, 0);
                named.equal(0.0) * dy
            },
        ),
    ]
}
