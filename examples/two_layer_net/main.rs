//! Run with:
//!
//! ```sh
//! cargo run --release --example two_layer_net
//! ```
//!
//! Sections 7.3 and 7.4 of the chapter on backpropagation, on the real MNIST, with nothing to install or download.
//! First the gradient of every one of the 39,760 parameters is held against central differences; then the network is
//! trained. Say `-- --help` for the options.
//!
//! What it prints:
//!
//! ```text
//! ```

mod curves;
mod gradient_check;
mod options;
mod report;
mod training;

use chainrule::check::Verdict;
use chainrule::data::mnist::{CLASSES, Mnist, PIXELS};
use chainrule::nn::{Affine, Gaussian, Relu, Sequential};
use clap::Parser;
use options::{Dtype, Options};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told if this fails.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let folder = options.out.display();
    std::fs::create_dir_all(&options.out).map_err(|e| format!("{folder}: cannot be made a folder: {e}"))?;
    let mnist = Mnist::load(options.data())?;

    let net = Sequential::new()
        .push(Affine::new(PIXELS, options.hidden).init(Gaussian(0.01)))
        .push(Relu)
        .push(Affine::new(options.hidden, CLASSES).init(Gaussian(0.01)));
    writeln!(out, "{net}")?;
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let start = net.init::<f64>(&mut rng);

    writeln!(out, "Gradient check: backpropagation against central differences")?;
    let check = gradient_check::run(&net, &start, &mnist.train.take(3), &options.out)?;
    writeln!(out, "{}({:.1} s)\n", check.report, check.seconds)?;
    if check.report.parameters.iter().any(|p| p.verdict == Verdict::Fail) {
        return Err("the gradients are wrong, so the network is not trained".into());
    }

    writeln!(out, "Training: {} images a step, {} images in all", options.batch, mnist.train.len())?;
    let training = match options.dtype {
        Dtype::F32 => training::run::<f32>(&net, &start, &mnist, options, &mut rng)?,
        Dtype::F64 => training::run::<f64>(&net, &start, &mnist, options, &mut rng)?,
    };
    let per_step = 1e6 * training.step_seconds / options.iterations as f64;
    writeln!(out, "({:.1} s, of which {per_step:.0} µs a step)\n", training.seconds)?;

    curves::draw(&training, &options.out.join("curves.svg"))?;
    report::write(options, &check, &training, &options.out.join("report.json"))?;
    writeln!(out, "{folder}: report.json, graph.dot, graph.svg, curves.svg")?;
    Ok(())
}
