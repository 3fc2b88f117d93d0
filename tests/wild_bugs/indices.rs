//! Elements at indices, numbers at which a formula divides by zero, and rows that are masked as a whole.

use crate::trial::{Custom, at, signed};
use chainrule::{Check, Tape, Var};
use ndarray::{ArrayD, Axis, arr0, arr1, arr2, s};

/// Row 3 is named three times, row 1 never.
const ROWS: [usize; 5] = [3, 0, 3, 2, 3];

fn rows(x: &[ArrayD<f64>]) -> ArrayD<f64> {
    x[0].select(Axis(0), &ROWS)
}

/// The gradient of rows that are looked up written to where they came from instead of added up: of a row that is named
/// several times, the last one's is left (pytorch#1631). And divided by how often it was named.
#[test]
fn gathered_with_repeated_indices() {
    // Row k of this is 1 at `ROWS[k]`.
    fn places(last_only: bool) -> ArrayD<f64> {
        ArrayD::from_shape_fn(vec![5, 4], |i| {
            let is_last = !ROWS[i[0] + 1..].contains(&ROWS[i[0]]);
            f64::from(u8::from(ROWS[i[0]] == i[1] && (is_last || !last_only)))
        })
    }
    let at = at([signed(&[4, 3])]).twice();
    let written = Custom {
        name: "wild_gather_written",
        computes: rows,
        rule: |_, _, _, dy| dy.tape().constant(places(true)).t().matmul(dy).into(),
    };
    at.catches(written, 0);
    let mean = Custom {
        name: "wild_gather_mean",
        computes: rows,
        rule: |_, _, _, dy| {
            let places = places(false);
            let counts = places.sum_axis(Axis(0)).mapv(|n| n.max(1.0)).insert_axis(Axis(1));
            (dy.tape().constant(places).t().matmul(dy) / dy.tape().constant(counts)).into()
        },
    };
    at.catches(mean, 0);
    at.passes(|x| x[0].square().take(x[0].tape().index_leaf("rows", ROWS), 0));
    at.passes(|x| {
        let indices = x[0].tape().index_leaf("rows", ROWS).expand_dims(1).broadcast_to([5, 3]);
        x[0].square().take_along_axis(indices, 0)
    });
    at.passes(|x| {
        let zeros = x[0].tape().constant([[0.0; 3]; 4]);
        let back = x[0].tape().index_leaf("back", [1, 1, 0, 1]);
        zeros.index_add(back, x[0].square(), 0)
    });
}

/// The derivative of a Euclidean norm taken as `x / y`: NaN at the zero vector, where any vector of norm up to 1 is a
/// subgradient, and 0 the usual choice. One row is zero, the others are not.
#[test]
fn norm_at_the_zero_vector() {
    fn norms(x: &[ArrayD<f64>]) -> ArrayD<f64> {
        x[0].map_axis(Axis(1), |row| row.dot(&row).sqrt())
    }
    let at = at([arr2(&[[3.0, -4.0], [0.0, 0.0], [0.5, 0.0]]).into_dyn()]);
    let wrong = Custom {
        name: "wild_norm",
        computes: norms,
        rule: |_, x, y, dy| ((dy / y).expand_dims(1) * x[0]).into(),
    };
    at.catches(wrong, 0);
    at.passes(|x| x[0].norm_over(1, 2.0));
    for p in [1.0, 2.0, 2.5, 3.0, f64::INFINITY] {
        let tape = Tape::new();
        let x = tape.leaf("x", [0.0, 0.0, 0.0]);
        let y = x.norm(p);
        assert_eq!(y.value().item(), 0.0);
        assert_eq!(y.grad([x])[0].value().as_slice().unwrap(), [0.0; 3], "p = {p}");
        assert_eq!(y.sweep([x])[0].as_slice().unwrap(), [0.0; 3], "p = {p}");
    }
}

