//! Run with:
//!
//! ```sh
//! cargo run --release --example two_layer_net
//! ```
//!
//! Sections 7.3 and 7.4 of the chapter on backpropagation, on the real MNIST, with nothing to install or download.
//! First every node's derivative is checked, and the gradient of every one of the 39,760 parameters is compared with
//! central differences; then the network is trained. Run with `-- --help` for the options.
//!
//! What it prints (times and last digits differ between processors):
//!
//! ```text
//! layer    output  parameters                   numbers
//! affine1      50  weight [784, 50], bias [50]   39,250
//! relu1        50                                     0
//! affine2      10  weight [50, 10], bias [10]       510
//! total                                          39,760
//!
//! Gradient check: backpropagation against central differences
//! parameter       shape       pass   zero  fail  unresolved  kink  mean |Δ|   max |Δ|  max rel  verdict
//! affine1/weight  [784, 50]  39200  30635     0           0     0  2.44e-13  5.17e-12  6.16e-5  pass
//! affine1/bias    [50]          50     11     0           0     0  8.50e-13  3.63e-12  1.65e-8  pass
//! affine2/weight  [50, 10]     500    110     0           0     0  9.61e-13  4.22e-12  3.91e-7  pass
//! affine2/bias    [10]          10      0     0           0     0  1.21e-10  1.22e-10  1.22e-9  pass
//! (65.4 ms)
//!
//! Training: 100 images a step, 60000 images in all
//! iteration    loss   train    test
//!         0       –  0.1479  0.1496
//!       600  0.7127  0.9033  0.9074
//!      1200  0.3073  0.9205  0.9224
//!      1800  0.2509  0.9349  0.9345
//!      2400  0.2129  0.9440  0.9423
//!      3000  0.1838  0.9506  0.9473
//!      3600  0.1682  0.9545  0.9513
//!      4200  0.1482  0.9597  0.9574
//!      4800  0.1394  0.9631  0.9584
//!      5400  0.1210  0.9667  0.9617
//!      6000  0.1133  0.9698  0.9622
//!      6600  0.1056  0.9709  0.9651
//!      7200  0.0970  0.9738  0.9666
//!      7800  0.0893  0.9752  0.9681
//!      8400  0.0835  0.9767  0.9695
//!      9000  0.0822  0.9785  0.9693
//!      9600  0.0770  0.9799  0.9708
//!     10000  0.0747  0.9809  0.9719
//! (7.0 s, of which 486 µs a step)
//!
//! target/two_layer_net: report.json, graph.dot, graph.svg, curves.svg
//! ```

#[path = "../support/accuracy.rs"]
mod accuracy;
mod curves;
mod gradient_check;
mod options;
mod report;
#[path = "../support/target.rs"]
mod target;
mod training;

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
            // There is nowhere to report a failure of this.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let place = options.out();
    let folder = place.display();
    std::fs::create_dir_all(&place).map_err(|e| format!("{folder}: cannot be made a folder: {e}"))?;
    let mnist = Mnist::load(options.data())?;

    let net = Sequential::new()
        .push(Affine::new(PIXELS, options.hidden).init(Gaussian(0.01)))
        .push(Relu)
        .push(Affine::new(options.hidden, CLASSES).init(Gaussian(0.01)));
    writeln!(out, "{net}")?;
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let start = net.init::<f64>(&mut rng);

    writeln!(out, "Gradient check: backpropagation against central differences")?;
    let images = mnist.train.take(3);
    let check = gradient_check::run(&net, &start, &images, options.check.into(), &place)?;
    writeln!(out, "{}({:.1} ms)\n", check.report, 1e3 * check.seconds)?;
    if !check.report.passed() {
        return Err("the gradients are wrong, so the network is not trained".into());
    }

    writeln!(out, "Training: {} images a step, {} images in all", options.batch, mnist.train.len())?;
    let training = match options.dtype {
        Dtype::F32 => training::run::<f32>(&net, &start, &mnist, options, &mut rng)?,
        Dtype::F64 => training::run::<f64>(&net, &start, &mnist, options, &mut rng)?,
    };
    let per_step = match options.iterations {
        0 => String::new(),
        n => format!(", of which {:.0} µs a step", 1e6 * training.step_seconds / n as f64),
    };
    writeln!(out, "({:.1} s{per_step})\n", training.seconds)?;

    curves::draw(&training, &place.join("curves.svg"))?;
    report::write(options, &check, &training, &place.join("report.json"))?;
    writeln!(out, "{folder}: report.json, graph.dot, graph.svg, curves.svg")?;
    Ok(())
}
