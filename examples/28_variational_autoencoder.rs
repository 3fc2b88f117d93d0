//! cargo run --example 28_variational_autoencoder
//!
//! A variational autoencoder (Kingma and Welling 2014, *Auto-encoding variational Bayes*) learns codes of eight normal numbers for
//! handwritten digits. The encoder says a mean and a variance for each; a code is drawn from them, and the decoder says how likely
//! each pixel is. Dropout and the noise of the codes are functions of a seed and the number of the step. The loss is the bound on the
//! cost of a picture in nats: of its pixels, given the code, and of the code (the Kullback-Leibler divergence from normal numbers).
//!
//! ```text
//! 2000 digits to train on, 200 to validate with
//! by the mean image, a digit costs 204 nats
//! by the autoencoder, less than 140: true, of which the code costs 10 to 30: true
//! a digit and its code's picture are nearer than two digits: true
//! pictures of codes that were drawn are neither empty nor full: true
//! ```

use chainrule::data::mnist::{Mnist, PIXELS};
use chainrule::data::{Batches, train_validation_split};
use chainrule::nn::{
    Adam, Affine, BceWithLogitsLoss, Dropout, He, Layer, Optimizer, Rate, Reduction, Relu, Sequential,
    Training, Xavier,
};
use chainrule::{Plan, State, Tape, Var};
use ndarray::{Array2, Axis, arr0};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::error::Error;

const BATCH: usize = 50;
const EPOCHS: u64 = 12;
const CODE: isize = 8;

/// Mean and logarithm of the variance of a code, beside each other, to the code: in training it is drawn, in evaluation it is the mean.
#[derive(Debug)]
struct Draw;

fn halves(x: Var<'_>) -> [Var<'_>; 2] {
    x.split([CODE as usize; 2], -1)
}

impl Layer for Draw {
    fn kind(&self) -> &str {
        "draw"
    }

    fn outputs(&self, _: Option<usize>) -> Option<usize> {
        Some(CODE as usize)
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        halves(x)[0]
    }

    fn train<'t>(&self, x: Var<'t>, training: &mut Training<'t>) -> Var<'t> {
        let [mean, log_variance] = halves(x);
        mean + (0.5 * log_variance).exp() * training.randn_like(mean)
    }
}

