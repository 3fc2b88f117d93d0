//! cargo run --example 22_autoencoder
//!
//! An autoencoder learns to draw digits from 16 numbers each: a network from 784 pixels down to 16 numbers and up again, trained by
//! Adam, whose rate falls along a cosine, on batches that another thread makes ready. It is saved, read back, and compared with the mean
//! image, which knows nothing of a digit.
//!
//! ```text
//! 2000 digits to train on, 200 to validate with
//! the mean image is off by 0.066 per pixel
//! the autoencoder is off by less than 0.04: true
//! the state that was read back gives the same: true
//! ```

use chainrule::data::mnist::{Mnist, PIXELS};
use chainrule::data::{Batches, prefetch, train_validation_split};
use chainrule::nn::{Adam, Affine, Clip, He, Optimizer, Rate, Relu, Sequential, Sigmoid, Xavier};
use chainrule::{Plan, State, Tape};
use ndarray::{Array2, Axis};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::error::Error;
use std::sync::Arc;

const BATCH: usize = 50;
const EPOCHS: u64 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mnist = Mnist::load(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mnist"))?;
    let digits: Arc<Array2<f32>> = Arc::new(mnist.train.take(2200).pixels());
    let (train, validation) = train_validation_split(digits.nrows(), 1.0 / 11.0, 1);
    println!("{} digits to train on, {} to validate with", train.len(), validation.len());

    let net = Sequential::new()
        .push(Affine::new(PIXELS, 64).init(He))
        .push(Relu)
        .push(Affine::new(64, 16).init(Xavier))
        .push(Affine::new(16, 64).init(He))
        .push(Relu)
        .push(Affine::new(64, PIXELS).init(Xavier))
        .push(Sigmoid);
    let tape = Tape::new();
    let x = tape.input("x", [BATCH, PIXELS]);
    let loss = (net.forward(x) - x).square().mean();
    let parameters = net.parameters(&tape);

    let batches = Batches::of(train.clone(), BATCH).shuffled(1).drop_last();
    let steps = EPOCHS as usize * batches.per_epoch();
    let optimizer = Clip::by_global_norm(Adam::new(Rate::cosine(5e-3, 0.0, steps).warm_up(20)), 1.0);
    let mut step = Plan::<f32>::compile([], optimizer.updates(loss, &parameters))?;
    let mut state = net.init::<f32>(&mut ChaCha8Rng::seed_from_u64(1));
    optimizer.init(&parameters, &mut state);
    let source = digits.clone();
    let made = batches.after(0).take(steps).map(move |batch| source.select(Axis(0), &batch.rows));
    for images in prefetch(made, 4) {
        step.feed("x", &images)?;
        step.run(&mut state)?;
    }

    let mean = digits.select(Axis(0), &train).mean_axis(Axis(0)).ok_or("there are no digits")?;
    let seen = digits.select(Axis(0), &validation);
    let off = (&seen - &mean).mapv(|x| x * x).mean().unwrap_or(f32::NAN);
    println!("the mean image is off by {off:.3} per pixel");

    let mut evaluation = Plan::<f32>::compile([loss], [])?;
    let mut mean_loss = |state: &mut State<f32>| -> chainrule::Result<f32> {
        let mut sum = 0.0;
        for batch in Batches::of(validation.clone(), BATCH).epoch(0) {
            evaluation.feed("x", &digits.select(Axis(0), &batch.rows))?;
            sum += evaluation.run(state)?.item(loss) * batch.count as f32;
        }
        Ok(sum / validation.len() as f32)
    };
    let found = mean_loss(&mut state)?;
    println!("the autoencoder is off by less than 0.04: {}", found < 0.04);

    let path = std::env::temp_dir().join(format!("chainrule-autoencoder-{}.safetensors", std::process::id()));
    state.save(&path)?;
    // The optimiser's memory stays in the file.
    let mut again = State::<f32>::load_where(&path, |name| name.starts_with("affine"))?;
    std::fs::remove_file(&path)?;
    println!("the state that was read back gives the same: {}", mean_loss(&mut again)? == found);
    Ok(())
}
