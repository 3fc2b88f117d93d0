//! Shapes and products: broadcasting, repeating, joining, the cross product, the trace, batches of matrices.

use crate::trial::{Custom, at, located, signed, weighted};
use chainrule::{Check, Tape, Var};
use ndarray::{ArrayD, Axis, Ix2, arr0, concatenate, s};

/// The gradient of a number that multiplies a list keeps the list's shape (rust-autograd#38).
///
/// Here a rule may return it so: the sum over what was broadcast is taken in one place, after every rule. Without it,
/// one element of the list is what is left.
#[test]
fn gradient_of_a_number_in_the_shape_of_a_list() {
    fn product(x: &[ArrayD<f64>]) -> ArrayD<f64> {
        &x[0] * &x[1]
    }
    let at = at([signed(&[2]), arr0(0.7).into_dyn()]);
    let unreduced = Custom {
        name: "wild_mul",
        computes: product,
        rule: |operand, x, _, dy| (dy * x[1 - operand]).into(),
    };
    at.passes(|x| unreduced.on(x));
    let first = Custom {
        name: "wild_mul_first",
        computes: product,
        rule: |operand, x, _, dy| match operand {
            0 => (dy * x[1]).into(),
            _ => (dy * x[0]).slice(s![0]).into(),
        },
    };
    at.catches(first, 1);
    at.passes(|x| x[0] * x[1]);

    // Recorded by hand and given to the checker, the unreduced gradient is refused for its shape.
    let tape = Tape::new();
    let (c, scalar) = (tape.leaf("c", signed(&[2])), tape.leaf("scalar", 0.7));
    let loss = (c * scalar).sum();
    let message = Check::new(loss, &[scalar]).gradients(&[c]).run().unwrap_err().to_string();
    assert!(message.contains("scalar") && message.contains("[2]"), "{message}");
}

/// The gradient of copies along an axis longer than 1 summed over the whole axis instead of over the copies
/// (burn#2777); and summed over neighbours, as if each element had been copied beside itself.
#[test]
fn repeated_along_an_axis_longer_than_1() {
    fn twice(x: &[ArrayD<f64>]) -> ArrayD<f64> {
        concatenate![Axis(1), x[0], x[0]]
    }
    let at = at([signed(&[2, 3])]);
    let short = Custom { name: "wild_repeat", computes: twice, rule: |_, _, _, dy| dy.sum_keep(1).into() };
    // A shape that does not fit is refused before anything is computed.
    at.stops_at(short.name, |x| short.on(x));
    let stretched = Custom {
        name: "wild_repeat_stretched",
        computes: twice,
        rule: |_, x, _, dy| dy.sum_keep(1).broadcast_like(x[0]).into(),
    };
    at.catches(stretched, 0);
    let neighbours = Custom {
        name: "wild_repeat_neighbours",
        computes: twice,
        rule: |_, _, _, dy| dy.reshape([2, 3, 2]).sum_over(2).into(),
    };
    at.catches(neighbours, 0);
    at.passes(|x| x[0].tape().concat(&[x[0], x[0]], 1));
    at.passes(|x| x[0].tile([2]));
    at.passes(|x| x[0].repeat(2, 1));
    let right = Custom {
        name: "own_repeat",
        computes: twice,
        rule: |_, _, _, dy| dy.reshape([2, 2, 3]).sum_over(1).into(),
    };
    at.passes(|x| right.on(x));
}

