//! cargo run --example 05_sigmoid
//!
//! The sigmoid `y = 1 / (1 + exp(−x))`, as four elementary nodes and as one node, whose rule `dx = dy · y (1 − y)` is the
//! product of the four derivatives. Drawn in `graphs/sigmoid_steps.svg` and `graphs/sigmoid.svg`.
//!
//! ```text
//! steps     y 0.731059  dy/dx 0.196612
//! one node  y 0.731059  dy/dx 0.196612
//! ```

use chainrule::{Tape, Var};

/// The sigmoid from × −1, exp, + 1 and 1/x; and x.
pub(crate) fn sigmoid_steps(tape: &Tape) -> (Var<'_>, [Var<'_>; 1]) {
    let x = tape.leaf("x", 1.0);
    let y = ((x * -1.0).exp() + 1.0).recip();
    (y.named("y"), [x])
}

/// The sigmoid as one node, and x.
pub(crate) fn sigmoid(tape: &Tape) -> (Var<'_>, [Var<'_>; 1]) {
    let x = tape.leaf("x", 1.0);
    (x.sigmoid().named("y"), [x])
}

fn main() {
    let tape = Tape::new();
    for (name, (y, [x])) in [("steps", sigmoid_steps(&tape)), ("one node", sigmoid(&tape))] {
        let [dx] = y.grad([x]);
        println!("{name:<8}  y {:.6}  dy/dx {:.6}", y.value(), dx.value());
    }
}
