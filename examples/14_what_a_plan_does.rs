//! cargo run --example 14_what_a_plan_does
//!
//! The schedule of a training step in f32 as a table: fused ops, in-place writes, and memory. Drawn in
//! `graphs/training_step_plan.svg`.
//!
//! ```text
//! plan in f32 for one thread: 26 nodes in 12 steps
//! results 200.6 KiB, 1.16 × what is alive at one time; registers 16.0 KiB; leaves 465.5 KiB
//! step  computes               shape      reads                                writes
//!    0  matmul add relu        [100, 50]  `x` `affine1/weight` `affine1/bias`  r1 19.5 KiB at 0 B
//!    1  sum                    [100, 1]   `t`                                  r2 400 B at 19.6 KiB
//!    2  matmul add             [100, 10]  r1 `affine2/weight` `affine2/bias`   r4 3.9 KiB at 20.0 KiB
//!    3  softmax_cross_entropy  []         r4 `t`                               r5 4 B at 23.9 KiB
//!    4  softmax mul sub mul    [100, 10]  r4 r2 `t` 0.01                       r7 3.9 KiB at 24.0 KiB
//!    5  sum_to_like            [10]       r7                                   r8 40 B at 19.6 KiB
//!    6  matmul greater mul     [100, 50]  r7 `affine2/weight` r1 0             r10 19.5 KiB at 27.9 KiB
//!    7  matmul mul sub         [50, 10]   r1 r7 0.1 `affine2/weight`           `affine2/weight` in place
//!    8  mul sub                [10]       0.1 r8 `affine2/bias`                `affine2/bias` in place
//!    9  sum_to_like            [50]       r10                                  r14 200 B at 24.0 KiB
//!   10  matmul mul sub         [784, 50]  `x` r10 0.1 `affine1/weight`         `affine1/weight` in place
//!   11  mul sub                [50]       0.1 r14 `affine1/bias`               `affine1/bias` in place
//! outputs n11 in r5
//! ```

use chainrule::nn::{Affine, Optimizer, Relu, Sequential, Sgd, SoftmaxWithLoss};
use chainrule::{Plan, Result, Schedule, Tape};

/// The schedule of a training step of the chapter's network on 100 images.
pub(crate) fn schedule() -> Result<Schedule> {
    let net = Sequential::new().push(Affine::new(784, 50)).push(Relu).push(Affine::new(50, 10));
    let tape = Tape::new();
    let (x, t) = (tape.input("x", [100, 784]), tape.input("t", [100, 10]));
    let loss = SoftmaxWithLoss.forward(net.forward(x), t);
    let updates = Sgd::new(0.1).updates(loss, &net.parameters(&tape));
    Ok(Plan::<f32>::compile([loss], updates)?.schedule())
}

fn main() -> Result<()> {
    print!("{}", schedule()?);
    Ok(())
}
