//! Section 7.3: backpropagation against central differences, for every parameter.

use chainrule::check::{Mode, Report};
use chainrule::data::mnist::Split;
use chainrule::nn::{Sequential, SoftmaxWithLoss};
use chainrule::{Check, State, Tape};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

/// The result of the check, and its time.
pub(crate) struct GradientCheck {
    pub(crate) report: Report,
    pub(crate) seconds: f64,
}

/// Checks the gradients of the network at its initial weights on a few images, and draws its graph there.
pub(crate) fn run(
    net: &Sequential,
    start: &State<f64>,
    images: &Split,
    mode: Mode,
    folder: &Path,
) -> Result<GradientCheck, Box<dyn Error>> {
    let tape = Tape::new();
    let x = tape.leaf("x", images.pixels::<f64>());
    let t = tape.leaf("t", images.one_hot::<f64>());
    let loss = SoftmaxWithLoss.forward(net.forward(x), t);
    tape.load(start)?;

    let began = Instant::now();
    let report = Check::new(loss, &net.parameters(&tape)).mode(mode).run()?;
    let seconds = began.elapsed().as_secs_f64();

    let drawing = loss
        .draw()
        .title("The two-layer net on three images, with its gradients")
        .gradients(&loss.backward());
    drawing.save(folder.join("graph.dot"))?;
    drawing.save(folder.join("graph.svg"))?;
    Ok(GradientCheck { report, seconds })
}
