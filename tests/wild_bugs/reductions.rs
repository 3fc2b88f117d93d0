//! Products, running products, the greatest of several, softmax.

use crate::trial::{Custom, at, list, signed};
use chainrule::Var;
use chainrule::op::Zero;
use ndarray::{ArrayD, Axis, Zip, arr2, s};

/// Rows without a zero, with one, and with two.
fn rows_with_zeros() -> ArrayD<f64> {
    arr2(&[[2.0, -0.5, 1.5, 0.8], [2.0, 0.0, 3.0, 4.0], [0.0, -1.5, 0.0, 0.7]]).into_dyn()
}

/// The derivative of a product taken as `y / x`: NaN where a factor is 0 (HIPS autograd, rust-autograd; as burn#3864).
#[test]
fn product_divided_by_a_zero_factor() {
    let at = at([rows_with_zeros()]).twice();
    let wrong = Custom {
        name: "wild_prod",
        computes: |x| x[0].fold_axis(Axis(1), 1.0, |y, x| y * x),
        rule: |_, x, y, dy| ((dy * y).expand_dims(1) / x[0]).into(),
    };
    at.catches(wrong, 0);
    at.passes(|x| (1..4).fold(x[0].slice(s![.., 0]), |y, k| y * x[0].slice(s![.., k])));
    at.passes(|x| x[0].prod_over(1));
    at.passes(|x| x[0].prod_over(0));
    at.passes(|x| x[0].prod());
}

/// The derivative of running products taken as the sum of `dy y` from the end, divided by x: NaN from a 0 on
/// (burn#3864).
#[test]
fn running_product_divided_by_a_zero_factor() {
    let at = at([rows_with_zeros()]).twice();
    let wrong = Custom {
        name: "wild_cumprod",
        computes: |x| {
            let mut y = x[0].clone();
            y.accumulate_axis_inplace(Axis(1), |before, y| *y *= before);
            y
        },
        rule: |_, x, y, dy| {
            let from_the_end = ArrayD::from_shape_fn(vec![4, 4], |i| f64::from(u8::from(i[0] >= i[1])));
            ((dy * y).matmul(dy.tape().constant(from_the_end)) / x[0]).into()
        },
    };
    at.catches(wrong, 0);
    at.passes(|x| {
        let mut products = vec![x[0].slice(s![.., ..1])];
        (1..4).for_each(|k| products.push(products[k as usize - 1] * x[0].slice(s![.., k..k + 1])));
        x[0].tape().concat(&products, 1)
    });
    at.passes(|x| x[0].cumprod(1));
    at.passes(|x| x[0].cumprod(0));
}

/// Images whose windows of 2 × 2 have one greatest element, two, and four.
fn windows() -> ArrayD<f64> {
    let mut x = signed(&[2, 4, 6]);
    x.slice_mut(s![0, ..2, ..2]).assign(&arr2(&[[2.5, 2.5], [0.1, -0.3]]));
    x.slice_mut(s![1, 2.., 4..]).fill(0.0);
    x
}

/// The windows of 2 × 2 of images, as axes 2 and 4.
fn in_windows(x: Var<'_>) -> Var<'_> {
    x.reshape([2, 2, 2, 3, 2])
}

fn greatest_of_windows(x: &[ArrayD<f64>]) -> ArrayD<f64> {
    let windows = x[0].to_shape([2, 2, 2, 3, 2]).unwrap();
    let rows = windows.fold_axis(Axis(2), f64::NEG_INFINITY, |y, &x| y.max(x));
    rows.fold_axis(Axis(3), f64::NEG_INFINITY, |y, &x| y.max(x)).into_dyn()
}

/// Max-pooling whose gradient is scaled by the mean of the mask of greatest elements instead of divided by their number
/// (candle): right for two of four, a quarter for one, four times too much in all for four.
#[test]
fn max_pooling_scaled_by_the_mean_of_its_mask() {
    let at = at([windows()]);
    let wrong = Custom {
        name: "wild_max_pool",
        computes: greatest_of_windows,
        rule: |_, x, y, dy| {
            let mask = in_windows(x[0]).equal(y.expand_dims([2, 4]));
            (mask * (dy.expand_dims([2, 4]) * mask.mean_keep([2, 4]))).reshape_like(x[0]).into()
        },
    };
    at.catches(wrong, 0);
    at.passes(|x| in_windows(x[0]).max_over([2, 4]));
}

/// Max-pooling that gives the whole gradient to every greatest element of a window, as candle's reductions do. Each by
/// itself may have it, but not all.
#[test]
fn whole_gradient_to_every_tie_in_max_pooling() {
    let at = at([windows()]);
    let wrong = Custom {
        name: "wild_max_pool_whole",
        computes: greatest_of_windows,
        rule: |_, x, y, dy| {
            let mask = in_windows(x[0]).equal(y.expand_dims([2, 4]));
            (mask * dy.expand_dims([2, 4])).reshape_like(x[0]).into()
        },
    };
    at.catches(wrong, 0);
    at.passes(|x| in_windows(x[0]).max_over([2, 4]));
}

/// Copies of one number.
fn copies(x: Var<'_>, n: usize) -> Var<'_> {
    x.broadcast_to([n])
}

fn greatest(x: &[ArrayD<f64>]) -> ArrayD<f64> {
    ndarray::arr0(x[0].fold(f64::NEG_INFINITY, |y, &x| y.max(x))).into_dyn()
}

/// The number of ties, counted in a type that ends below it.
const SATURATED: Custom = Custom {
    name: "wild_count_saturated",
    computes: |x| {
        let n = x[0].sum();
        ndarray::arr0(if n > 240.0 { f64::INFINITY } else { n }).into_dyn()
    },
    rule: |_, _, _, _| Zero.into(),
};

/// The number of ties, counted in one byte.
const WRAPPED: Custom = Custom {
    name: "wild_count_wrapped",
    computes: |x| ndarray::arr0(x[0].sum() % 256.0).into_dyn(),
    rule: |_, _, _, _| Zero.into(),
};

/// The number of equal greatest elements counted in the gradient's own precision, whose numbers end below it: the count
/// is infinite, and nobody gets anything (tinygrad#12296, in half precision, with 70,000 ties). In whole numbers of one
/// byte, 300 are 44, and everybody gets too much.
#[test]
fn count_of_ties_past_the_greatest_number() {
    fn share<'t>(count: Custom, x: Var<'t>, y: Var<'t>, dy: Var<'t>) -> Var<'t> {
        let mask = x.equal(y);
        mask * (dy / count.on(&[mask]))
    }
    let saturated = Custom {
        name: "wild_max_saturated",
        computes: greatest,
        rule: |_, x, y, dy| share(SATURATED, x[0], y, dy).into(),
    };
    let wrapped = Custom {
        name: "wild_max_wrapped",
        computes: greatest,
        rule: |_, x, y, dy| share(WRAPPED, x[0], y, dy).into(),
    };
    let (one, many) = (at([list(&[1.25])]), at([ArrayD::from_elem(vec![300], 1.25)]));
    for wrong in [saturated, wrapped] {
        one.catches_in(wrong.name, 0, |x| wrong.on(&[copies(x[0], 300)]));
        many.catches(wrong, 0);
    }
    one.passes(|x| copies(x[0], 300).max());
    many.passes(|x| x[0].max());
}

