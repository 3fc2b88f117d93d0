//! Checks of plain functions.

use chainrule::assert_function_gradients;
use chainrule::check::{FunctionCheck, Mode, Verdict};
use ndarray::{Array, Array1, Array2, ArrayD, Ix1, Ix2, arr0, arr1, arr2};

/// `½ Σ (x w + b − t)²` over some rows, in whatever precision.
macro_rules! regression {
    ($float:ty, $loss:ident, $gradient:ident, $rows:ident, $count:literal) => {
        fn $rows() -> (Array2<$float>, Array2<$float>) {
            let wave = |phase: $float| {
                move |(i, j): (usize, usize)| (1.3 * i as $float + 0.7 * j as $float + phase).sin()
            };
            (
                Array::from_shape_fn(($count, 3), wave(0.2)),
                Array::from_shape_fn(($count, 2), |(i, j)| wave(1.1)((i * i, j)) + 0.3),
            )
        }

        fn $loss(x: &[ArrayD<$float>]) -> $float {
            let (rows, targets) = $rows();
            let w = x[0].view().into_dimensionality::<Ix2>().unwrap();
            let b = x[1].view().into_dimensionality::<Ix1>().unwrap();
            let off = rows.dot(&w) + &b - targets;
            off.iter().map(|off| 0.5 * off * off).sum()
        }

        fn $gradient(x: &[ArrayD<$float>]) -> Vec<ArrayD<$float>> {
            let (rows, targets) = $rows();
            let w = x[0].view().into_dimensionality::<Ix2>().unwrap();
            let b = x[1].view().into_dimensionality::<Ix1>().unwrap();
            let off = rows.dot(&w) + &b - targets;
            vec![rows.t().dot(&off).into_dyn(), off.sum_axis(ndarray::Axis(0)).into_dyn()]
        }
    };
}

regression!(f64, loss, gradient, rows, 9);
regression!(f32, loss_single, gradient_single, rows_single, 9);

fn weights() -> (Array2<f64>, Array1<f64>) {
    (arr2(&[[0.4, -0.7], [1.1, 0.3], [-0.2, 0.9]]), arr1(&[0.5, -0.8]))
}

#[test]
fn several_named_arrays_of_any_dimension_are_checked() {
    let (w, b) = weights();
    for mode in [Mode::Full, Mode::CHAPTER, Mode::QUICK] {
        let check = FunctionCheck::gradient(loss, gradient).on([("w", &w), ("b", &b)]).mode(mode);
        let report = check.run().unwrap();
        assert!(report.passed(), "{report}");
        let leaves: Vec<_> = report.parameters.iter().map(|p| (p.name.as_str(), p.shape.clone())).collect();
        assert_eq!(leaves, [("w", vec![3, 2]), ("b", vec![2])]);
        // One wrong array is named, and the other passes.
        let wrong = |x: &[ArrayD<f64>]| {
            let mut gradient = gradient(x);
            gradient[1] *= 2.0;
            gradient
        };
        let report =
            FunctionCheck::gradient(loss, wrong).on([("w", &w), ("b", &b)]).mode(mode).must_fail().unwrap();
        let verdicts: Vec<_> = report.parameters.iter().map(|p| p.verdict).collect();
        assert_eq!(verdicts, [Verdict::Pass, Verdict::Fail], "{report}");
    }
    // One wrong element has its index.
    let wrong = |x: &[ArrayD<f64>]| {
        let mut gradient = gradient(x);
        gradient[0][[2, 1]] += 1e-4;
        gradient
    };
    let report = FunctionCheck::gradient(loss, wrong).on([("w", &w), ("b", &b)]).must_fail().unwrap();
    assert_eq!(report.parameters[0].failing[0].index, [2, 1], "{report}");
}

