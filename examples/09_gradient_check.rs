//! cargo run --example 09_gradient_check
//!
//! Is a derivative right? `Check` moves every element of every leaf a little to either side, replays the graph, and
//! holds the difference against the recorded gradient. It passes what is right, and finds the op whose author forgot
//! the 3 in `dx = 3 dy x²`.
//!
//! ```text
//! parameter  shape  pass  zero  fail  unresolved  kink  mean |Δ|   max |Δ|   max rel  verdict
//! x          [3]       3     0     0           0     0   1.58e-8   3.00e-8   1.33e-8  pass
//! w          [3]       3     0     0           0     0  2.04e-12  3.89e-12  3.11e-11  pass
//!
//! parameter  shape  pass  zero  fail  unresolved  kink  mean |Δ|   max |Δ|   max rel  verdict
//! x          [3]       0     0     3           0     0    4.67e0    1.20e1   6.67e-1  FAIL
//! w          [3]       3     0     0           0     0  2.04e-12  3.89e-12  3.11e-11  pass
//! x: FAIL: max |Δ| at [2]: backprop -6e0, numeric -1.8000000014994672e1
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
