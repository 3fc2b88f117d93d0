//! Linear algebra where matrices are large, singular, not finite, or have equal eigenvalues; elsewhere, the table and the
//! fixtures hold it.

use chainrule::{Plan, State, Tape, Var, assert_gradients};
use ndarray::{Array2, ArrayD, IxDyn, arr2};

/// Numbers between −0.5 and 0.5 that look random enough: squares of a counter times the golden ratio (Weyl's sequence).
fn weyl(m: usize, n: usize) -> Array2<f64> {
    let at = |k: usize| ((k * k) as f64 * 0.618_033_988_749_894_9).fract() - 0.5;
    Array2::from_shape_fn((m, n), |(i, j)| at(i * n + j + 1))
}

/// The greatest element of what two vars differ by.
fn off(a: Var<'_>, b: Var<'_>) -> f64 {
    assert_eq!(a.shape(), b.shape());
    (a - b).abs().max().value().item()
}

fn is_nan(x: Var<'_>) -> bool {
    x.value().iter().all(|x| x.is_nan())
}

/// Larger than the blocks in which the library works, and than one of its recursions.
#[test]
fn factors_of_large_matrices_make_them_again() {
    let (m, n) = (190, 150);
    let tape = Tape::new();
    let tall = tape.leaf("tall", weyl(m, n));
    let square = tape.leaf("square", weyl(n, n) + Array2::<f64>::eye(n));
    let symmetric = 0.5 * (square + square.t());
    let identity = tape.constant(Array2::<f64>::eye(n));

    let [q, r] = tall.qr();
    assert!(off(q.matmul(r), tall) < 1e-12 && off(q.t().matmul(q), identity) < 1e-12);
    assert!(r.diagonal(0).value().iter().all(|&r| r > 0.0));
    let [q, r] = tall.t().qr();
    assert_eq!((q.shape(), r.shape()), (vec![n, n], vec![n, m]));
    assert!(off(q.matmul(r), tall.t()) < 1e-12);
    let [u, s, v] = tall.svd();
    assert!(off((u * s).matmul(v.t()), tall) < 1e-11 && off(v.t().matmul(v), identity) < 1e-12);
    assert!(s.value().as_slice().unwrap().is_sorted_by(|a, b| a >= b && *b >= 0.0));
    assert!(off(s, tall.t().svdvals()) < 1e-11);
    let [values, v] = symmetric.eigh();
    assert!(off((v * values).matmul(v.t()), symmetric) < 1e-11);
    assert!(values.value().as_slice().unwrap().is_sorted() && off(values, square.eigvalsh()) < 1e-11);
    let definite = square.matmul(square.t()) + identity;
    let lower = definite.cholesky();
    assert!(off(lower.matmul(lower.t()), definite) < 1e-10);
    assert!(off(square.matmul(square.inverse()), identity) < 1e-9);
    assert!(off(tall.pinv(0.0).matmul(tall), identity) < 1e-10);
    assert!((definite.logdet() - 2.0 * lower.diagonal(0).ln().sum()).value().item().abs() < 1e-9);
    let halves = (0.05 * square).expm();
    assert!(off(halves.matmul(halves), (0.1 * square).expm()) < 1e-11);
}

#[test]
fn singular_matrices_and_what_is_not_finite_give_nan_and_never_hang() {
    let tape = Tape::new();
    let right = tape.leaf("right", [1.0, 2.0]);
    for singular in [[[1.0, 2.0], [2.0, 4.0]], [[0.0, 1.0], [0.0, 3.0]], [[0.0, 0.0], [0.0, 0.0]]] {
        let x = tape.leaf("singular", singular);
        assert!(is_nan(x.solve(right)) && is_nan(x.inverse()) && is_nan(x.matrix_power(-2)));
        assert_eq!(x.det().value().item(), 0.0);
        assert_eq!(x.slogdet().map(|y| y.value().item()), [0.0, f64::NEG_INFINITY]);
        assert!(x.pinv(0.0).value().iter().all(|y| y.is_finite()));
        assert!(is_nan(x.cholesky()) || singular[0][1] != 0.0);
    }
    assert!(is_nan(tape.leaf("indefinite", [[1.0, 2.0], [2.0, 1.0]]).cholesky()));
    assert!(is_nan(tape.leaf("odd", [[0.0, 1.0], [1.0, 0.0]]).logdet()));
    for n in [1, 2, 3, 20, 140] {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for place in [0, n * n / 2, n * n - 1] {
                let mut elements = weyl(n, n) + Array2::<f64>::eye(n);
                elements.as_slice_mut().unwrap()[place] = bad;
                let x = tape.leaf("x", elements);
                let all = [x.cholesky(), x.inverse(), x.det(), x.slogdet()[1], x.pinv(0.0), x.expm()];
                let factors = [x.qr()[0], x.eigh()[0], x.eigvalsh(), x.svd()[2], x.svdvals()];
                assert!(all.into_iter().chain(factors).all(is_nan), "{bad} at {place} of {n}");
            }
        }
    }
}

