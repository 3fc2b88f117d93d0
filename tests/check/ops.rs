//! Ops by themselves: what their check passes, catches and refuses.

use chainrule::check::OpCheck;
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
    assert!(fault.location.as_ref().unwrap().file.ends_with("ops.rs"), "{fault}");
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
}
