//! cargo run --example 21_rosenbrock
//!
//! Rosenbrock's function, a curved valley with a flat floor, minimised by L-BFGS: in 2 dimensions, and in 100,000 (Moré,
//! Garbow and Hillstrom 1981, problem 21: one valley for each pair of numbers). The least value is 0, where all numbers are 1.
//!
//! ```text
//! 2 numbers: at most 1e-6 from the minimum: true, fewer than 50 steps: true, Gradient
//! 100000 numbers: at most 1e-6 from the minimum: true, fewer than 50 steps: true, Gradient
//! ```

use chainrule::nn::Lbfgs;
use chainrule::{Result, State, Tape};
use ndarray::{Array1, s};

fn main() -> Result<()> {
    for count in [2, 100_000] {
        let tape = Tape::new();
        let x = tape.parameter("x", [count]);
        let pairs = x.reshape([-1, 2]);
        let (a, b) = (pairs.slice(s![.., 0]), pairs.slice(s![.., 1]));
        let loss = ((1.0 - a).square() + 100.0 * (b - a.square()).square()).sum();

        let mut state = State::<f64>::new();
        state.insert("x", Array1::from_shape_fn(count, |i| if i % 2 == 0 { -1.2 } else { 1.0 }));
        let minimum = Lbfgs::new().tolerances(1e-8, 0.0).minimize(loss, &[x], &mut state)?;

        let distance = state.to_vec(["x"])?.iter().map(|x| (x - 1.0).abs()).fold(0.0, f64::max);
        println!(
            "{count} numbers: at most 1e-6 from the minimum: {}, fewer than 50 steps: {}, {:?}",
            distance <= 1e-6,
            minimum.iterations < 50,
            minimum.reason
        );
    }
    Ok(())
}
