//! cargo run --example 29_regression_from_csv
//!
//! A table of measured pendulums becomes arrays, by the crate `csv`; a small network learns the period of a swing from length,
//! amplitude and mass. A part of the rows is held back to validate with: training stops when the loss on them has not improved for
//! some time, and the best parameters are kept. The numbers of `data/pendulum.csv` are those of the exact law with an error of
//! 4 ms: the complete elliptic integral, by the arithmetic-geometric mean; the mass plays no part.
//!
//! ```text
//! 160 rows of ["length_m", "amplitude_deg", "mass_g"] and period_s
//! 128 to train on, 32 to validate with
//! the mean period is off by 0.43 s
//! 2 π √(length / g) is off by 0.11 s
//! stopped before the last epoch: true
//! the network is off by less than 0.02 s: true
//! ```

use chainrule::data::{Batches, EarlyStopping, Progress, train_validation_split};
use chainrule::nn::{AdamW, Affine, MseLoss, Optimizer, Sequential, Tanh, Xavier};
use chainrule::{Plan, Tape};
use ndarray::{Array1, Array2, Axis, s};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::error::Error;

const INPUTS: usize = 3;
const BATCH: usize = 16;
const EPOCHS: u64 = 2000;

/// The names of the columns, and the numbers of all rows; a field that is missing or no number is an error that names its line.
fn read(path: &str) -> Result<(Vec<String>, Array2<f64>), csv::Error> {
    let mut reader = csv::Reader::from_path(path)?;
    let names: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    let rows = reader.deserialize().collect::<Result<Vec<[f64; INPUTS + 1]>, _>>()?;
    Ok((names, Array2::from(rows)))
}

fn root_mean_square(x: &Array1<f64>) -> f64 {
    (x.dot(x) / x.len() as f64).sqrt()
}

fn main() -> Result<(), Box<dyn Error>> {
    let (names, table) = read(concat!(env!("CARGO_MANIFEST_DIR"), "/data/pendulum.csv"))?;
    println!("{} rows of {:?} and {}", table.nrows(), &names[..INPUTS], names[INPUTS]);
    let (train, validation) = train_validation_split(table.nrows(), 0.2, 1);
    println!("{} to train on, {} to validate with", train.len(), validation.len());

    // To mean 0 and deviation 1, by what the rows to train on say.
    let known = table.select(Axis(0), &train);
    let mean = known.mean_axis(Axis(0)).ok_or("there are no rows")?;
    let deviation = known.std_axis(Axis(0), 0.0);
    let scaled = (&table - &mean) / &deviation;
    let columns = |rows: &[usize]| {
        let rows = scaled.select(Axis(0), rows);
        (rows.slice(s![.., ..INPUTS]).to_owned(), rows.slice(s![.., INPUTS..]).to_owned())
    };
    let held = table.select(Axis(0), &validation);
    let periods = held.column(INPUTS).to_owned();
    println!("the mean period is off by {:.2} s", root_mean_square(&(&periods - mean[INPUTS])));
    let small = held.column(0).mapv(|length| std::f64::consts::TAU * (length / 9.81_f64).sqrt());
    println!("2 π √(length / g) is off by {:.2} s", root_mean_square(&(&periods - &small)));

    let net = Sequential::new()
        .push(Affine::new(INPUTS, 16).init(Xavier))
        .push(Tanh)
        .push(Affine::new(16, 16).init(Xavier))
        .push(Tanh)
        .push(Affine::new(16, 1).init(Xavier));
    let tape = Tape::new();
    let (x, t) = (tape.input("x", [BATCH, INPUTS]), tape.input("t", [BATCH, 1]));
    let loss = MseLoss::default().forward(net.forward(x), t);
    let parameters = net.parameters(&tape);
    let optimizer = AdamW::new(0.003).weight_decay(1e-3);
    let mut step = Plan::<f64>::compile([], optimizer.updates(loss, &parameters))?;
    let mut state = net.init::<f64>(&mut ChaCha8Rng::seed_from_u64(1));
    optimizer.init(&parameters, &mut state);
    // The same network on all rows to validate with.
    let whole = tape.input("whole", [validation.len(), INPUTS]);
    let guess = net.forward(whole);
    let mut evaluation = Plan::<f64>::compile([guess], [])?;
    evaluation.feed("whole", &columns(&validation).0)?;

    let batches = Batches::of(train, BATCH).shuffled(1);
    let mut stopping = EarlyStopping::new(100);
    let (mut best, mut epochs) = (state.clone(), 0);
    for epoch in 0..EPOCHS {
        for batch in batches.epoch(epoch) {
            let (inputs, targets) = columns(&batch.rows);
            step.feed("x", &inputs)?;
            step.feed("t", &targets)?;
            step.run(&mut state)?;
        }
        epochs = epoch + 1;
        let guess =
            evaluation.run(&mut state)?.nth(0).flatten().mapv(|y| mean[INPUTS] + deviation[INPUTS] * y);
        match stopping.observe(root_mean_square(&(&periods - &guess))) {
            Progress::Improved => best = state.clone(),
            Progress::Waiting => {}
            Progress::Stop => break,
        }
    }
    println!("stopped before the last epoch: {}", epochs < EPOCHS);
    let guess = evaluation.run(&mut best)?.nth(0).flatten().mapv(|y| mean[INPUTS] + deviation[INPUTS] * y);
    let off = root_mean_square(&(&periods - &guess));
    println!("the network is off by less than 0.02 s: {}", off < 0.02);
    Ok(())
}
