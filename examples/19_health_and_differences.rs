//! cargo run --example 19_health_and_differences
//!
//! Where does the NaN come from? `draw().health()` marks the node where it begins and those that pass it on, dead relus,
//! and gradients that are 0, vanish or explode. `diff` reports the differences between two graphs, as data and as a
//! picture. Drawn in `graphs/health_nan.svg` and `graphs/diff.svg`.
//!
//! ```text
//! n0  ◇N input: 4 of 4 elements of its gradient are NaN; it comes back from n3 matmul [2, 2]
//! n1  ◇N parameter: 4 of 4 elements of its gradient are NaN; it comes back from n3 matmul [2, 2]
//! n2  ◇N parameter: its gradient is NaN; it comes back from n4 add [2, 2]
//! n3  ◇N matmul: 4 of 4 elements of its gradient are NaN; it comes back from n4 add [2, 2]
//! n4  ◇N add: 4 of 4 elements of its gradient are NaN; it comes back from n5 relu [2, 2]
//! n5  ◇N relu: 4 of 4 elements of its gradient are NaN; it comes back from n6 sum(axes=[0, 1], keep=false) []
//! n5  ◇N relu: every element is 0: nothing passes, and no gradient comes back
//! n6  ◇N sum(axes=[0, 1], keep=false): its gradient is NaN; it comes back from n7 div [2, 2]
//! n7  N div: 4 of 4 elements are NaN, and it begins here: all its operands are finite
//! n8  N square: 4 of 4 elements are NaN; it comes from n7 div [2, 2]
//! n9  N sum(axes=[0, 1], keep=false): it is NaN; it comes from n8 square [2, 2]
//!
//! ~ n0 `x` [128, 8]: shape [100, 8] → [128, 8]
//! ~ n3 matmul [128, 4]: shape [100, 4] → [128, 4]
//! − n4 relu [100, 4]
//! ~ n7 matmul [128, 1]: shape [100, 1] → [128, 1]
//! + n4 tanh [128, 4]
//! + n5 constant [] 0.5
//! + n6 mul [128, 4]
//! ```

use chainrule::picture::{Diff, Picture, diff};
use chainrule::{Result, Tape, Var};
use ndarray::arr2;

/// A bias of −10 makes every relu dead, so that the shares `h / Σ h` are 0 / 0.
pub(crate) fn sick_net(tape: &Tape) -> Result<Var<'_>> {
    let x = tape.leaf("x", arr2(&[[1.0, 2.0], [3.0, 4.0]]));
    let (w, b) = (tape.parameter("w", [2, 2]), tape.parameter("b", []));
    tape.feed(w, arr2(&[[1.0, -1.0], [0.5, 1.0]]))?;
    tape.feed(b, ndarray::arr0(-10.0))?;
    let h = (x.matmul(w) + b).relu();
    let share = h / h.sum();
    Ok((share.square()).sum().named("loss"))
}

/// The same with its gradients and their health.
pub(crate) fn sick() -> Result<Picture> {
    let tape = Tape::new();
    let loss = sick_net(&tape)?;
    loss.draw().gradients(&loss.backward()).health().picture()
}

/// A network and a changed version of it, with a larger batch, tanh instead of relu, and a factor.
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
