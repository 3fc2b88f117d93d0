//! Section 7.4: stochastic gradient descent. A whole step, including gradients and updates, is one plan.

use crate::accuracy::{Accuracy, pixel};
use crate::options::Options;
use chainrule::data::mnist::{CLASSES, Mnist, PIXELS, Split};
use chainrule::nn::{Optimizer, Sequential, Sgd, SoftmaxWithLoss};
use chainrule::{Plan, PlanOptions, Precision, State, Tape};
use indicatif::{ProgressBar, ProgressStyle};
use ndarray::ArrayViewMutD;
use rand::{Rng, RngExt};
use serde::Serialize;
use std::error::Error;
use std::io::Write;
use std::time::Instant;

/// The results of a training.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Training {
    pub(crate) iterations: usize,
    /// The accuracies at the end.
    pub(crate) train_accuracy: f64,
    pub(crate) test_accuracy: f64,
    /// All of it, and the steps alone.
    pub(crate) seconds: f64,
    pub(crate) step_seconds: f64,
    /// Before the first step, after each epoch, and after the last step.
    pub(crate) epochs: Vec<Epoch>,
    /// The loss of each step's images, before the step.
    pub(crate) loss: Vec<f64>,
}

/// The state of a training after an epoch: as many steps as it takes to see as many images as there are.
#[derive(Debug, Serialize)]
pub(crate) struct Epoch {
    pub(crate) iteration: usize,
    pub(crate) train_accuracy: f64,
    pub(crate) test_accuracy: f64,
}

/// Trains the network from `start` in the precision `F`.
pub(crate) fn run<F: Precision>(
    net: &Sequential,
    start: &State<f64>,
    mnist: &Mnist,
    options: &Options,
    rng: &mut impl Rng,
) -> Result<Training, Box<dyn Error>> {
    let began = Instant::now();
    let threads = PlanOptions::default().threads(options.threads);

    let tape = Tape::new();
    let x = tape.input("x", [options.batch, PIXELS]);
    let t = tape.input("t", [options.batch, CLASSES]);
    let loss = SoftmaxWithLoss.forward(net.forward(x), t);
    let updates = Sgd::new(options.learning_rate).updates(loss, &net.parameters(&tape));
    let mut step = Plan::<F>::compile_with([loss], updates, threads)?;
    let mut state = start.cast::<F>();

    let mut train = Accuracy::<F>::new(|x| net.forward(x), &mnist.train, threads)?;
    let mut test = Accuracy::<F>::new(|x| net.forward(x), &mnist.test, threads)?;
    let bar = progress(options.iterations)?;
    let mut log = Training { iterations: options.iterations, ..Training::default() };
    let mut batch = vec![0; options.batch];
    let epoch = (mnist.train.len() / options.batch).max(1);
    bar.suspend(|| writeln!(std::io::stdout(), "iteration    loss   train    test"))?;
    loop {
        let done = log.loss.len();
        let (train_accuracy, test_accuracy) = (train.of(&mut state)?, test.of(&mut state)?);
        let line = format!("{done:>9}  {}  {train_accuracy:.4}  {test_accuracy:.4}", log.mean_loss(epoch));
        bar.suspend(|| writeln!(std::io::stdout(), "{line}"))?;
        log.epochs.push(Epoch { iteration: done, train_accuracy, test_accuracy });
        (log.train_accuracy, log.test_accuracy) = (train_accuracy, test_accuracy);
        if done == options.iterations {
            break;
        }

        let clock = Instant::now();
        for _ in done..options.iterations.min(done + epoch) {
            batch.fill_with(|| rng.random_range(..mnist.train.len()));
            step.feed_rows(x, mnist.train.images(), &batch, pixel)?;
            one_hot(&mnist.train, &batch, step.input_mut(t)?);
            let loss = step.run(&mut state)?.item(loss).wide();
            if !loss.is_finite() {
                let n = log.loss.len();
                return Err(format!(
                    "the loss is {loss} at iteration {n}; a smaller --learning-rate may help"
                )
                .into());
            }
            log.loss.push(loss);
            bar.inc(1);
        }
        log.step_seconds += clock.elapsed().as_secs_f64();
    }
    bar.finish_and_clear();
    log.seconds = began.elapsed().as_secs_f64();
    Ok(log)
}

impl Training {
    /// The mean loss of the last steps, as printed.
    fn mean_loss(&self, steps: usize) -> String {
        let last = &self.loss[self.loss.len().saturating_sub(steps)..];
        match last.len() {
            0 => format!("{:>6}", "–"),
            n => format!("{:.4}", last.iter().sum::<f64>() / n as f64),
        }
    }
}

/// Writes labels into the rows of a plan's buffer: 1 at the digit, else 0.
fn one_hot<F: Precision>(split: &Split, chosen: &[usize], mut into: ArrayViewMutD<'_, F>) {
    into.fill(F::zero());
    for (mut row, &i) in into.rows_mut().into_iter().zip(chosen) {
        row[usize::from(split.labels()[i])] = F::one();
    }
}

fn progress(steps: usize) -> Result<ProgressBar, Box<dyn Error>> {
    let style = ProgressStyle::with_template("{bar:50} {pos}/{len} steps, {eta} left")?;
    Ok(ProgressBar::new(steps as u64).with_style(style))
}
