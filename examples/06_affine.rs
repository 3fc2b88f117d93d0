//! cargo run --example 06_affine
//!
//! The affine map of a batch, `Y = X · W + B`. B is broadcast to every row, so its derivative is summed over the rows
//! automatically. Drawn in `graphs/affine.svg`.
//!
//! ```text
//! dL/dX =
//! [[-0.5, 3],
//!  [-0.5, 3]]
//! dL/dW =
//! [[4, 4],
//!  [6, 6]]
//! dL/dB =
//! [2, 2]
//! ```

use chainrule::{Tape, Var};
use ndarray::{arr1, arr2};

/// `L = Σ (X · W + B)`, and X, W and B.
pub(crate) fn affine(tape: &Tape) -> (Var<'_>, [Var<'_>; 3]) {
    let x = tape.leaf("X", arr2(&[[1.0, 2.0], [3.0, 4.0]]));
    let w = tape.leaf("W", arr2(&[[0.5, -1.0], [1.0, 2.0]]));
    let b = tape.leaf("B", arr1(&[1.0, -1.0]));
    let y = x.matmul(w) + b;
    (y.sum().named("L"), [x, w, b])
}

fn main() {
    let tape = Tape::new();
    let (l, leaves) = affine(&tape);
    for (leaf, gradient) in leaves.into_iter().zip(l.grad(leaves)) {
        println!("dL/d{} =\n{}", leaf.name().unwrap_or_default(), gradient.value());
    }
}
