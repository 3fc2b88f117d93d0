//! cargo run --example 11_plan_and_training
//!
//! A network learns XOR. The whole training step, with gradients and optimiser, is recorded once, compiled for f32, and
//! replayed a thousand times.
//!
//! ```text
//! loss below 0.01: true
//! 0 0 -> 0
//! 0 1 -> 1
//! 1 0 -> 1
//! 1 1 -> 0
//! ```

use chainrule::nn::{Adam, Affine, Optimizer, Sequential, Sigmoid, Xavier};
use chainrule::{Plan, Result, Tape};
use ndarray::arr2;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

fn main() -> Result<()> {
    let net = Sequential::new()
        .push(Affine::new(2, 8).init(Xavier))
        .push(Sigmoid)
        .push(Affine::new(8, 1).init(Xavier))
        .push(Sigmoid);

    let tape = Tape::new();
    let x = tape.leaf("x", arr2(&[[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]));
    let t = tape.leaf("t", arr2(&[[0.0], [1.0], [1.0], [0.0]]));
    let y = net.forward(x);
    let loss = (y - t).square().mean();

    let adam = Adam::new(0.05);
    let parameters = net.parameters(&tape);
    let mut step = Plan::<f32>::compile([loss, y], adam.updates(loss, &parameters))?;
    let mut state = net.init::<f32>(&mut ChaCha8Rng::seed_from_u64(1));
    adam.init(&parameters, &mut state);

    for _ in 0..1000 {
        step.run(&mut state)?;
    }
    let last = step.run(&mut state)?;
    println!("loss below 0.01: {}", last.item(loss) < 0.01);
    if let Some(y) = last.get(y) {
        println!(
            "0 0 -> {:.0}\n0 1 -> {:.0}\n1 0 -> {:.0}\n1 1 -> {:.0}",
            y[[0, 0]],
            y[[1, 0]],
            y[[2, 0]],
            y[[3, 0]]
        );
    }
    Ok(())
}
