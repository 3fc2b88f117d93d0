//! Workload E: 333 × `x = tanh(x a + b)` on 32 numbers, then the sum, and its gradient by x, a and b.

use crate::{Arguments, Outcome, measure, report};

/// How often.
pub const LINKS: usize = 333;
/// On how many numbers.
pub const WIDTH: usize = 32;

/// The first numbers, from −1 to 1: `[x, a, b]`.
pub fn operands() -> [Vec<f64>; 3] {
    let x = (0..WIDTH).map(|i| 2.0 * i as f64 / (WIDTH - 1) as f64 - 1.0).collect();
    [x, vec![0.9; WIDTH], vec![0.1; WIDTH]]
}

/// Times the chain. `sums` makes numbers of what a step returned: the loss, the sums of its gradients by a and by b.
pub fn run<T>(
    arguments: &Arguments,
    mut step: impl FnMut() -> T,
    sums: impl FnOnce(T) -> [f64; 3],
) -> Outcome {
    let mut last = None;
    let time = measure(arguments, || last = Some(step()));
    let [loss, da, db] = sums(last.ok_or("no step was run")?);
    report(arguments, time, [("loss", loss), ("da", da), ("db", db)])
}
