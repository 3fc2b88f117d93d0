//! The normalisation of a batch.

use super::norm::{Ones, per_channel, scaled};
use crate::Var;
use crate::nn::{Layer, Parameter, Training, Zeros};

/// The normalisation of each channel of a batch `[n, channels, …]`: `y = (x − m) / √(v + ε) · w + b`, with w (`weight`) and b
/// (`bias`).
///
/// In training ([`Layer::train`]), m and v are mean and variance (divided by their number) of the channel in the batch, and
/// `running_mean` and `running_var` have updates: `r ← (1 − μ) r + μ s`, with s the mean, or the variance divided by one
/// less than their number, and μ = 0.1. In evaluation ([`Layer::forward`]), m and v are the running ones, constants of the
/// gradient. Both are part of the state, but not of the parameters that are learnt.
///
/// Ioffe and Szegedy 2015, *Batch normalization*; as PyTorch's `BatchNorm1d` to `3d`. ε is 10⁻⁵.
#[derive(Debug, Clone)]
pub struct BatchNorm {
    weight: Parameter,
    bias: Parameter,
    mean: Parameter,
    variance: Parameter,
    momentum: f64,
    epsilon: f64,
}

impl BatchNorm {
    /// Of so many channels, or columns.
    pub fn new(channels: usize) -> Self {
        Self {
            weight: Parameter::new("weight", [channels], Ones),
            bias: Parameter::new("bias", [channels], Zeros),
            mean: Parameter::new("running_mean", [channels], Zeros),
            variance: Parameter::new("running_var", [channels], Ones),
            momentum: 0.1,
            epsilon: 1e-5,
        }
    }

    /// The same with another ε.
    #[must_use]
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// The same with another μ, the share of a batch in the running statistics.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    #[track_caller]
    fn check(&self, x: Var<'_>) {
        let (channels, shape) = (self.weight.len(), x.shape());
        assert!(
            shape.get(1) == Some(&channels),
            "batch_norm takes a batch [n, {channels}, …], got an input of shape {shape:?}"
        );
    }
}

impl Layer for BatchNorm {
    fn kind(&self) -> &str {
        "batch_norm"
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![self.weight.clone(), self.bias.clone()]
    }

    fn buffers(&self) -> Vec<Parameter> {
        vec![self.mean.clone(), self.variance.clone()]
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        self.check(x);
        let (tape, rank) = (x.tape(), x.rank());
        let [mean, variance] =
            [&self.mean, &self.variance].map(|p| per_channel(p.on(tape).stop_gradient(), rank));
        scaled((x - mean) * (variance + self.epsilon).rsqrt(), &self.weight, &self.bias)
    }

    fn train<'t>(&self, x: Var<'t>, training: &mut Training<'t>) -> Var<'t> {
        self.check(x);
        let shape = x.shape();
        assert!(
            shape[0] * shape[2..].iter().product::<usize>() != 1,
            "batch_norm: an input of shape {shape:?} has one number for each channel, which has no variance"
        );
        let axes: Vec<isize> = (0..x.rank() as isize).filter(|&axis| axis != 1).collect();
        let mean = x.mean_keep(axes.clone());
        let centred = x - mean;
        let variance = centred.square().mean_keep(axes);
        let y = scaled(centred * (variance + self.epsilon).rsqrt(), &self.weight, &self.bias);
        let _updating = x.tape().updating();
        let count = x.count_per(mean);
        for (running, new) in [(&self.mean, mean), (&self.variance, variance * (count / (count - 1.0)))] {
            let running = running.on(x.tape());
            let new = new.stop_gradient().reshape_like(running);
            training.update(running, (1.0 - self.momentum) * running + self.momentum * new);
        }
        y
    }
}
