//! Ops by themselves and functions that are not on a tape: what their checks pass, catch and refuse.

use chainrule::check::{FunctionCheck, Mode, OpCheck, Verdict};
use chainrule::op::{Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Float, Var, assert_op_gradients, ops};

#[test]
fn every_op_of_the_table_passes_on_hostile_operands() {
    let mut cases = 0;
    for entry in ops::TABLE {
        // Its rule is meant to differ from its kernel.
        if entry.name == "stop_gradient" {
            continue;
        }
        for op in (entry.examples)() {
            // The second order is for `ops.rs`.
            let report = OpCheck::shared(op).order(1).run().unwrap_or_else(|e| panic!("{}: {e}", entry.name));
            assert!(report.passed(), "{report}");
            cases += report.cases.len();
        }
    }
    assert!(cases > 1000, "{cases} cases");
}

/// `y = x0 x1ᵀ` over rows, with a rule that can be wrong.
#[derive(Debug)]
struct RowProducts {
    right: bool,
}

impl<F: Float> Kernel<F> for RowProducts {
    fn run(&self, x: Inputs<'_, '_, F>, mut y: Output<'_, F>) {
        let (a, b) = (x.real(0).array(), x.real(1).array());
        for ((i, j), y) in y.array().into_dimensionality::<ndarray::Ix2>().unwrap().indexed_iter_mut() {
            let products = (0..a.shape()[1]).map(|k| a[[i, k]] * b[[j, k]]);
            *y = products.fold(F::zero(), |s, x| s + x);
        }
    }
}

impl Op for RowProducts {
    fn name(&self) -> &'static str {
        "row_products"
    }

    fn formula(&self) -> &'static str {
        "y = x0 · x1ᵀ"
    }

    fn attributes(&self) -> chainrule::op::Attributes {
        chainrule::op::Attributes::new().with("right", chainrule::op::Attribute::Flag(self.right))
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        match reals(x)? {
            [&[m, k], &[n, inner]] if k == inner => Ok(vec![m, n]),
            [a, b] => Err(format!("rows of {a:?} and {b:?} have no products")),
        }
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        match operand {
            0 => dy.matmul(x[1]).into(),
            _ if self.right => dy.t().matmul(x[0]).into(),
            // Fits where both have as many rows, and is wrong there.
            _ => dy.matmul(x[0]).into(),
        }
    }
}

#[test]
fn an_op_of_ones_own_is_checked_without_samples() {
    assert_op_gradients!(RowProducts { right: true });
    assert_op_gradients!(RowProducts { right: true }, [[3, 4], [2, 4]], [[1, 0], [5, 0]]);
    let report = OpCheck::new(RowProducts { right: false }).on(&[&[3, 4], &[3, 4]]).must_fail().unwrap();
    let fault = report.first_fault().unwrap();
    assert_eq!((fault.op.as_str(), fault.operand), ("row_products(right=false)", Some(1)), "{report}");
    assert!(fault.location.as_ref().unwrap().file.ends_with("op_check.rs"), "{fault}");
    assert!(report.to_string().contains("0 of"), "{report}");
}

#[test]
#[should_panic(expected = "row_products(right=false): 0 of 5 cases pass")]
fn the_macro_panics_with_the_report() {
    assert_op_gradients!(RowProducts { right: false }, [[3, 4], [3, 4]]);
}

#[test]
fn what_cannot_be_checked_is_refused() {
    let message = OpCheck::new(RowProducts { right: true }).on(&[&[3, 4]]).run().unwrap_err().to_string();
    assert!(message.contains("takes 2 operands, got 1"), "{message}");
    let message = OpCheck::new(ops::Tanh).must_fail().unwrap_err().to_string();
    assert!(message.contains("was to find a wrong gradient, and passed"), "{message}");
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