#[test]
fn arrays_need_not_lie_in_row_major_order_and_single_numbers_are_arrays_too() {
    let w = weights().0.reversed_axes();
    let f = |x: &[ArrayD<f64>]| (&x[0] * &x[0]).sum() * x[1].sum() + x[2].sum().sin();
    let df = |x: &[ArrayD<f64>]| {
        vec![
            2.0 * &x[0] * x[1].sum(),
            arr0((&x[0] * &x[0]).sum()).into_dyn(),
            x[2].mapv(|_| x[2].sum().cos()),
        ]
    };
    let report =
        FunctionCheck::gradient(f, df).on([("w", &w), ("s", &0.7), ("v", &vec![0.1, 0.2])]).run().unwrap();
    assert!(report.passed(), "{report}");
    assert_eq!(report.parameters[1].shape, [0; 0]);
}

/// `y = tanh(x w)`, with the VJP and the Jacobians of it.
fn layer(x: &[ArrayD<f64>]) -> ArrayD<f64> {
    let (a, w) = (matrix(&x[0]), matrix(&x[1]));
    a.dot(&w).mapv(f64::tanh).into_dyn()
}

fn matrix(x: &ArrayD<f64>) -> Array2<f64> {
    x.clone().into_dimensionality().unwrap()
}

fn layer_vjp(x: &[ArrayD<f64>], dy: &ArrayD<f64>) -> Vec<ArrayD<f64>> {
    let (a, w) = (matrix(&x[0]), matrix(&x[1]));
    let dz = matrix(dy) * a.dot(&w).mapv(|z| 1.0 - z.tanh().powi(2));
    vec![dz.dot(&w.t()).into_dyn(), a.t().dot(&dz).into_dyn()]
}

fn layer_jacobian(x: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
    let (a, w) = (matrix(&x[0]), matrix(&x[1]));
    let slope = a.dot(&w).mapv(|z| 1.0 - z.tanh().powi(2));
    let is = |equal: bool| f64::from(u8::from(equal));
    let (m, k, n) = (a.nrows(), a.ncols(), w.ncols());
    vec![
        Array::from_shape_fn((m, n, m, k), |(i, j, p, q)| slope[[i, j]] * is(i == p) * w[[q, j]]).into_dyn(),
        Array::from_shape_fn((m, n, k, n), |(i, j, p, q)| slope[[i, j]] * is(j == q) * a[[i, p]]).into_dyn(),
    ]
}

#[test]
fn vector_valued_functions_are_checked_by_vjp_and_by_jacobian() {
    let a = arr2(&[[0.3, -0.6, 0.2], [0.8, 0.1, -0.4]]);
    let w = weights().0;
    for mode in [Mode::Full, Mode::QUICK] {
        let report =
            FunctionCheck::vjp(layer, layer_vjp).on([("a", &a), ("w", &w)]).mode(mode).run().unwrap();
        assert!(report.passed(), "{report}");
        let report = FunctionCheck::jacobian(layer, layer_jacobian)
            .on([("a", &a), ("w", &w)])
            .mode(mode)
            .run()
            .unwrap();
        assert!(report.passed(), "{report}");
        let wrong = |x: &[ArrayD<f64>], dy: &ArrayD<f64>| {
            let mut dx = layer_vjp(x, dy);
            dx[1] = matrix(&dx[1]).mapv(|x| 1.001 * x).into_dyn();
            dx
        };
        let report =
            FunctionCheck::vjp(layer, wrong).on([("a", &a), ("w", &w)]).mode(mode).must_fail().unwrap();
        assert_eq!(report.parameters[1].verdict, Verdict::Fail, "{report}");
        let wrong = |x: &[ArrayD<f64>]| {
            let mut jacobians = layer_jacobian(x);
            jacobians[0][[1, 0, 1, 2]] += 0.01;
            jacobians
        };
        let report =
            FunctionCheck::jacobian(layer, wrong).on([("a", &a), ("w", &w)]).mode(mode).must_fail().unwrap();
        assert_eq!(report.parameters[0].verdict, Verdict::Fail, "{report}");
        if mode == Mode::Full {
            let failing = &report.parameters[0].failing;
            assert_eq!((failing.len(), &failing[0].index[..]), (1, &[1, 0, 1, 2][..]), "{report}");
        }
    }
}

