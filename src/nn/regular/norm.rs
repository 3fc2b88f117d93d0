//! Normalisations of each example on its own.

use crate::Var;
use crate::nn::{Init, Layer, Parameter, Zeros};
use ndarray::ArrayD;
use rand::Rng;

/// Ones; draws nothing from the generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ones;

impl Init for Ones {
    fn draw(&self, shape: &[usize], _: &mut dyn Rng) -> ArrayD<f64> {
        ArrayD::ones(shape)
    }
}

/// `(x − mean) / √(variance + ε)` over some axes, with the variance of the numbers themselves (divided by n).
#[track_caller]
pub(super) fn standardised<'t>(x: Var<'t>, axes: &[isize], epsilon: f64) -> Var<'t> {
    let centred = x - x.mean_keep(axes.to_vec());
    centred * (centred.square().mean_keep(axes.to_vec()) + epsilon).rsqrt()
}

/// `x w + b` for images `[n, channels, …]`, with a number for each channel.
#[track_caller]
pub(super) fn scaled<'t>(x: Var<'t>, weight: &Parameter, bias: &Parameter) -> Var<'t> {
    let tape = x.tape();
    x * per_channel(weight.on(tape), x.rank()) + per_channel(bias.on(tape), x.rank())
}

/// Numbers of channels, ready to broadcast with images `[n, channels, …]` of so many axes.
#[track_caller]
pub(super) fn per_channel(numbers: Var<'_>, rank: usize) -> Var<'_> {
    let axes: Vec<isize> = (1..rank as isize - 1).collect();
    if axes.is_empty() { numbers } else { numbers.expand_dims(axes) }
}

/// The normalisation of each row: `y = (x − m) / √(v + ε) · w + b`, with mean m and variance v (divided by n) along the last
/// axis, which has so many features; w (`weight`) and b (`bias`) have a number for each.
///
/// Ba, Kiros and Hinton 2016, *Layer normalization*; as PyTorch's `LayerNorm(features)`. ε is 10⁻⁵.
#[derive(Debug, Clone)]
pub struct LayerNorm {
    weight: Parameter,
    bias: Parameter,
    epsilon: f64,
}

impl LayerNorm {
    /// Of rows of so many features.
    pub fn new(features: usize) -> Self {
        let (weight, bias) =
            (Parameter::new("weight", [features], Ones), Parameter::new("bias", [features], Zeros));
        Self { weight, bias, epsilon: 1e-5 }
    }

    /// The same with another ε.
    #[must_use]
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }
}

impl Layer for LayerNorm {
    fn kind(&self) -> &str {
        "layer_norm"
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![self.weight.clone(), self.bias.clone()]
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let (features, got) = (&self.weight.shape, x.shape());
        assert!(
            got.ends_with(features),
            "layer_norm of {features:?} features, got an input of shape {got:?}"
        );
        let tape = x.tape();
        standardised(x, &[-1], self.epsilon) * self.weight.on(tape) + self.bias.on(tape)
    }
}

/// The normalisation of each row by its root mean square: `y = x / √(mean x² + ε) · w`, along the last axis, which has so many
/// features; w (`weight`) has a number for each.
///
/// Zhang and Sennrich 2019, *Root mean square layer normalization*. ε is 10⁻⁵.
#[derive(Debug, Clone)]
pub struct RmsNorm {
    weight: Parameter,
    epsilon: f64,
}

impl RmsNorm {
    /// Of rows of so many features.
    pub fn new(features: usize) -> Self {
        Self { weight: Parameter::new("weight", [features], Ones), epsilon: 1e-5 }
    }

    /// The same with another ε.
    #[must_use]
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }
}

impl Layer for RmsNorm {
    fn kind(&self) -> &str {
        "rms_norm"
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![self.weight.clone()]
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let (features, got) = (&self.weight.shape, x.shape());
        assert!(got.ends_with(features), "rms_norm of {features:?} features, got an input of shape {got:?}");
        x * (x.square().mean_keep(-1) + self.epsilon).rsqrt() * self.weight.on(x.tape())
    }
}

/// The normalisation of groups of channels of each image `[n, channels, …]`: `y = (x − m) / √(v + ε) · w + b`, with mean m and
/// variance v (divided by their number) of all elements of a group; w (`weight`) and b (`bias`) have a number for each
/// channel. One group is a layer normalisation of images, one for each channel an instance normalisation.
///
/// Wu and He 2018, *Group normalization*; as PyTorch's. ε is 10⁻⁵.
#[derive(Debug, Clone)]
pub struct GroupNorm {
    groups: usize,
    weight: Parameter,
    bias: Parameter,
    epsilon: f64,
}

impl GroupNorm {
    /// Of so many groups of channels.
    ///
    /// # Panics
    ///
    /// If the channels do not fall into so many groups.
    #[track_caller]
    pub fn new(groups: usize, channels: usize) -> Self {
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "group_norm: {channels} channels do not fall into {groups} groups; they are a multiple of it"
        );
        let (weight, bias) =
            (Parameter::new("weight", [channels], Ones), Parameter::new("bias", [channels], Zeros));
        Self { groups, weight, bias, epsilon: 1e-5 }
    }

    /// The same with another ε.
    #[must_use]
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }
}

impl Layer for GroupNorm {
    fn kind(&self) -> &str {
        "group_norm"
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![self.weight.clone(), self.bias.clone()]
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let (channels, shape) = (self.weight.len(), x.shape());
        assert!(
            shape.get(1) == Some(&channels),
            "group_norm takes images [n, {channels}, …], got an input of shape {shape:?}"
        );
        let (groups, elements) = (self.groups, shape[1..].iter().product::<usize>() / self.groups);
        // The size of the batch is left open, so that the graph takes another.
        let n = if elements == 0 { shape[0] as isize } else { -1 };
        let rows = x.reshape([n, groups as isize, elements as isize]);
        scaled(standardised(rows, &[-1], self.epsilon).reshape_like(x), &self.weight, &self.bias)
    }
}
