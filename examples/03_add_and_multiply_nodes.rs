//! cargo run --example 03_add_and_multiply_nodes
//!
//! The backward pass of the two simplest nodes, for a cotangent of 1.3: a sum propagates it unchanged, a product multiplies
//! it by the other operand. Drawn in `graphs/add_node.svg` and `graphs/multiply_node.svg`.
//!
//! ```text
//! add: dL/dx 1.3, dL/dy 1.3
//! multiply: dL/dx 6.5, dL/dy 13.0
//! ```

use chainrule::{Tape, Var};

/// `L = 1.3 (x + y)`, and x and y.
pub(crate) fn add_node(tape: &Tape) -> (Var<'_>, [Var<'_>; 2]) {
    let (x, y) = (tape.leaf("x", 10.0), tape.leaf("y", 5.0));
    (((x + y) * 1.3).named("L"), [x, y])
}

/// `L = 1.3 x y`, and x and y.
pub(crate) fn multiply_node(tape: &Tape) -> (Var<'_>, [Var<'_>; 2]) {
    let (x, y) = (tape.leaf("x", 10.0), tape.leaf("y", 5.0));
    (((x * y) * 1.3).named("L"), [x, y])
}

fn main() {
    let tape = Tape::new();
    for (name, (l, leaves)) in [("add", add_node(&tape)), ("multiply", multiply_node(&tape))] {
        let [dx, dy] = l.grad(leaves).map(|gradient| gradient.value().item());
        println!("{name}: dL/dx {dx:.1}, dL/dy {dy:.1}");
    }
}