#[test]
fn single_precision_is_measured_as_such() {
    let (w, b) = weights();
    let (w, b) = (w.mapv(|x| x as f32), b.mapv(|x| x as f32));
    for mode in [Mode::Full, Mode::QUICK] {
        for seed in 0..10 {
            let check = FunctionCheck::gradient(loss_single, gradient_single).on([("w", &w), ("b", &b)]);
            let report = check.mode(mode).seed(seed).run().unwrap();
            assert!(report.passed(), "{report}");
            let wrong = |x: &[ArrayD<f32>]| gradient_single(x).into_iter().map(|g| 1.02_f32 * g).collect();
            let check = FunctionCheck::gradient(loss_single, wrong).on([("w", &w), ("b", &b)]);
            let report = check.mode(mode).seed(seed).must_fail().unwrap();
            assert_eq!(report.verdict(), Verdict::Fail, "{report}");
        }
    }
    // Of a slice, with every function that single precision has.
    let x = [0.3_f32, -0.8, 1.7, 0.05, -2.4];
    type Function = fn(f32) -> f32;
    let smooth: [[Function; 2]; 6] = [
        [f32::sin, f32::cos],
        [f32::exp, f32::exp],
        [|x| x * x, |x| 2.0 * x],
        [|x| 1.0 / (2.9 + x), |x| -(2.9 + x).powi(-2)],
        [|x| x.tanh(), |x| 1.0 - x.tanh() * x.tanh()],
        [|x| (x * x + 1.0).ln(), |x| 2.0 * x / (x * x + 1.0)],
    ];
    for [f, df] in smooth {
        let sum = |x: &[f32]| x.iter().map(|&x| f(x)).sum::<f32>();
        let report = FunctionCheck::single(sum, |x| x.iter().map(|&x| df(x)).collect(), &x).run().unwrap();
        assert!(report.passed(), "{report}");
        let wrong = |x: &[f32]| {
            x.iter().enumerate().map(|(i, &x)| if i == 2 { 1.1 * df(x) } else { df(x) }).collect()
        };
        let report = FunctionCheck::single(sum, wrong, &x).must_fail().unwrap();
        assert_eq!(
            (report.parameters[0].failed, &report.parameters[0].failing[0].index),
            (1, &vec![2]),
            "{report}"
        );
    }
}

#[test]
fn rounding_inside_of_a_function_is_not_blamed_on_its_gradient() {
    // Many terms are added up one after another, and a large number goes in and out again.
    let x: Vec<f32> = (0..400).map(|i| (i as f32 * 0.37).sin() + 1.5).collect();
    let sum = |x: &[f32]| x.iter().fold(0.0_f32, |sum, x| sum + x * x);
    let report = FunctionCheck::single(sum, |x| x.iter().map(|x| 2.0 * x).collect(), &x).run().unwrap();
    assert_ne!(report.verdict(), Verdict::Fail, "{report}");
    for offset in [1e4, 1e6, 1e8] {
        let f = |x: &[f64]| x.iter().map(|x| (offset + x.sin()) - offset).sum::<f64>();
        let report =
            FunctionCheck::new(f, |x| x.iter().map(|x| x.cos()).collect(), &[0.3, 0.8, -1.2]).run().unwrap();
        assert_ne!(report.verdict(), Verdict::Fail, "{offset}\n{report}");
    }
}

#[test]
fn the_macro_takes_slices_arrays_and_checks() {
    let (w, b) = weights();
    assert_function_gradients!(|x| x[0] * x[1], |x| vec![x[1], x[0]], &[0.3, -0.8]);
    assert_function_gradients!(loss, gradient, [w, b]);
    assert_function_gradients!(loss, gradient, [("weights", &w), ("biases", &b)]);
    assert_function_gradients!(FunctionCheck::vjp(layer, layer_vjp).on([("a", &w.t()), ("w", &w)]));
}

#[test]
#[should_panic(expected = "FAIL: the gradients differ\nparameter")]
fn the_macro_begins_with_the_verdict() {
    let (w, b) = weights();
    let wrong = |x: &[ArrayD<f64>]| gradient(x).into_iter().map(|g| -g).collect();
    assert_function_gradients!(loss, wrong, [w, b]);
}

