//! cargo run --example 04_relu
//!
//! A rectifier is a gate: the cotangent passes where x > 0, and nowhere else. Drawn in `graphs/relu.svg`.
//!
//! ```text
//! x     [ 1.0, -0.5, -2.0,  3.0]
//! dL/dx [ 1.0,  0.0,  0.0,  1.0]
//! ```

use chainrule::{Tape, Var};
use ndarray::arr1;

/// `L = Σ max(x, 0)`, and x.
pub(crate) fn relu(tape: &Tape) -> (Var<'_>, [Var<'_>; 1]) {
    let x = tape.leaf("x", arr1(&[1.0, -0.5, -2.0, 3.0]));
    (x.relu().sum().named("L"), [x])
}

fn main() {
    let tape = Tape::new();
    let (l, [x]) = relu(&tape);
    let [dx] = l.grad([x]);
    println!("x     {:4.1}", x.value());
    println!("dL/dx {:4.1}", dx.value());
}
