//! cargo run --example 15_watching_training
//!
//! A network learns XOR, and is drawn before training and after some of its steps: one page with a slider, on which values,
//! gradients and histograms change while the layout stays the same. It is written to
//! `target/watching_training.html`.
//!
//! ```text
//! step    0  loss 0.2657
//! step   25  loss 0.2392
//! step   50  loss 0.1520
//! step  100  loss 0.0050
//! step  200  loss 0.0008
//! step  400  loss 0.0002
//! step  800  loss 0.0001
//! 7 moments, 4 groups
//! ```

use chainrule::nn::{Adam, Affine, Optimizer, Sequential, Sigmoid, Xavier};
use chainrule::picture::{Page, Timeline};
use chainrule::{Plan, Tape};
use ndarray::arr2;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

#[path = "support/target.rs"]
pub(crate) mod target;

/// The network at some moments of its training: the step, the loss and the drawing.
pub(crate) fn training(steps: &[usize]) -> chainrule::Result<Vec<(usize, f64, Page)>> {
    let net = Sequential::new()
        .push(Affine::new(2, 8).init(Xavier))
        .push(Sigmoid)
        .push(Affine::new(8, 1).init(Xavier))
        .push(Sigmoid);
    let tape = Tape::new();
    let x = tape.leaf("x", arr2(&[[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]));
    let t = tape.leaf("t", arr2(&[[0.0], [1.0], [1.0], [0.0]]));
    let loss = (net.forward(x) - t).square().mean().named("loss");
    let gradients = loss.backward();

    let adam = Adam::new(0.05);
    let parameters = net.parameters(&tape);
    let mut step = Plan::<f32>::compile([loss], adam.updates(loss, &parameters))?;
    let mut state = net.init::<f32>(&mut ChaCha8Rng::seed_from_u64(1));
    adam.init(&parameters, &mut state);

    let (mut done, mut moments) = (0, Vec::new());
    for &wanted in steps {
        while done < wanted {
            step.run(&mut state)?;
            done += 1;
        }
        // The tape computes the values of the drawing from the trained parameters.
        tape.load(&state)?;
        let drawing = loss.draw().title("A network learns XOR").gradients(&gradients).page()?;
        moments.push((done, loss.value().item(), drawing));
    }
    Ok(moments)
}

/// The page of all moments.
pub(crate) fn timeline(moments: Vec<(usize, f64, Page)>) -> Timeline {
    let add = |timeline: Timeline, (step, _, drawing)| timeline.moment(format!("step {step}"), drawing);
    moments.into_iter().fold(Timeline::new(), add)
}

fn main() -> chainrule::Result<()> {
    let moments = training(&[0, 25, 50, 100, 200, 400, 800])?;
    for (step, loss, _) in &moments {
        println!("step {step:4}  loss {loss:.4}");
    }
    println!("{} moments, {} groups", moments.len(), moments[0].2.picture().groups.len());
    timeline(moments).save(target::folder().join("watching_training.html"))
}