/// Squares of such elements overflow, or vanish.
#[test]
fn factors_of_very_large_and_very_small_matrices_are_multiples() {
    let tape = Tape::new();
    let x = tape.leaf("x", weyl(5, 5));
    let factors =
        |x: Var<'_>| [x.eigvalsh(), x.svdvals(), x.qr()[1], x.inverse()].map(|y| y.value().into_array());
    let ordinary = factors(x);
    for size in [1e300, 1e150, 1e-150, 1e-300] {
        let scaled = factors(tape.leaf("scaled", weyl(5, 5) * size));
        for (k, (of_scaled, ordinary)) in scaled.iter().zip(&ordinary).enumerate() {
            let back = if k < 3 { of_scaled / size } else { of_scaled * size };
            assert!(back.iter().zip(ordinary).all(|(a, b)| (a - b).abs() < 1e-11), "{k} of {size:e}: {back}");
        }
        let (u, v) = (tape.leaf("scaled", weyl(5, 5) * size).eigh()[1], x.eigh()[1]);
        assert!(off(u, v) < 1e-12);
    }
    assert!(is_nan(tape.leaf("huge", Array2::from_elem((2, 2), 1.7e308)).expm()));
}

/// One matrix of a batch says nothing of the others.
#[test]
fn a_singular_matrix_of_a_batch_leaves_the_others_alone() {
    let tape = Tape::new();
    let mut batch = ArrayD::zeros(IxDyn(&[2, 2, 2]));
    batch.slice_mut(ndarray::s![1, .., ..]).assign(&arr2(&[[2.0, 0.0], [0.0, 4.0]]));
    let y = tape.leaf("x", batch).inverse();
    assert!(y.value().iter().take(4).all(|y| y.is_nan()));
    assert_eq!(y.value().as_slice().unwrap()[4..], [0.5, 0.0, 0.0, 0.25]);
}

#[test]
fn equal_eigenvalues_have_a_gradient_and_their_vectors_have_none() {
    let tape = Tape::new();
    let x = tape.leaf("x", Array2::<f64>::eye(3));
    let gradient = |y: Var<'_>| y.grad([tape.var(x.id()).unwrap()])[0].value().into_array();
    let wanted = 2.0 * Array2::<f64>::eye(3).into_dyn();
    let near = |g: ArrayD<f64>| (g - &wanted).iter().all(|x| x.abs() < 1e-12);
    assert!(near(gradient(x.eigvalsh().square().sum())));
    assert!(near(gradient(x.svdvals().square().sum())));
    let weights = tape.leaf("weights", weyl(3, 3));
    assert!(gradient((weights * x.eigh()[1]).sum()).iter().all(|x| !x.is_finite()));
    assert!(gradient((weights * x.svd()[0]).sum()).iter().all(|x| !x.is_finite()));
    // A second derivative would need that of the vectors.
    let [dx] = x.eigvalsh().square().sum().grad([x]);
    assert!(gradient((weights * dx).sum()).iter().any(|x| !x.is_finite()));
}

/// Each element is moved by itself, which leaves the symmetric matrices.
#[test]
fn the_checker_takes_functions_of_symmetric_matrices() {
    let tape = Tape::new();
    let x = tape.leaf("x", arr2(&[[4.0, 1.0, 0.5], [1.0, 3.0, -0.5], [0.5, -0.5, 2.0]]));
    let y = tape.leaf("y", arr2(&[[1.0, -1.0], [0.5, 2.0], [-2.0, 1.0]]));
    let lower = x.cholesky();
    assert_gradients!((y * lower.cholesky_solve(y)).sum() + lower.diagonal(0).ln().sum(), [x, y]);
    let [values, v] = x.eigh();
    // The square root of the matrix.
    assert_gradients!((v * values.sqrt()).matmul(v.t()).matmul(y).square().sum(), [x, y]);
    assert_gradients!(values.exp().sum() + v.slice(ndarray::s![0, ..]).powi(3).sum(), [x]);
    assert_gradients!(x.logdet() + x.det() + x.inverse().square().sum(), [x]);
    let [u, s, w] = y.svd();
    assert_gradients!((u * s.ln()).matmul(w.t()).sum() + y.lstsq(x).sum(), [x, y]);
    let [q, r] = y.t().qr();
    assert_gradients!(q.powi(3).sum() + r.sin().sum() + (0.1 * x).expm().sum(), [x, y]);
    // Where many are 0, and eigenvectors are unit vectors.
    let diagonal = tape.leaf("diagonal", arr2(&[[2.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 1.0]]));
    let weights = tape.leaf("weights", weyl(3, 3));
    assert_gradients!((weights * diagonal.eigh()[1]).sum(), [diagonal]);
    let [u, s, v] = diagonal.svd();
    assert_gradients!((weights * u).sum() + (weights * v).sum() + s.square().sum(), [diagonal]);
    assert_gradients!(diagonal.qr().map(|f| (weights * f).sum()).into_iter().sum::<Var<'_>>(), [diagonal]);
    let swap = tape.leaf("swap", arr2(&[[2.0, 1.0], [1.0, 2.0]]));
    let few = weights.slice(ndarray::s![..2, ..2]);
    assert_gradients!((few * swap.eigh()[1]).sum(), [swap]);
}

/// Single precision rounds what double precision computes.
#[test]
fn in_single_precision_factors_are_those_of_double_precision_rounded() {
    let tape = Tape::new();
    let x = tape.leaf("x", weyl(40, 40).mapv(|x| f64::from(x as f32)));
    let outputs = [x.inverse(), x.svdvals(), x.eigvalsh(), x.qr()[1], x.slogdet()[1]];
    let mut plan = Plan::<f32>::compile(outputs, []).unwrap();
    let mut state = State::new();
    let run = plan.run(&mut state).unwrap();
    for (i, y) in outputs.iter().enumerate() {
        assert!(run.nth(i).iter().zip(y.value().iter()).all(|(&a, &b)| a == b as f32), "output {i}");
    }
}
