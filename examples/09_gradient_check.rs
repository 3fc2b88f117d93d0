//! cargo run --example 09_gradient_check
//!
//! Is a derivative right, and if not, whose is wrong? `Check` judges every node on its own, and moves every element of
//! every leaf a little to either side, to hold the difference against the recorded gradient. It passes what is right,
//! and names the op whose author forgot the 3 in `dx = 3 dy x²`, with the line that used it.
//!
//! ```text
//! parameter  shape  pass  zero  fail  unresolved  kink  mean |Δ|  max |Δ|  max rel  verdict
//! x          [3]       3     0     0           0     0    0.00e0   0.00e0   0.00e0  pass
//! w          [3]       3     0     0           0     0    0.00e0   0.00e0   0.00e0  pass
//!
//! parameter  shape  pass  zero  fail  unresolved  kink  mean |Δ|  max |Δ|  max rel  verdict
//! x          [3]       0     0     3           0     0    4.67e0   1.20e1  6.67e-1  FAIL
//! w          [3]       3     0     0           0     0    0.00e0   0.00e0   0.00e0  pass
//! x: FAIL: max |Δ| at [2]: backprop -6e0, numeric -1.8e1
//!   hint: every element is 0.333 times what it should be
//! node: wrong_cube (n17), operand 0 `x`, recorded at examples/09_gradient_check.rs:65:38: its rule differs from its kernel
//!   worst element [2]: backprop 5.812121270618546e0, numeric 1.7436363811855635e1
//!   hint: every element is 0.333 times what it should be
//! ```

use chainrule::op::{Derivative, Inputs, Kernel, Op, Operand, Output, reals};
use chainrule::{Check, Float, Tape, Var};
use ndarray::arr1;

/// `y = x³`, with a wrong rule.
#[derive(Debug)]
struct WrongCube;

impl<F: Float> Kernel<F> for WrongCube {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for (y, &x) in y.data.iter_mut().zip(x.real(0).slice()) {
            *y = x * x * x;
        }
    }
}

impl Op for WrongCube {
    fn name(&self) -> &'static str {
        "wrong_cube"
    }
    fn formula(&self) -> &'static str {
        "y = x³"
    }
    fn elementwise(&self) -> bool {
        true
    }
    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        Ok(x.to_vec())
    }
    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        (dy * x[0].square()).into()
    }
}

fn main() -> chainrule::Result<()> {
    let tape = Tape::new();
    let x = tape.leaf("x", arr1(&[0.5, -1.0, 2.0]));
    let w = tape.leaf("w", arr1(&[3.0, 0.25, -1.5]));

    let right = Check::new((w * x * x * x).sum(), &[x, w]).run()?;
    println!("{right}");

    let wrong = Check::new((w * tape.apply(WrongCube, &[x])).sum(), &[x, w]).run()?;
    print!("{wrong}");
    assert!(right.passed() && !wrong.passed());
    Ok(())
}
