//! cargo run --example 07_softmax_with_loss
//!
//! Softmax and cross entropy, `L = −(1/N) Σ t ln y` with `y = softmax(x)`: as one node, which is accurate for any scores,
//! and from elementary nodes. The derivative of both is `(y − t) / N`. Drawn in `graphs/softmax_with_loss.svg` and
//! `graphs/softmax_with_loss_steps.svg`.
//!
//! ```text
//! one node  L 0.305714  dL/dx [0.018211, 0.245192, -0.263403]
//! steps     L 0.305714  dL/dx [0.018211, 0.245192, -0.263403]
//! ```

use chainrule::{Tape, Var};
use ndarray::arr1;

/// The scores x of one example, so N = 1, and the target probabilities t.
fn scores_and_targets(tape: &Tape) -> [Var<'_>; 2] {
    [tape.leaf("x", arr1(&[0.3, 2.9, 4.0])), tape.leaf("t", arr1(&[0.0, 0.0, 1.0]))]
}

/// The loss as one node; x and t.
pub(crate) fn softmax_with_loss(tape: &Tape) -> (Var<'_>, [Var<'_>; 2]) {
    let [x, t] = scores_and_targets(tape);
    (x.softmax_cross_entropy(t).named("L"), [x, t])
}

/// The loss from exp, Σ, ÷, log and ×; x and t.
pub(crate) fn softmax_with_loss_steps(tape: &Tape) -> (Var<'_>, [Var<'_>; 2]) {
    let [x, t] = scores_and_targets(tape);
    let e = x.exp();
    let y = (e / e.sum()).named("y");
    let l = (t * y.ln()).sum() * -1.0;
    (l.named("L"), [x, t])
}

fn main() {
    let tape = Tape::new();
    for (name, (l, [x, _])) in
        [("one node", softmax_with_loss(&tape)), ("steps", softmax_with_loss_steps(&tape))]
    {
        let [dx] = l.grad([x]);
        println!("{name:<8}  L {:.6}  dL/dx {:.6}", l.value(), dx.value());
    }
}
