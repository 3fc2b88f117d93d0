//! Networks forward with the batch size left open, and whole training steps.

use crate::case::{Given, write, write_at};
use chainrule::nn::{
    Adam, Affine, Conv2d, Embedding, Flatten, LayerNorm, MaxPool, MultiHeadAttention, Optimizer, Relu, Sequential,
    SoftmaxWithLoss, TransformerBlock,
};
use chainrule::{State, Tape, Var};
use ndarray::{ArrayD, IxDyn};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::error::Error;
use std::path::Path;

pub(crate) fn lenet() -> Sequential {
    Sequential::new()
        .push(Conv2d::new(1, 16, 5))
        .push(Relu)
        .push(MaxPool::new(2))
        .push(Conv2d::new(16, 32, 5))
        .push(Relu)
        .push(MaxPool::new(2))
        .push(Flatten)
        .push(Affine::new(32 * 4 * 4, 10))
}

const CHARACTERS: usize = 20;
const LENGTH: usize = 12;

fn transformer() -> Sequential {
    let attention = MultiHeadAttention::new(16, 4).causal().rotary();
    Sequential::new()
        .push(Embedding::new(CHARACTERS, 16))
        .push(TransformerBlock::new(16, 32, attention))
        .push(LayerNorm::new(16))
        .push(Affine::new(16, CHARACTERS))
}

/// Numbers from −1 to 1.
fn numbers(random: &mut ChaCha8Rng, shape: &[usize]) -> ArrayD<f64> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || random.random_range(-1.0..1.0))
}

fn indices(random: &mut ChaCha8Rng, shape: &[usize], below: usize) -> ArrayD<usize> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || random.random_range(0..below))
}

/// A network whose input is `x`, of which the first axis is the batch.
struct Model {
    name: &'static str,
    net: Sequential,
    /// The shape of an input without the batch; indices below a number, or real numbers.
    one: Vec<usize>,
    below: Option<usize>,
    /// The shape of the labels without the batch, and their number.
    labels: Vec<usize>,
    classes: usize,
}

impl Model {
    fn given(&self, batch: usize, random: &mut ChaCha8Rng) -> Given {
        let mut given = Given::default();
        let shape = [&[batch], &self.one[..]].concat();
        match self.below {
            Some(below) => given.indices.push(("x".to_owned(), indices(random, &shape, below))),
            None => given.inputs.push(("x".to_owned(), numbers(random, &shape))),
        }
        let labels = [&[batch], &self.labels[..]].concat();
        given.indices.push(("t".to_owned(), indices(random, &labels, self.classes)));
        given
    }

    fn inputs<'t>(&self, tape: &'t Tape, batch: usize) -> [Var<'t>; 2] {
        let shape = [&[batch], &self.one[..]].concat();
        let x = if self.below.is_some() { tape.index_input("x", shape) } else { tape.input("x", shape) };
        [x, tape.index_input("t", [&[batch], &self.labels[..]].concat())]
    }

    /// The scores; and the loss with the gradients of all parameters, at this batch size.
    fn forward(&self, folder: &Path, state: &State<f64>, batch: usize, first: bool) -> Result<(), Box<dyn Error>> {
        let tape = Tape::new();
        let [x, t] = self.inputs(&tape, batch);
        let scores = self.net.forward(x).named("scores");
        let loss = SoftmaxWithLoss.forward(scores, t).named("loss");
        let parameters = self.net.parameters(&tape);
        let gradients = loss.try_grad(&parameters)?;
        let mut outputs = vec![scores, loss];
        let names: Vec<String> = state.names().map(|name| format!("gradient of {name}")).collect();
        outputs.extend(gradients.iter().zip(&names).map(|(dx, name)| (*dx + 0.0).named(name)));
        let mut given = self.given(batch, &mut ChaCha8Rng::seed_from_u64(batch as u64));
        given.state = state.clone();
        let name = format!("{}-gradients", self.name);
        match first {
            true => write(folder, &name, &outputs, &[], &[x, t], &given)?,
            false => write_at(folder, &name, batch, &outputs, &given)?,
        }
        Ok(())
    }

    /// A training step with Adam.
    fn step(&self, folder: &Path, start: &State<f64>) -> Result<(), Box<dyn Error>> {
        let tape = Tape::new();
        let [x, t] = self.inputs(&tape, 4);
        let loss = SoftmaxWithLoss.forward(self.net.forward(x), t).named("loss");
        let parameters = self.net.parameters(&tape);
        // With the usual ε a gradient that is rounding alone moves a weight as far as any other.
        let adam = Adam::new(1e-2).epsilon(1e-3);
        let mut given = self.given(4, &mut ChaCha8Rng::seed_from_u64(5));
        given.state = start.clone();
        adam.init(&parameters, &mut given.state);
        write(folder, &format!("{}-step", self.name), &[loss], &adam.updates(loss, &parameters), &[x, t], &given)?;
        Ok(())
    }
}

pub(crate) fn write_models(folder: &Path, only: Option<&str>) -> Result<(), Box<dyn Error>> {
    let models = [
        Model { name: "lenet", net: lenet(), one: vec![1, 28, 28], below: None, labels: vec![], classes: 10 },
        Model {
            name: "transformer",
            net: transformer(),
            one: vec![LENGTH],
            below: Some(CHARACTERS),
            labels: vec![LENGTH],
            classes: CHARACTERS,
        },
    ];
    for model in models.iter().filter(|model| only.is_none_or(|only| model.name == only)) {
        let tape = Tape::new();
        let [x, _] = model.inputs(&tape, 2);
        model.net.forward(x);
        let state = model.net.init::<f64>(&mut ChaCha8Rng::seed_from_u64(3));
        model.forward(folder, &state, 4, true)?;
        for batch in [1, 7] {
            model.forward(folder, &state, batch, false)?;
        }
        model.step(folder, &state)?;
    }
    Ok(())
}