fn shares(x: &[ArrayD<f64>]) -> ArrayD<f64> {
    let mut y = x[0].mapv(f64::exp);
    y.rows_mut().into_iter().for_each(|mut row| row /= row.sum());
    y
}

/// Softmax of several rows that reads another row's buffer (gorgonia 2a84848): in the gradient, every row takes the
/// first one's sum of `dy y`; in the value, which the right rule then does not fit, its sum of exponentials.
#[test]
fn softmax_reads_the_buffer_of_another_row() {
    let at = at([signed(&[3, 4])]).twice();
    let gradient = Custom {
        name: "wild_softmax",
        computes: shares,
        rule: |_, _, y, dy| {
            let sums = (dy * y).sum_keep(1);
            (y * (dy - sums.slice(s![..1, ..]))).into()
        },
    };
    at.catches(gradient, 0);
    let value = Custom {
        name: "wild_softmax_value",
        computes: |x| {
            let mut y = x[0].mapv(f64::exp);
            let first = y.index_axis(Axis(0), 0).sum();
            y /= first;
            y
        },
        rule: |_, _, y, dy| (y * (dy - (dy * y).sum_keep(1))).into(),
    };
    at.catches(value, 0);
    at.passes(|x| x[0].softmax(1));
    let right = Custom { name: "own_softmax", computes: shares, rule: value.rule };
    at.passes(|x| right.on(x));
}

/// Elements added at rows of another array, with the derivative of elements written there: what lay below them gets
/// none; and the other way round (burn#4063, burn#4064).
#[test]
fn scatter_that_adds_and_scatter_that_writes() {
    const ROWS: [usize; 3] = [3, 0, 4];
    // Row k of this is 1 at `ROWS[k]`.
    fn places() -> ArrayD<f64> {
        ArrayD::from_shape_fn(vec![3, 5], |i| f64::from(u8::from(ROWS[i[0]] == i[1])))
    }
    fn kept(dy: Var<'_>) -> Var<'_> {
        let written = places().sum_axis(Axis(0)).insert_axis(Axis(1));
        dy * (1.0 - dy.tape().constant(written))
    }
    let at = at([signed(&[5, 2]), signed(&[3, 2])]);
    let add = Custom {
        name: "wild_scatter_add",
        computes: |x| {
            let mut y = x[0].clone();
            let rows = ROWS.iter().zip(x[1].rows());
            rows.for_each(|(&row, x)| Zip::from(y.slice_mut(s![row, ..])).and(x).for_each(|y, x| *y += x));
            y
        },
        rule: |operand, _, _, dy| match operand {
            0 => kept(dy).into(),
            _ => dy.tape().constant(places()).matmul(dy).into(),
        },
    };
    let write = Custom {
        name: "wild_scatter_write",
        computes: |x| {
            let mut y = x[0].clone();
            ROWS.iter().zip(x[1].rows()).for_each(|(&row, x)| y.slice_mut(s![row, ..]).assign(&x));
            y
        },
        rule: |operand, _, _, dy| match operand {
            0 => dy.into(),
            _ => dy.tape().constant(places()).matmul(dy).into(),
        },
    };
    at.catches(add, 0);
    at.catches(write, 0);
    fn at_rows(x: Var<'_>) -> Var<'_> {
        x.tape().constant(places()).t().matmul(x)
    }
    at.passes(|x| x[0] + at_rows(x[1]));
    at.passes(|x| kept(x[0]) + at_rows(x[1]));
}
