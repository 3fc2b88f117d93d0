//! Linear algebra where differences find it hard: singular matrices, small values beside large ones, values that are cut off.

use crate::differences::{accuses_nobody, passes};
use chainrule::{Tape, Var};
use ndarray::{Array2, ArrayD, IxDyn, arr2};

/// Numbers between −1 and 1 that look random enough: squares of a counter times the golden ratio (Weyl's sequence).
fn weyl(shape: &[usize], seed: usize) -> ArrayD<f64> {
    let mut k = 1000 * seed;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        k += 1;
        2.0 * ((k * k) as f64 * 0.618_033_988_749_894_9).fract() - 1.0
    })
}

/// The sum with weights of either sign.
fn weighed<'t>(y: Var<'t>, seed: usize) -> Var<'t> {
    (y * y.tape().constant(weyl(&y.shape(), seed))).sum()
}

/// Factors of singular matrices, and vectors of equal values, have no finite gradients, and the report says so.
#[track_caller]
fn accuses_nobody_where_finite(y: Var<'_>, leaves: &[Var<'_>]) {
    if y.try_grad(leaves).unwrap().iter().all(|dx| dx.value().iter().all(|dx| dx.is_finite())) {
        accuses_nobody(y, leaves, 1);
    }
}

/// A rotation of the plane of two axes.
fn rotation(n: usize, (i, j): (usize, usize), angle: f64) -> Array2<f64> {
    let mut q = Array2::eye(n);
    (q[(i, i)], q[(j, j)]) = (angle.cos(), angle.cos());
    (q[(i, j)], q[(j, i)]) = (-angle.sin(), angle.sin());
    q
}

/// A matrix with these singular values.
fn with_values(values: &[f64]) -> Array2<f64> {
    let n = values.len();
    let rotate = |angle: f64| {
        (1..n).fold(Array2::eye(n), |q: Array2<f64>, i| q.dot(&rotation(n, (i - 1, i), angle + i as f64)))
    };
    rotate(0.3).dot(&Array2::from_diag(&ndarray::arr1(values))).dot(&rotate(1.1))
}

/// A determinant is a polynomial, which has derivatives everywhere: along E, the second is twice what `det(x + t E)` has in t². With
/// det E = 0 and up to four rows, `det(x + E) − 2 det(x) + det(x − E)` is that, exactly in whole numbers.
#[test]
fn the_second_derivative_of_a_determinant_is_right_at_matrices_of_any_rank() {
    let along =
        arr2(&[[1.0, -2.0, 0.0, 3.0], [2.0, 1.0, 1.0, -1.0], [0.0, 3.0, -2.0, 1.0], [2.0, 1.0, 1.0, -1.0]]);
    for n in [2, 3, 4] {
        for rank in 0..=n {
            let x = Array2::from_shape_fn((n, n), |(i, j)| {
                (0..rank)
                    .map(|k| ((i * (k + 2) + k) % 5) as f64 * (((j + k) * (k + 1)) % 4) as f64)
                    .sum::<f64>()
            });
            let mut e = along.slice(ndarray::s![..n, ..n]).to_owned();
            let first = e.row(0).to_owned();
            e.row_mut(n - 1).assign(&first.mapv(|x| 2.0 * x));
            let det = |x: Array2<f64>| Tape::new().leaf("x", x).det().value().item();
            let wanted = (det(&x + &e) - 2.0 * det(x.clone()) + det(&x - &e)).round();
            let tape = Tape::new();
            let (x, e) = (tape.leaf("x", x), tape.constant(e));
            let [dx] = x.det().grad([x]);
            let [second] = (dx * e).sum().grad([x]);
            let found = (second * e).sum().value().item();
            assert!(
                (found - wanted).abs() <= 1e-11 * wanted.abs().max(100.0),
                "{n} {rank}: {found} {wanted}"
            );
        }
    }
}

#[test]
fn functions_of_a_determinant_at_singular_matrices_pass() {
    let tape = Tape::new();
    let columns = tape.leaf("columns", [[0.62, 0.51, 1.53]]);
    let rows = tape.leaf("rows", [[0.99], [-0.34], [-0.54]]);
    // Of rank two.
    let x = columns - rows;
    let [cofactors] = x.det().grad([x]);
    passes(weighed(cofactors, 1), &[columns, rows]);
    accuses_nobody(x.det() + weighed(cofactors, 2), &[columns, rows], 2);
    // Of rank one.
    let equal = tape.leaf("equal", [24.8, 24.9, -3.0]).broadcast_to([3, 3]);
    let [cofactors] = equal.det().grad([equal]);
    accuses_nobody(weighed(cofactors, 3), &[columns, rows], 1);
}