/// The parts of the gradient of joined arrays counted past an operand that is not tracked, without its length: the
/// operand after it gets its neighbour's part (burn#4069).
#[test]
fn joined_with_an_operand_that_is_not_tracked() {
    fn untracked(x: Var<'_>) -> Var<'_> {
        x.tape().constant(ndarray::arr2(&[[9.0, -9.0, 8.0], [7.0, -7.0, 6.0]]))
    }
    let at = at([signed(&[2, 1]), signed(&[2, 2])]);
    let wrong = Custom {
        name: "wild_cat",
        computes: |x| concatenate![Axis(1), x[0], x[1], x[2]],
        // Operand 1 is the one that is not tracked.
        rule: |operand, _, _, dy| match operand {
            0 => dy.slice(s![.., ..1]).into(),
            1 => chainrule::op::Zero.into(),
            _ => dy.slice(s![.., 1..3]).into(),
        },
    };
    at.catches_in(wrong.name, 2, |x| wrong.on(&[x[0], untracked(x[0]), x[1]]));
    at.passes(|x| x[0].tape().concat(&[x[0], untracked(x[0]), x[1]], 1));
}

/// Vectors along the last axis, turned by one place: x, y, z → y, z, x.
fn turned(x: Var<'_>) -> Var<'_> {
    x.tape().concat(&[x.slice(s![.., 1..]), x.slice(s![.., ..1])], 1)
}

/// `a × b = (a′ b″ − a″ b′)`, with vectors turned once and twice.
fn cross<'t>(a: Var<'t>, b: Var<'t>) -> Var<'t> {
    turned(a) * turned(turned(b)) - turned(turned(a)) * turned(b)
}

fn crossed(x: &[ArrayD<f64>]) -> ArrayD<f64> {
    ArrayD::from_shape_fn(x[0].shape(), |i| {
        let (row, k) = (i[0], i[1]);
        let [first, second] = [(k + 1) % 3, (k + 2) % 3];
        x[0][[row, first]] * x[1][[row, second]] - x[0][[row, second]] * x[1][[row, first]]
    })
}

/// The second operand of the cross product given its gradient with the wrong sign (burn#4069).
#[test]
fn second_operand_of_the_cross_product_with_the_wrong_sign() {
    let at = at([signed(&[4, 3]), signed(&[4, 3]).mapv(|x| 0.4 - x)]).twice();
    let wrong = Custom {
        name: "wild_cross",
        computes: crossed,
        rule: |operand, x, _, dy| match operand {
            0 => cross(x[1], dy).into(),
            _ => cross(x[0], dy).into(),
        },
    };
    at.catches(wrong, 1);
    at.passes(|x| cross(x[0], x[1]));
    let right = Custom {
        name: "own_cross",
        computes: crossed,
        rule: |operand, x, _, dy| match operand {
            0 => cross(x[1], dy).into(),
            _ => cross(dy, x[0]).into(),
        },
    };
    at.passes(|x| right.on(x));
}

/// The gradient of a trace written at every place `k (columns + 1)` of the buffer: below the diagonal's end where there
/// are more rows than columns (pytorch#171704).
#[test]
fn trace_of_more_rows_than_columns() {
    fn trace(x: &[ArrayD<f64>]) -> ArrayD<f64> {
        let x = x[0].view().into_dimensionality::<Ix2>().unwrap();
        arr0(x.diag().sum()).into_dyn()
    }
    fn mask(shape: &[usize], holds: impl Fn(usize, usize) -> bool) -> ArrayD<f64> {
        ArrayD::from_shape_fn(shape, |i| f64::from(u8::from(holds(i[0], i[1]))))
    }
    let wrong = Custom {
        name: "wild_trace",
        computes: trace,
        rule: |_, x, _, dy| {
            let shape = x[0].shape();
            let columns = shape[1];
            let places = mask(&shape, |row, column| (row * columns + column).is_multiple_of(columns + 1));
            (dy * dy.tape().constant(places)).into()
        },
    };
    let (square, tall, wide) = ([3, 3], [4, 2], [3, 5]);
    // Nobody saw it, since it is right for a square, and where there are more columns.
    at([signed(&square)]).passes(|x| wrong.on(x));
    at([signed(&[2, 3])]).passes(|x| wrong.on(x));
    at([signed(&tall)]).catches(wrong, 0);
    at([signed(&wide)]).passes(|x| wrong.on(x));
    for shape in [square, tall, wide] {
        let diagonal = mask(&shape, |row, column| row == column);
        at([signed(&shape)]).passes(|x| (x[0] * x[0].tape().constant(diagonal.clone())).sum());
        at([signed(&shape)]).passes(|x| x[0].trace());
    }
}

/// A batch of matrices times one matrix, whose gradient keeps the axis of the batch (itsubaki/autograd 98d49fa).
///
/// As for a number that multiplies a list: here the sum over the batch is taken after the rule. Without it, the part of
/// one matrix of the batch is what is left.
#[test]
fn one_matrix_for_a_batch() {
    fn products(x: &[ArrayD<f64>]) -> ArrayD<f64> {
        let right = x[1].view().into_dimensionality::<Ix2>().unwrap();
        let each = x[0].outer_iter().map(|left| left.into_dimensionality::<Ix2>().unwrap().dot(&right));
        let each: Vec<_> = each.collect();
        let views: Vec<_> = each.iter().map(|y| y.view()).collect();
        ndarray::stack(Axis(0), &views).unwrap().into_dyn()
    }
    fn left<'t>(x: &[Var<'t>], dy: Var<'t>) -> Var<'t> {
        dy.reshape([6, 5]).matmul(x[1].t()).reshape_like(x[0])
    }
    /// The gradient of the one matrix from each matrix of the batch.
    fn right<'t>(x: &[Var<'t>], dy: Var<'t>) -> Var<'t> {
        (x[0].expand_dims(3) * dy.expand_dims(2)).sum_over(1)
    }
    let at = at([signed(&[3, 2, 4]), signed(&[4, 5])]).twice();
    let unreduced = Custom {
        name: "wild_matmul",
        computes: products,
        rule: |operand, x, _, dy| if operand == 0 { left(x, dy).into() } else { right(x, dy).into() },
    };
    at.passes(|x| unreduced.on(x));
    let first = Custom {
        name: "wild_matmul_first",
        computes: products,
        rule: |operand, x, _, dy| match operand {
            0 => left(x, dy).into(),
            _ => right(x, dy).slice(s![0, .., ..]).into(),
        },
    };
    at.catches(first, 1);
    at.passes(|x| x[0].reshape([6, 4]).matmul(x[1]).reshape([3, 2, 5]));
    at.passes(|x| x[0].matmul(x[1]));
    at.passes(|x| (x[0].expand_dims(3) * x[1]).sum_over(2));
}

