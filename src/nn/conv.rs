//! Convolutions of batches of images, and their transposes.

use super::init::{He, Init, OutputsAt, Zeros};
use super::{Layer, Parameter};
use crate::Var;
use crate::ops::{ConvOptions, Padding, PerAxis};

/// The convolution over `AXES` axes: `y = x ∗ W + b`, with x `[n, inputs, …]`, W `[outputs, inputs / groups, sizes…]`,
/// b `[outputs]`, y `[n, outputs, …]`; see [`Var::conv`].
///
/// Its parameters are `weight` (W, initialised by [`He`] by default, see [`init`](Self::init)) and `bias` (b, zeros).
///
/// ```
/// use chainrule::Tape;
/// use chainrule::nn::{Affine, Conv2d, Flatten, MaxPool, Relu, Sequential};
///
/// let net = Sequential::new()
///     .push(Conv2d::new(1, 16, 5))
///     .push(Relu)
///     .push(MaxPool::new(2))
///     .push(Flatten)
///     .push(Affine::new(16 * 12 * 12, 10));
/// let tape = Tape::new();
/// assert_eq!(net.forward(tape.input("x", [8, 1, 28, 28])).shape(), [8, 10]);
/// ```
#[derive(Debug, Clone)]
pub struct Conv<const AXES: usize> {
    weight: Parameter,
    bias: Option<Parameter>,
    inputs: usize,
    options: ConvOptions,
}

/// A convolution of sequences, `[n, inputs, length]`.
pub type Conv1d = Conv<1>;
/// A convolution of images, `[n, inputs, height, width]`.
pub type Conv2d = Conv<2>;
/// A convolution of volumes, `[n, inputs, depth, height, width]`.
pub type Conv3d = Conv<3>;

/// The transposed convolution over `AXES` axes, with x `[n, inputs, …]`, W `[inputs, outputs / groups, sizes…]`,
/// b `[outputs]`, y `[n, outputs, …]`; see [`Var::conv_transpose`]. With a stride it makes images larger.
///
/// Its parameters are `weight` (W, initialised by [`He`] by default, see [`init`](Self::init)) and `bias` (b, zeros).
///
/// ```
/// use chainrule::{Tape, nn::{ConvTranspose2d, Layer}};
/// let tape = Tape::new();
/// let layer = ConvTranspose2d::new(16, 8, 3).stride(2).padding(1).output_padding(1);
/// assert_eq!(layer.forward(tape.input("x", [4, 16, 7, 7])).shape(), [4, 8, 14, 14]);
/// ```
#[derive(Debug, Clone)]
pub struct ConvTranspose<const AXES: usize> {
    weight: Parameter,
    bias: Option<Parameter>,
    outputs: usize,
    options: ConvOptions,
    output_padding: PerAxis,
}

/// A transposed convolution of sequences, `[n, inputs, length]`.
pub type ConvTranspose1d = ConvTranspose<1>;
/// A transposed convolution of images, `[n, inputs, height, width]`.
pub type ConvTranspose2d = ConvTranspose<2>;

/// The sizes of a window over so many axes.
#[track_caller]
fn sizes<const AXES: usize>(size: PerAxis) -> Vec<usize> {
    match size {
        PerAxis::All(n) => vec![n; AXES],
        PerAxis::Each(each) if each.len() == AXES => each,
        PerAxis::Each(each) => {
            panic!("sizes {each:?} for {AXES} axes; give one number for each, or one for all")
        }
    }
}

/// The weight in another number of groups: `axis` is that of the channels which each group has of its own.
#[track_caller]
fn grouped(weight: &mut Parameter, axis: usize, channels: usize, groups: usize) {
    let other = weight.shape[1 - axis];
    assert!(
        groups > 0 && channels.is_multiple_of(groups) && other.is_multiple_of(groups),
        "{channels} and {other} channels do not fall into {groups} groups; both are multiples of it"
    );
    weight.shape[axis] = channels / groups;
}

/// The result with a number for each channel added.
#[track_caller]
fn biased<'t>(y: Var<'t>, bias: Option<&Parameter>) -> Var<'t> {
    let Some(bias) = bias else { return y };
    let axes: Vec<isize> = (1..y.rank() as isize - 1).collect();
    y + bias.on(y.tape()).expand_dims(axes)
}

