//! Workloads F, H and I: training steps of a LeNet, of a block of a transformer and of an LSTM.

use crate::random::Random;
use crate::{Arguments, Outcome, Workload, measure, report};

/// The rate of AdamW in workload H; its other settings are β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, λ = 0.01.
pub const ADAMW_RATE: f64 = 0.001;

/// The rate of gradient descent in workload I: the loss is a mean over many outputs.
pub const LSTM_RATE: f64 = 10.0;

/// Images of workload F.
pub const IMAGES: usize = 64;

/// The sizes of workload H: sequences, tokens of each, their width, heads, hidden units of a token.
pub mod transformer {
    pub const BATCH: usize = 8;
    pub const TOKENS: usize = 64;
    pub const WIDTH: usize = 128;
    pub const HEADS: usize = 4;
    pub const HIDDEN: usize = 512;
}

/// The sizes of workload I: sequences, times of each, inputs and hidden units.
pub mod lstm {
    pub const BATCH: usize = 32;
    pub const TIMES: usize = 32;
    pub const INPUTS: usize = 128;
    pub const HIDDEN: usize = 128;
}

/// A parameter at the start, row after row.
pub struct Parameter {
    pub shape: Vec<usize>,
    pub numbers: Vec<f64>,
}

/// The numbers that a parameter starts with.
#[derive(Clone, Copy)]
enum Start {
    Zeros,
    Ones,
    /// Normally distributed, with the variance gain / inputs.
    Normal { gain: f64, inputs: usize },
}

/// The parameters of a workload, in the order in which the programs name them.
pub fn parameters(workload: Workload) -> Vec<Parameter> {
    use Start::{Ones, Zeros};
    let he = |inputs| Start::Normal { gain: 2.0, inputs };
    let lecun = |inputs| Start::Normal { gain: 1.0, inputs };
    let all: Vec<(&[usize], Start)> = match workload {
        // Weights and biases of two convolutions, and of an affine map `[inputs, outputs]`.
        Workload::F => vec![
            (&[16, 1, 5, 5], he(25)),
            (&[16], Zeros),
            (&[32, 16, 5, 5], he(400)),
            (&[32], Zeros),
            (&[512, 10], he(512)),
            (&[10], Zeros),
        ],
        // Weight and bias of the first normalisation, of the map to queries, keys and values `[outputs, inputs]`, of that
        // behind the heads, of the second normalisation, of two affine maps `[inputs, outputs]`.
        Workload::H => vec![
            (&[128], Ones),
            (&[128], Zeros),
            (&[384, 128], lecun(128)),
            (&[384], Zeros),
            (&[128, 128], lecun(128)),
            (&[128], Zeros),
            (&[128], Ones),
            (&[128], Zeros),
            (&[128, 512], he(128)),
            (&[512], Zeros),
            (&[512, 128], he(512)),
            (&[128], Zeros),
        ],
        // Of the input and of the state, `[gates, inputs]`, with the gates i, f, g, o, and their biases.
        Workload::I => vec![
            (&[512, 128], lecun(128)),
            (&[512, 128], lecun(128)),
            (&[512], Zeros),
            (&[512], Zeros),
        ],
        _ => vec![],
    };
    let parameter = |(k, (shape, start)): (usize, (&[usize], Start))| {
        let len = shape.iter().product();
        let numbers = match start {
            Zeros => vec![0.0; len],
            Ones => vec![1.0; len],
            Start::Normal { gain, inputs } => {
                let (mut random, deviation) = (Random::new(k as u64 + 1), (gain / inputs as f64).sqrt());
                (0..len).map(|_| deviation * random.normal()).collect()
            }
        };
        Parameter { shape: shape.to_vec(), numbers }
    };
    all.into_iter().enumerate().map(parameter).collect()
}

/// The inputs and the targets of workloads H and I, which every step takes.
pub fn batch(workload: Workload) -> [Parameter; 2] {
    let shapes = match workload {
        Workload::H => [[transformer::BATCH, transformer::TOKENS, transformer::WIDTH]; 2],
        _ => [lstm::INPUTS, lstm::HIDDEN].map(|n| [lstm::BATCH, lstm::TIMES, n]),
    };
    let mut stream = 100;
    shapes.map(|shape| {
        stream += 1;
        let mut random = Random::new(stream);
        let numbers = (0..shape.iter().product()).map(|_| random.normal()).collect();
        Parameter { shape: shape.to_vec(), numbers }
    })
}

/// Trains on one batch, and prints the line. A step returns its loss.
pub fn run(arguments: &Arguments, mut step: impl FnMut() -> f64) -> Outcome {
    let losses: Vec<f64> = (0..crate::training::COMPARED).map(|_| step()).collect();
    let mut last = f64::NAN;
    let time = measure(arguments, || last = step());
    report(arguments, time, [("first", losses[0]), ("compared", losses[losses.len() - 1]), ("last", last)])
}