/// A batch of one matrix stretched to a longer batch, whose gradient is that of the first matrix, or of all of them for
/// each: what is left of the sum over the batch where it is forgotten, or taken for another axis.
#[test]
fn a_batch_that_was_stretched_in_a_product() {
    fn products(x: &[ArrayD<f64>]) -> ArrayD<f64> {
        let left = x[0].index_axis(Axis(0), 0).into_dimensionality::<Ix2>().unwrap().to_owned();
        let each = x[1].outer_iter().map(|right| left.dot(&right.into_dimensionality::<Ix2>().unwrap()));
        let each: Vec<_> = each.collect();
        let views: Vec<_> = each.iter().map(|y| y.view()).collect();
        ndarray::stack(Axis(0), &views).unwrap().into_dyn()
    }
    let at = at([signed(&[1, 2, 4]), signed(&[3, 4, 5])]).twice();
    let first = Custom {
        name: "wild_stretched_batch",
        computes: products,
        rule: |operand, x, _, dy| match operand {
            0 => dy.matmul(x[1].permute([0, 2, 1])).slice(s![..1, .., ..]).into(),
            _ => x[0].permute([0, 2, 1]).matmul(dy).into(),
        },
    };
    at.catches(first, 0);
    let mean = Custom {
        name: "wild_mean_of_a_batch",
        rule: |operand, x, _, dy| match operand {
            0 => dy.matmul(x[1].permute([0, 2, 1])).mean_keep(0).into(),
            _ => x[0].permute([0, 2, 1]).matmul(dy).into(),
        },
        ..first
    };
    at.catches(mean, 0);
    at.passes(|x| x[0].matmul(x[1]));
    at.passes(|x| x[0].squeeze(0).matmul(x[1]));
}

/// A list and its gradient are not told apart by a loss that adds up all elements: the reason for the weights here.
#[test]
fn a_plain_sum_hides_what_weights_show() {
    let wrong = Custom {
        name: "wild_reversed",
        computes: |x| x[0].slice(s![..;-1]).to_owned().into_dyn(),
        // The cotangent is not turned round.
        rule: |_, _, _, dy| dy.into(),
    };
    let tape = Tape::new();
    let x = tape.leaf("x", signed(&[5]));
    let [plain, told_apart] = [wrong.on(&[x]).sum(), weighted(wrong.on(&[x]), 1)];
    let same = |a: Var<'_>, b: Var<'_>| a.grad([x])[0].value() == b.grad([x])[0].value();
    assert!(same(plain, x.slice(s![..;-1]).sum()));
    assert!(!same(told_apart, weighted(x.slice(s![..;-1]), 1)));
    // The checker draws cotangents of its own, so that the loss does not matter.
    for loss in [plain, told_apart] {
        located(&tape, Check::new(loss, &[x]).run(), wrong.name, Some(0));
    }
}