#[test]
fn a_pseudoinverse_has_the_gradient_of_what_is_cut_off_too() {
    for values in [vec![3.0, 1.0, 4e-3], vec![1.0, 0.02, 8e-3], vec![2.0, 2.0, 1e-5, 0.0]] {
        for rows in [0, 2] {
            let n = values.len();
            // Two rows more, of zeros.
            let mut x = Array2::zeros((n + rows, n));
            x.slice_mut(ndarray::s![..n, ..]).assign(&with_values(&values));
            let tape = Tape::new();
            let x = tape.leaf("x", x);
            passes(weighed(x.pinv(1e-2), 1), &[x]);
            passes(weighed(x.t().pinv(1e-2), 2), &[x]);
        }
    }
}

/// Where the roundings of the greatest element are large beside the least ones.
#[test]
fn decompositions_of_elements_of_every_size_accuse_nobody() {
    for seed in 0..1 {
        let scale = weyl(&[2, 4, 4], seed).mapv(|x| f64::powf(10.0, 11.0 * x));
        let tape = Tape::new();
        let x = tape.leaf("x", weyl(&[2, 4, 4], seed + 100) * scale);
        let [u, s, v] = x.svd();
        let [q, r] = x.qr();
        let of = [
            weighed(u, 1) + weighed(s, 2) + weighed(v, 3),
            weighed(q, 1) + weighed(r, 2),
            weighed(x.inverse(), 1),
            weighed(x.pinv(1e-3), 1),
            weighed(x.det(), 1),
            weighed(x.eigvalsh(), 1),
        ];
        for y in of {
            accuses_nobody_where_finite(y, &[x]);
        }
        let diagonal =
            tape.leaf("diagonal", x.value().view().into_shape_with_order((8, 4)).unwrap().to_owned());
        let x = diagonal.diag_embed(0);
        let ([values, vectors], [u, _, v]) = (x.eigh(), x.svd());
        accuses_nobody(
            weighed(values, 1) + weighed(vectors, 2) + weighed(u, 3) + weighed(v, 4),
            &[diagonal],
            1,
        );
    }
}

/// Singular values of 0, and equal ones, are kinks.
#[test]
fn singular_values_of_matrices_of_any_rank_accuse_nobody() {
    for values in [[1.0, 1.0, 1.0], [2.0, 1.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 0.0], [2.0, 2.0, 0.0]] {
        let tape = Tape::new();
        for x in [with_values(&values), Array2::from_diag(&ndarray::arr1(&values))] {
            let x = tape.leaf("x", x);
            let [u, s, v] = x.svd();
            let of =
                [weighed(x.svdvals(), 1), weighed(s, 2), weighed(x.eigvalsh(), 4), weighed(x.pinv(0.0), 5)];
            for y in
                of.into_iter().chain([weighed(u, 1) + weighed(v, 2), weighed(x.matmul(x.t()).eigh()[1], 3)])
            {
                accuses_nobody_where_finite(y, &[x]);
            }
        }
    }
}

/// What is left of a product whose terms cancel is their roundings, of which neither operands nor result say how large they are.
#[test]
fn products_of_large_terms_that_cancel_accuse_nobody() {
    for seed in 0..40 {
        let u = weyl(&[8, 1], seed);
        let size = |x: &ArrayD<f64>| x.mapv(|x| f64::powf(10.0, 6.0 * x));
        let u = &u * &size(&weyl(&[8, 1], seed + 50));
        let mut x = weyl(&[8, 5], seed + 100) * size(&weyl(&[8, 5], seed + 150));
        let squares = u.mapv(|u| u * u).sum();
        for mut column in x.columns_mut() {
            let along = column.iter().zip(&u).map(|(x, u)| x * u).sum::<f64>() / squares;
            column.iter_mut().zip(&u).for_each(|(x, u)| *x -= along * u);
        }
        let tape = Tape::new();
        let u = tape.constant(u);
        let x = tape.leaf("x", x);
        accuses_nobody(weighed(u.matmul(u.t()).matmul(x), 1), &[x], 1);
    }
}

/// Of three rows, two come within roundings of the least.
#[test]
fn numbers_that_tie_but_for_roundings_accuse_no_minimum() {
    let tape = Tape::new();
    let near = 9.415_040_069_724_882e-9;
    let x = tape.leaf("x", [[9.415_040_069_724_877e-9, 2.0], [-5.47e-7, 3.0], [near, 1.0]]);
    let y = tape.leaf("y", [[near, -9.0]]);
    for seed in 0..20 {
        accuses_nobody(weighed(x.minimum(y), seed), &[x, y], 1);
        accuses_nobody(weighed((-x).maximum(-y), seed), &[x, y], 1);
    }
}
