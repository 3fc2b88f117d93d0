//! cargo run --example 16_residual_mlp
//!
//! A deep network of residual blocks, `y = x + f(x)` (He et al., 2016): the sum propagates its gradient past `f` unchanged,
//! so the first layer still learns. Without these shortcuts, the gradient of the first layer vanishes. All gradients are
//! checked against differences. Drawn with its first block open in `graphs/residual_mlp.svg`.
//!
//! ```text
//! |d loss / d stem/weight|  1.5e0 with shortcuts, 1.4e-6 without
//! check passed: 710 elements of 36 parameters agree
//! ```

use chainrule::nn::{Affine, Layer, Parameter, Sequential, Sigmoid, SoftmaxWithLoss, Xavier};
use chainrule::{Check, Result, Tape, Var};
use ndarray::arr2;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

/// Some layers with a shortcut around them, `y = x + f(x)`; or without it, `y = f(x)`.
#[derive(Debug)]
struct Block {
    inner: Sequential,
    shortcut: bool,
}

impl Layer for Block {
    fn kind(&self) -> &str {
        "block"
    }
    fn parameters(&self) -> Vec<Parameter> {
        Layer::parameters(&self.inner)
    }
    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let y = self.inner.forward(x);
        if self.shortcut { x + y } else { y }
    }
}

/// Eight blocks between a first and a last layer.
fn layers(shortcut: bool) -> Sequential {
    let affine = |inputs, outputs| Affine::new(inputs, outputs).init(Xavier);
    let mut net = Sequential::new().push_named("stem", affine(3, 6));
    for _ in 0..8 {
        let inner = Sequential::new().push(affine(6, 6)).push(Sigmoid).push(affine(6, 6));
        net = net.push(Block { inner, shortcut });
    }
    net.push_named("head", affine(6, 2))
}

/// The loss of four examples, and the parameters, with their first values.
pub(crate) fn residual_mlp(tape: &Tape, shortcut: bool) -> Result<(Var<'_>, Vec<Var<'_>>)> {
    let net = layers(shortcut);
    let x = tape.leaf("x", arr2(&[[0.5, -1.0, 0.3], [1.5, 0.2, -0.7], [-0.4, 0.9, 1.1], [-1.2, -0.6, 0.8]]));
    let t = tape.leaf("t", arr2(&[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]));
    let loss = SoftmaxWithLoss.forward(net.forward(x), t);
    let parameters = net.parameters(tape);
    tape.load(&net.init::<f64>(&mut ChaCha8Rng::seed_from_u64(1)))?;
    Ok((loss, parameters))
}

fn main() -> Result<()> {
    let mut norms = Vec::new();
    for shortcut in [true, false] {
        let tape = Tape::new();
        let (loss, parameters) = residual_mlp(&tape, shortcut)?;
        let [gradient] = loss.grad([parameters[0]]);
        norms.push(gradient.square().sum().sqrt().value().item());
    }
    println!("|d loss / d stem/weight|  {:.1e} with shortcuts, {:.1e} without", norms[0], norms[1]);

    let tape = Tape::new();
    let (loss, parameters) = residual_mlp(&tape, true)?;
    let report = Check::new(loss, &parameters).run()?;
    let verdict = if report.passed() { "passed" } else { "failed" };
    let agree: usize = report.parameters.iter().map(|p| p.passed + p.zeros).sum();
    println!("check {verdict}: {agree} elements of {} parameters agree", parameters.len());
    Ok(())
}