/// The standard deviation of equal numbers, whose derivative by `√` is 0 · ∞ (JAX has NaN there; PyTorch has 0).
#[test]
fn standard_deviation_of_equal_numbers() {
    let rows = arr2(&[[1.5, 1.5, 1.5], [1.0, -2.0, 0.5]]).into_dyn();
    let at = at([rows]);
    let wrong = Custom {
        name: "wild_std",
        computes: |x| x[0].map_axis(Axis(1), |row| row.std(0.0)),
        rule: |_, x, y, dy| ((dy / y).expand_dims(1) * (x[0] - x[0].mean_keep(1)) / 3.0).into(),
    };
    at.catches(wrong, 0);
    at.passes(|x| x[0].std_over(1, 0));
    let tape = Tape::new();
    let x = tape.leaf("x", [[1.5, 1.5, 1.5], [1.0, -2.0, 0.5]]);
    let dx = x.std_over(1, 1).sum().grad([x])[0].value();
    assert_eq!(dx.slice(s![0, ..]), arr1(&[0.0; 3]));
    assert!(dx.iter().all(|dx| dx.is_finite()));
}

/// A row of −∞ throughout, whose softmax is NaN (burn#4694, pytorch#41508). It stays NaN and is seen; no other row has any
/// of it; and where the masked shares are filled with 0, so that nobody attends to anything, all gradients are right.
#[test]
fn softmax_of_a_row_that_is_masked_as_a_whole() {
    fn mask(x: Var<'_>) -> Var<'_> {
        x.tape().constant([[0.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    }
    fn masked(x: Var<'_>, value: f64) -> Var<'_> {
        x.masked_fill(mask(x), value).softmax(-1)
    }
    let tape = Tape::new();
    let scores = tape.leaf("scores", signed(&[3, 3]));
    let shares = masked(scores, f64::NEG_INFINITY);
    let is_nan = |row: usize| shares.value().index_axis(Axis(0), row).iter().any(|x| x.is_nan());
    assert_eq!([0, 1, 2].map(is_nan), [false, true, false]);
    assert!(shares.sum().value().item().is_nan());
    // Of the other rows alone, the gradient is theirs, and 0 for what was filled.
    let [ds] = (shares.slice(s![0, ..]) * tape.constant([1.0, 2.0, 3.0])).sum().grad([scores]);
    let ds = ds.value();
    assert!(ds.slice(s![0, ..]).iter().all(|x| x.is_finite()));
    assert!(ds[[0, 0]].abs() > 0.1 && (ds[[0, 2]] + ds[[0, 0]]).abs() < 1e-15);
    assert!(ds.slice(s![1.., ..]).iter().chain([&ds[[0, 1]]]).all(|&x| x == 0.0), "{ds}");

    let attention = |x: Var<'_>, values: Var<'_>| -> f64 {
        let shares = masked(x, f64::NEG_INFINITY).masked_fill(mask(x), 0.0);
        let loss = shares.matmul(values).square().sum();
        let gradients = loss.grad([x, values]).map(|g| g.value());
        assert!(gradients.iter().all(|g| g.iter().all(|x| x.is_finite())), "{gradients:?}");
        assert_eq!(shares.matmul(values).value().slice(s![1, ..]), arr1(&[0.0, 0.0]));
        loss.value().item()
    };
    assert!(attention(scores, tape.leaf("values", signed(&[3, 2]))).is_finite());

    // With a large number, the row is shared equally, and nothing comes back to what was filled.
    let at = at([signed(&[3, 3]), signed(&[3, 2])]).twice();
    at.passes(|x| masked(x[0], -1e9).matmul(x[1]));
    at.passes(|x| masked(x[0], -1e9).masked_fill(mask(x[0]), 0.0).matmul(x[1]));
    let shares = masked(scores, -1e9).value();
    assert_eq!(shares.slice(s![1, ..]), arr1(&[1.0 / 3.0; 3]));
}

/// What the checker says of such a row: not that it is right, and where it comes from.
#[test]
fn a_masked_row_is_no_pass_of_the_checker() {
    let tape = Tape::new();
    let x = tape.leaf("x", [1.0, 2.0]);
    let all = tape.constant(arr0(1.0).into_dyn());
    let loss = x.masked_fill(all, f64::NEG_INFINITY).softmax(-1).sum();
    let message = Check::new(loss, &[x]).run().unwrap_err().to_string();
    assert!(message.contains("holds -inf") && message.contains("indices.rs"), "{message}");
}