/// What both kinds are set by.
macro_rules! settings {
    ($layer:ident, $outputs:literal, $channels:ident, $grouped:literal) => {
        /// With another distance of windows.
        #[must_use]
        pub fn stride(self, stride: impl Into<PerAxis>) -> Self {
            Self { options: self.options.stride(stride), ..self }
        }

        /// With another distance of elements in a window.
        #[must_use]
        pub fn dilation(self, dilation: impl Into<PerAxis>) -> Self {
            Self { options: self.options.dilation(dilation), ..self }
        }

        /// With channels in groups, each with weights of its own.
        ///
        /// # Panics
        ///
        /// If inputs or outputs are no multiple of the number of groups.
        #[track_caller]
        #[must_use]
        pub fn groups(mut self, groups: usize) -> Self {
            grouped(&mut self.weight, $grouped, self.$channels, groups);
            Self { options: self.options.groups(groups), ..self }
        }

        /// Without a bias, as before a normalisation.
        #[must_use]
        pub fn without_bias(self) -> Self {
            Self { bias: None, ..self }
        }

        /// The same layer with another initialiser of its weight, which is drawn as one of shape
        /// `[inputs / groups, sizes…, outputs]`.
        #[must_use]
        pub fn init(self, init: impl Init + 'static) -> Self {
            let weight = Parameter::new("weight", self.weight.shape, OutputsAt::new($outputs, init));
            Self { weight, ..self }
        }
    };
}

impl<const AXES: usize> Conv<AXES> {
    /// A convolution of `inputs` channels to `outputs` with windows of a size: one number for all axes, or one for each.
    ///
    /// # Panics
    ///
    /// If there are not as many sizes as axes.
    #[track_caller]
    pub fn new(inputs: usize, outputs: usize, size: impl Into<PerAxis>) -> Self {
        let shape = [vec![outputs, inputs], sizes::<AXES>(size.into())].concat();
        Self {
            weight: Parameter::new("weight", shape, OutputsAt::new(0, He)),
            bias: Some(Parameter::new("bias", [outputs], Zeros)),
            inputs,
            options: ConvOptions::default(),
        }
    }

    /// With zeros around the image.
    #[must_use]
    pub fn padding(self, padding: impl Into<Padding>) -> Self {
        Self { options: self.options.padding(padding), ..self }
    }

    settings!(Conv, 0, inputs, 1);
}

impl<const AXES: usize> ConvTranspose<AXES> {
    /// A transposed convolution of `inputs` channels to `outputs` with windows of a size: one number for all axes, or one
    /// for each.
    ///
    /// # Panics
    ///
    /// If there are not as many sizes as axes.
    #[track_caller]
    pub fn new(inputs: usize, outputs: usize, size: impl Into<PerAxis>) -> Self {
        let shape = [vec![inputs, outputs], sizes::<AXES>(size.into())].concat();
        Self {
            weight: Parameter::new("weight", shape, OutputsAt::new(1, He)),
            bias: Some(Parameter::new("bias", [outputs], Zeros)),
            outputs,
            options: ConvOptions::default(),
            output_padding: PerAxis::All(0),
        }
    }

    /// Without so many elements at each end of the result.
    #[must_use]
    pub fn padding(self, padding: impl Into<Padding>) -> Self {
        Self { options: self.options.padding(padding), ..self }
    }

    /// With so many elements more at the end of each axis of the result.
    #[must_use]
    pub fn output_padding(self, more: impl Into<PerAxis>) -> Self {
        Self { output_padding: more.into(), ..self }
    }

    settings!(ConvTranspose, 1, outputs, 1);
}

impl<const AXES: usize> Layer for Conv<AXES> {
    fn kind(&self) -> &str {
        "conv"
    }

    fn parameters(&self) -> Vec<Parameter> {
        [Some(&self.weight), self.bias.as_ref()].into_iter().flatten().cloned().collect()
    }

    fn outputs(&self, inputs: Option<usize>) -> Option<usize> {
        let last = |each: &PerAxis| match each {
            PerAxis::All(n) => Some(*n),
            PerAxis::Each(each) => each.last().copied(),
        };
        let padding = match &self.options.padding {
            Padding::Zeros(each) => 2 * last(each)?,
            Padding::Pairs(pairs) => pairs.last().map(|(a, b)| a + b)?,
            Padding::Same => return inputs,
        };
        let (stride, dilation) = (last(&self.options.stride)?, last(&self.options.dilation)?);
        let extent = dilation * self.weight.shape.last()?.checked_sub(1)? + 1;
        Some((inputs? + padding).checked_sub(extent)?.checked_div(stride)? + 1)
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        biased(x.conv(self.weight.on(x.tape()), self.options.clone()), self.bias.as_ref())
    }
}

impl<const AXES: usize> Layer for ConvTranspose<AXES> {
    fn kind(&self) -> &str {
        "conv_transpose"
    }

    fn parameters(&self) -> Vec<Parameter> {
        [Some(&self.weight), self.bias.as_ref()].into_iter().flatten().cloned().collect()
    }

    fn outputs(&self, _: Option<usize>) -> Option<usize> {
        None
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let weight = self.weight.on(x.tape());
        biased(
            x.conv_transpose(weight, self.options.clone(), self.output_padding.clone()),
            self.bias.as_ref(),
        )
    }
}
