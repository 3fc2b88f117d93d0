//! cargo run --example 09_gradient_check
//!
//! Is a derivative right, and if not, which op is wrong? `Check` checks every node by itself, and compares the recorded
//! gradient of every leaf with central differences. Correct gradients pass; a wrong one is traced to the op whose author
//! forgot the 3 in `dx = 3 dy x²`, with the line that used it. `graphs/checked_wrong_rule.svg` shows it.
//!
//! ```text
//! parameter  shape  pass  zero  ≈ 0  fail  unresolved  kink  mean |Δ|  max |Δ|  max rel  verdict
//! x          [3]       3     0    0     0           0     0    0.00e0   0.00e0   0.00e0  pass
//! w          [3]       3     0    0     0           0     0    0.00e0   0.00e0   0.00e0  pass
//!
//! parameter  shape  pass  zero  ≈ 0  fail  unresolved  kink  mean |Δ|  max |Δ|  max rel  verdict
//! x          [3]       0     0    0     3           0     0    4.67e0   1.20e1  6.67e-1  FAIL
//! w          [3]       3     0    0     0           0     0    0.00e0   0.00e0   0.00e0  pass
//! x: FAIL: max |Δ| at [2]: backprop -6e0, numeric -1.8e1
//!   [0]: backprop 7.5e-1, numeric 2.25e0
//!   [1]: backprop 2.5e-1, numeric 7.5e-1
//!   hint: every element is 0.333 times what it should be
//! node: wrong_cube (n2), operand 0 `x`, recorded at examples/09_gradient_check.rs:70:14: its rule differs from its kernel
//!   worst element [2]: backprop -3.5813556200082126e0, numeric -1.0744066860024637e1
//!   [1]: backprop 8.734529874294779e-1, numeric 2.6203589622884333e0
//!   [0]: backprop -2.1186183904717223e-1, numeric -6.355855171415167e-1
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

/// `Σ w x³` with a given function for the cube; the output and the leaves x, w.
pub(crate) fn weighed<'t>(tape: &'t Tape, cube: impl FnOnce(Var<'t>) -> Var<'t>) -> (Var<'t>, [Var<'t>; 2]) {
    let x = tape.leaf("x", arr1(&[0.5, -1.0, 2.0]));
    let w = tape.leaf("w", arr1(&[3.0, 0.25, -1.5]));
    ((w * cube(x)).sum(), [x, w])
}

/// The cube, computed by the op with the wrong rule.
pub(crate) fn wrong_cube(x: Var<'_>) -> Var<'_> {
    x.tape().apply(WrongCube, &[x])
}

fn main() -> chainrule::Result<()> {
    let tape = Tape::new();
    let (output, leaves) = weighed(&tape, |x| x * x * x);
    let right = Check::new(output, &leaves).run()?;
    println!("{right}");

    let tape = Tape::new();
    let (output, leaves) = weighed(&tape, wrong_cube);
    let wrong = Check::new(output, &leaves).run()?;
    print!("{wrong}");
    assert!(right.passed() && !wrong.passed());
    Ok(())
}