type Gradient = fn(&[ArrayD<f64>]) -> Vec<ArrayD<f64>>;

/// Where gradient descent on a regression ends.
fn fitted(gradient: Gradient) -> (Array2<f64>, Array1<f64>) {
    let (mut w, mut b) = weights();
    for _ in 0..20_000 {
        let g = gradient(&[w.clone().into_dyn(), b.clone().into_dyn()]);
        w -= &(0.1 * matrix(&g[0]));
        b -= &(0.1 * g[1].clone().into_dimensionality::<Ix1>().unwrap());
    }
    (w, b)
}

#[test]
fn at_a_converged_fit_the_report_says_so_and_where_to_check_instead() {
    let (w, b) = fitted(gradient);
    let report = FunctionCheck::gradient(loss, gradient).on([("w", &w), ("b", &b)]).run().unwrap();
    assert_eq!(report.verdict(), Verdict::Unresolved, "{report}");
    let text = report.to_string();
    for said in [
        "below what rounding of the function can show",
        "converged fit",
        "10 % of the largest element added to every one",
    ] {
        assert!(text.contains(said), "{text}");
    }
    // There, a gradient that is wrong cannot be told from a right one; where the report says, it can.
    let wrong = |x: &[ArrayD<f64>]| gradient(x).into_iter().map(|g| -g).collect();
    let away = (
        &w + 0.1 * w.fold(0.0_f64, |m, x| m.max(x.abs())),
        &b + 0.1 * b.fold(0.0_f64, |m, x| m.max(x.abs())),
    );
    assert_function_gradients!(FunctionCheck::gradient(loss, gradient).on([("w", &away.0), ("b", &away.1)]));
    let report =
        FunctionCheck::gradient(loss, wrong).on([("w", &away.0), ("b", &away.1)]).must_fail().unwrap();
    assert_eq!(report.verdict(), Verdict::Fail, "{report}");
    // A gradient that is anything but small there is wrong.
    let wrong = |x: &[ArrayD<f64>]| gradient(x).into_iter().map(|g| g + 0.01).collect();
    let report = FunctionCheck::gradient(loss, wrong).on([("w", &w), ("b", &b)]).must_fail().unwrap();
    assert_eq!(report.verdict(), Verdict::Fail, "{report}");
}

#[test]
fn where_a_fit_is_exact_the_roundings_of_its_gradient_are_not_blamed_on_it() {
    let a = Array::from_shape_fn((5, 3), |(i, j)| (1.3 * i as f64 + (0.7 + j as f64).powi(2)).sin());
    let solution = arr1(&[0.37, -1.21, 0.83]);
    // Added up in another order, so that loss and gradient are roundings of zero.
    let targets = Array1::from_iter(
        a.rows().into_iter().map(|row| (0..3).rev().map(|k| row[k] * solution[k]).sum::<f64>()),
    );
    let residuals = |x: &[ArrayD<f64>]| a.dot(&vector(&x[0])) - &targets;
    let f = |x: &[ArrayD<f64>]| residuals(x).iter().map(|r| 0.5 * r * r).sum::<f64>();
    let df = |x: &[ArrayD<f64>]| vec![a.t().dot(&residuals(x)).into_dyn()];
    let off = f(&[solution.clone().into_dyn()]);
    assert!(off > 0.0 && off < 1e-30, "{off:e}");
    let report = FunctionCheck::gradient(f, df).on([("x", &solution)]).run().unwrap();
    assert_ne!(report.verdict(), Verdict::Fail, "{report}");
    // A vector-valued function is as good there as anywhere.
    let vjp = |_: &[ArrayD<f64>], dy: &ArrayD<f64>| vec![a.t().dot(&vector(dy)).into_dyn()];
    assert_function_gradients!(
        FunctionCheck::vjp(|x: &[ArrayD<f64>]| residuals(x).into_dyn(), vjp).on([("x", &solution)])
    );
}

