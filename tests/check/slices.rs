//! Functions that are not on a tape.

use chainrule::check::{FunctionCheck, Mode, Verdict};

#[test]
fn what_cannot_be_checked_is_refused() {
    let message = FunctionCheck::new(|_| f64::NAN, |x| x.to_vec(), &[1.0]).run().unwrap_err().to_string();
    assert!(message.contains("the function is NaN at `x`"), "{message}");
    let message = FunctionCheck::new(|x| x[0], |_| vec![], &[1.0]).run().unwrap_err().to_string();
    assert!(message.contains("has 0 numbers, and the point has 1"), "{message}");
    let count = std::cell::Cell::new(0.0);
    let drifting = |x: &[f64]| {
        count.set(count.get() + 1.0);
        x[0] + count.get()
    };
    let message = FunctionCheck::new(drifting, |_| vec![1.0], &[1.0]).run().unwrap_err().to_string();
    assert!(message.contains("at the same point"), "{message}");
}

/// `Σ (1 − xᵢ)² + 100 (xᵢ₊₁ − xᵢ²)²` (Rosenbrock, 'An automatic method for finding the greatest or least value of a
/// function', 1960) and its gradient.
fn rosenbrock(x: &[f64]) -> f64 {
    x.windows(2).map(|w| (1.0 - w[0]).powi(2) + 100.0 * (w[1] - w[0] * w[0]).powi(2)).sum()
}

fn rosenbrock_gradient(x: &[f64]) -> Vec<f64> {
    let mut gradient = vec![0.0; x.len()];
    for (i, w) in x.windows(2).enumerate() {
        let off = w[1] - w[0] * w[0];
        gradient[i] += -2.0 * (1.0 - w[0]) - 400.0 * w[0] * off;
        gradient[i + 1] += 200.0 * off;
    }
    gradient
}

#[test]
fn a_function_of_a_slice_is_checked_in_every_mode() {
    let x: Vec<f64> = (0..40).map(|i| (f64::from(i) * 0.7).sin()).collect();
    for mode in [Mode::Full, Mode::CHAPTER, Mode::QUICK] {
        let check = FunctionCheck::new(rosenbrock, rosenbrock_gradient, &x).mode(mode).name("start");
        let report = check.run().unwrap();
        assert!(report.passed(), "{report}");
        assert_eq!(report.parameters[0].name, "start");
        let wrong = |x: &[f64]| rosenbrock_gradient(x).iter().map(|g| g * 1.01).collect();
        let report = FunctionCheck::new(rosenbrock, wrong, &x).mode(mode).must_fail().unwrap();
        assert_eq!(report.parameters[0].verdict, Verdict::Fail, "{report}");
    }
    let one_wrong = |x: &[f64]| {
        let mut gradient = rosenbrock_gradient(x);
        gradient[17] *= 1.0 + 1e-4;
        gradient
    };
    let report = FunctionCheck::new(rosenbrock, one_wrong, &x).must_fail().unwrap();
    let parameter = &report.parameters[0];
    assert_eq!((parameter.failed, &parameter.worst.as_ref().unwrap().index), (1, &vec![17]), "{report}");
}

#[test]
fn a_kink_of_a_function_of_a_slice_is_told_from_a_fault() {
    let norm = |x: &[f64]| x.iter().map(|x| x.abs()).sum::<f64>();
    let x = [0.7, 0.0, -1.2];
    // Any number between both sides' slopes is a subgradient.
    for at_zero in [0.0, 1.0, -0.5] {
        let report = FunctionCheck::new(norm, |_| vec![1.0, at_zero, -1.0], &x).run().unwrap();
        assert!(report.passed() && report.parameters[0].kinks == [vec![1]], "{report}");
    }
    let report = FunctionCheck::new(norm, |_| vec![1.0, 1.5, -1.0], &x).must_fail().unwrap();
    assert_eq!(report.parameters[0].failed, 1, "{report}");
}