/// What a code costs beside normal numbers, in nats for each picture: `½ Σ (μ² + σ² − ln σ² − 1)` (appendix B there).
fn divergence(code: Var<'_>) -> Var<'_> {
    let [mean, log_variance] = halves(code);
    0.5 * (mean.square() + log_variance.exp() - log_variance - 1.0).sum_over(-1).mean()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mnist = Mnist::load(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mnist"))?;
    let digits: Array2<f32> = mnist.train.take(2200).pixels();
    let (train, validation) = train_validation_split(digits.nrows(), 1.0 / 11.0, 1);
    println!("{} digits to train on, {} to validate with", train.len(), validation.len());

    let encoder = Sequential::new()
        .push(Affine::new(PIXELS, 128).init(He))
        .push(Relu)
        .push(Dropout::new(0.1))
        .push(Affine::new(128, 2 * CODE as usize).init(Xavier));
    let decoder = Sequential::new()
        .push(Affine::new(CODE as usize, 128).init(He))
        .push(Relu)
        .push(Affine::new(128, PIXELS).init(Xavier));
    let (encoder, decoder) =
        (Sequential::new().push_named("encoder", encoder), Sequential::new().push_named("decoder", decoder));

    let tape = Tape::new();
    let x = tape.input("x", [BATCH, PIXELS]);
    let (key, step) = (tape.index_leaf("key", arr0(1)), tape.index_input("step", []));
    let pixels = BceWithLogitsLoss::default().reduction(Reduction::BatchMean);

    // Recorded twice: for training, and for evaluation, where nothing is dropped or drawn.
    let mut training = Training::new(key, step);
    let code = encoder.train(x, &mut training);
    let scores = decoder.train(Draw.train(code, &mut training), &mut training);
    let loss = pixels.forward(scores, x) + divergence(code);
    let code = encoder.forward(x);
    let scores = decoder.forward(Draw.forward(code));
    let (cost, code_cost, picture) =
        (pixels.forward(scores, x) + divergence(code), divergence(code), scores.sigmoid());
    let drawn = decoder.forward(tape.input("code", [BATCH, CODE as usize])).sigmoid();

    let parameters = [encoder.parameters(&tape), decoder.parameters(&tape)].concat();
    let batches = Batches::of(train.clone(), BATCH).shuffled(1).drop_last();
    let steps = EPOCHS as usize * batches.per_epoch();
    let optimizer = Adam::new(Rate::cosine(4e-3, 0.0, steps).warm_up(20));
    let mut updates = optimizer.updates(loss, &parameters);
    updates.extend(training.into_updates());
    let mut plan = Plan::<f32>::compile([loss], updates)?;
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let mut state: State<f32> = encoder.init(rng).into_iter().chain(decoder.init(rng)).collect();
    optimizer.init(&parameters, &mut state);
    for (count, batch) in batches.after(0).take(steps).enumerate() {
        plan.feed("x", &digits.select(Axis(0), &batch.rows))?;
        plan.feed_indices("step", &arr0(count))?;
        plan.run(&mut state)?;
    }

    // The mean image, each pixel of which is ink with a probability.
    let seen = digits.select(Axis(0), &validation);
    let mean = digits.select(Axis(0), &train).mean_axis(Axis(0)).ok_or("there are no digits")?;
    let mean = mean.mapv(|p| p.clamp(1e-3, 1.0 - 1e-3));
    let by_mean = -(&seen * &mean.mapv(f32::ln) + (1.0 - &seen) * &mean.mapv(|p| (1.0 - p).ln()));
    println!(
        "by the mean image, a digit costs {:.0} nats",
        by_mean.sum_axis(Axis(1)).mean().unwrap_or(f32::NAN)
    );

    let mut evaluation = Plan::<f32>::compile([cost, code_cost, picture], [])?;
    let (mut sums, mut off) = ([0.0; 2], [0.0; 2]);
    let batches: Vec<_> = Batches::of(validation.clone(), BATCH).epoch(0).collect();
    for batch in &batches {
        let images = digits.select(Axis(0), &batch.rows);
        evaluation.feed("x", &images)?;
        let outputs = evaluation.run(&mut state)?;
        sums = [sums[0] + outputs.item(cost), sums[1] + outputs.item(code_cost)];
        let pictures = outputs.nth(2);
        let others = images.select(Axis(0), &(1..=BATCH).map(|i| i % BATCH).collect::<Vec<_>>());
        off[0] += (&images - &pictures).mapv(|x| x * x).sum();
        off[1] += (&images - &others).mapv(|x| x * x).sum();
    }
    let [nats, code_nats] = sums.map(|sum| sum / batches.len() as f32);
    println!(
        "by the autoencoder, less than 140: {}, of which the code costs 10 to 30: {}",
        nats < 140.0,
        (10.0..30.0).contains(&code_nats)
    );
    println!("a digit and its code's picture are nearer than two digits: {}", off[0] < 0.5 * off[1]);

    let mut generator = Plan::<f32>::compile([drawn], [])?;
    let codes = tape.constant(Array2::<f64>::zeros((BATCH, CODE as usize))).randn_like(
        key,
        tape.index_leaf("any", arr0(0)),
        0,
    );
    generator.feed("code", &codes.value().into_array().mapv(|x| x as f32))?;
    let ink = generator.run(&mut state)?.nth(0).mean().unwrap_or(f32::NAN);
    println!("pictures of codes that were drawn are neither empty nor full: {}", (0.05..0.3).contains(&ink));
    Ok(())
}
