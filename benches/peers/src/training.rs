//! Workloads A, D and F: steps of gradient descent on images drawn at random.

use crate::random::Random;
use crate::{Arguments, Outcome, Workload, measure, report};

/// The learning rate.
pub const RATE: f64 = 0.1;
/// Images to draw from.
const IMAGES: u32 = 60_000;
/// Steps on the same batches in every engine, before those that are timed.
pub(crate) const COMPARED: usize = 20;
/// Steps at the end whose mean loss is told.
const LAST: usize = 100;

/// A network to train, and how many images a step takes.
pub struct Training {
    sizes: &'static [usize],
    /// Images in a step.
    pub batch: usize,
    /// The standard deviation of the first weights of a layer with so many inputs.
    deviation: fn(usize) -> f64,
}

/// A layer at the start; its biases are 0.
pub struct Layer {
    pub inputs: usize,
    pub outputs: usize,
    /// `[inputs, outputs]`, row after row.
    pub weights: Vec<f64>,
}

impl Training {
    /// The one of workload D or F, or else the one of A.
    pub fn of(workload: Workload) -> Self {
        match workload {
            Workload::D => Self {
                sizes: &[784, 512, 512, 10],
                batch: 128,
                deviation: |inputs| (2.0 / inputs as f64).sqrt(),
            },
            // Its parameters are in `networks`.
            Workload::F => Self { sizes: &[], batch: crate::networks::IMAGES, deviation: |_| 0.0 },
            _ => Self { sizes: &[784, 50, 10], batch: 100, deviation: |_| 0.01 },
        }
    }

    /// The layers at the start.
    pub fn layers(&self) -> Vec<Layer> {
        let layer = |(k, size): (usize, &[usize])| {
            let (inputs, outputs) = (size[0], size[1]);
            let mut random = Random::new(k as u64 + 1);
            let deviation = (self.deviation)(inputs);
            let weights = (0..inputs * outputs).map(|_| deviation * random.normal()).collect();
            Layer { inputs, outputs, weights }
        };
        self.sizes.windows(2).enumerate().map(layer).collect()
    }

    /// Trains, and prints the line. A step is given the images to take, and returns its loss.
    pub fn run(&self, arguments: &Arguments, mut step: impl FnMut(&[usize]) -> f64) -> Outcome {
        let mut random = Random::new(0);
        let mut batch = vec![0; self.batch];
        let mut losses = Vec::with_capacity(COMPARED + arguments.warm + arguments.steps);
        let mut draw_and_step = || {
            batch.fill_with(|| random.below(IMAGES));
            losses.push(step(&batch));
        };
        (0..COMPARED).for_each(|_| draw_and_step());
        let time = measure(arguments, draw_and_step);
        let last = &losses[losses.len().saturating_sub(LAST)..];
        let computed = [
            ("first", losses[0]),
            ("compared", losses[COMPARED - 1]),
            ("last", last.iter().sum::<f64>() / last.len() as f64),
        ];
        report(arguments, time, computed)
    }
}