fn vector(x: &ArrayD<f64>) -> Array1<f64> {
    x.clone().into_dimensionality().unwrap()
}

#[test]
fn a_check_of_no_elements_does_not_pass() {
    let report = FunctionCheck::new(|_| 1.0, |_| vec![], &[]).run().unwrap();
    assert!(!report.passed(), "{report}");
    assert_eq!(report.verdict(), Verdict::Unresolved);
    assert!(report.to_string().contains("there is no element to check"), "{report}");
    let empty = Array1::<f64>::zeros(0);
    let none = |x: &[ArrayD<f64>]| x.to_vec();
    let report = FunctionCheck::gradient(|_: &[ArrayD<f64>]| 1.0, none).on([("w", &empty)]).run().unwrap();
    assert!(!report.passed(), "{report}");
    // Beside an array with elements, an empty one has nothing to be wrong about.
    let sum = |x: &[ArrayD<f64>]| x[1].iter().map(|x| x * x).sum::<f64>();
    let df = |x: &[ArrayD<f64>]| vec![x[0].clone(), 2.0 * &x[1]];
    assert_function_gradients!(sum, df, [("none", &empty), ("some", &arr1(&[0.4, 0.5]))]);
    let message =
        FunctionCheck::gradient(|_: &[ArrayD<f64>]| 1.0, none).on([]).run().unwrap_err().to_string();
    assert!(message.contains("name arrays with"), "{message}");
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let (w, b) = weights();
    let message = |df: fn(&[ArrayD<f64>]) -> Vec<ArrayD<f64>>| {
        FunctionCheck::gradient(loss, df).on([("w", &w), ("b", &b)]).run().unwrap_err().to_string()
    };
    let said = message(|x| gradient(x)[..1].to_vec());
    assert!(said.contains("1 derivatives are given for 2 arrays"), "{said}");
    let said = message(|x| vec![x[0].t().into_owned(), x[1].clone()]);
    assert!(said.contains("the derivative by `w` has the shape [2, 3]; it should be [3, 2]"), "{said}");
    let jacobian = |x: &[ArrayD<f64>]| x.to_vec();
    let said = FunctionCheck::jacobian(layer, jacobian)
        .on([("a", &w.t()), ("w", &w)])
        .run()
        .unwrap_err()
        .to_string();
    assert!(said.contains("the derivative by `a` has the shape [2, 3]; it should be [2, 2, 2, 3]"), "{said}");
    let infinite = |_: &[ArrayD<f64>]| f64::INFINITY;
    let said =
        FunctionCheck::gradient(infinite, gradient).on([("w", &w), ("b", &b)]).run().unwrap_err().to_string();
    assert!(said.contains("the function is inf at `w`, `b`"), "{said}");
}

#[test]
fn a_function_that_changes_from_call_to_call_is_refused() {
    for period in [3, 7, 10] {
        let calls = std::cell::Cell::new(0_usize);
        let f = |x: &[f64]| {
            calls.set(calls.get() + 1);
            let factor = if calls.get().is_multiple_of(period) { 1.1 } else { 1.0 };
            factor * x.iter().map(|x| x.sin()).sum::<f64>()
        };
        let x: Vec<f64> = (0..20).map(|i| 0.1 + 0.07 * f64::from(i)).collect();
        let error = FunctionCheck::new(f, |x: &[f64]| x.iter().map(|x| x.cos()).collect(), &x).run();
        let message = error.map(|report| report.to_string()).unwrap_err().to_string();
        assert!(message.contains("again") || message.contains("same point"), "{period}: {message}");
    }
}

#[test]
fn at_an_exact_optimum_the_report_says_where_to_check_instead() {
    let c = [0.3, -1.2, 2.0];
    let f = |x: &[f64]| x.iter().zip(c).map(|(x, c)| (x - c) * (x - c)).sum::<f64>();
    let df = |x: &[f64]| x.iter().zip(c).map(|(x, c)| 2.0 * (x - c)).collect();
    let report = FunctionCheck::new(f, df, &c).run().unwrap();
    assert!(report.to_string().contains("converged fit"), "{report}");
}
