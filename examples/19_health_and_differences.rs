//! cargo run --example 19_health_and_differences
//!
//! Where does the NaN come from? `draw().health()` marks the node where it begins and those that only hand it on, and tells
//! dead relus and gradients that are 0, vanish or explode. `diff` says what is different between two graphs, as data and
//! as a picture. Drawn in `graphs/health_nan.svg` and `graphs/diff.svg`.
//!
//! ```text
//! ```

use chainrule::picture::{Diff, Picture, diff};
use chainrule::{Result, Tape, Var};
use ndarray::arr2;

/// A bias of −10 shuts every relu, so that a mean is taken over nothing: 0 / 0.
pub(crate) fn sick_net(tape: &Tape) -> Result<Var<'_>> {
    let x = tape.leaf("x", arr2(&[[1.0, 2.0], [3.0, 4.0]]));
    let (w, b) = (tape.parameter("w", [2, 2]), tape.parameter("b", []));
    tape.feed(w, arr2(&[[1.0, -1.0], [0.5, 1.0]]))?;
    tape.feed(b, ndarray::arr0(-10.0))?;
    let h = (x.matmul(w) + b).relu();
    let share = h / h.sum();
    Ok((share.square()).sum().named("loss"))
}

/// The same with its gradients and what is wrong with them.
pub(crate) fn sick() -> Result<Picture> {
    let tape = Tape::new();
    let loss = sick_net(&tape)?;
    loss.draw().gradients(&loss.backward()).health().picture()
}

/// A network, and what became of it: a larger batch, tanh instead of relu, and a factor.
pub(crate) fn changed() -> Diff {
    let (before, after) = (Tape::new(), Tape::new());
    for (tape, batch, new) in [(&before, 100, false), (&after, 128, true)] {
        let (x, w, v) =
            (tape.input("x", [batch, 8]), tape.parameter("w", [8, 4]), tape.parameter("v", [4, 1]));
        let h = x.matmul(w);
        let h = if new { h.tanh() * 0.5 } else { h.relu() };
        let _ = h.matmul(v).sum().named("y");
    }
    diff(&before.graph(), &after.graph())
}

fn main() -> Result<()> {
    let picture = sick()?;
    for node in &picture.nodes {
        let (Some(mark), Some(known)) = (node.mark, &node.details) else { continue };
        for finding in &known.findings {
            println!("{:<3} {} {}: {finding}", node.id, mark.sign(), known.op);
        }
    }
    println!();
    print!("{}", changed());
    Ok(())
}
