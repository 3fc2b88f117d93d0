//! Convolution as windows of an image and a product with weights, and its transpose.

use super::options::{ConvOptions, Padding, PerAxis};
use super::pad::{Pad, PadMode};
use super::windows::{Fold, Windows};
use crate::ops::Contract;
use crate::ops::shapes::slice::{Range, Slice};
use crate::tape::Var;

/// The labels of the axes of a convolution; those of the inside of windows and of their places follow.
const BATCH: usize = 0;
const GROUP: usize = 1;
const CHANNEL: usize = 2;
const OUTPUT: usize = 3;
const INSIDE: usize = 4;

/// A convolution of an image with weights, after all was checked.
struct ConvGeometry {
    size: Vec<usize>,
    stride: Vec<usize>,
    dilation: Vec<usize>,
    padding: Vec<(usize, usize)>,
    groups: usize,
}

impl ConvGeometry {
    /// Of an image and weights, in which the image's channels are axis `channels`, and those of one group at axis 1.
    fn new(x: &[usize], w: &[usize], options: &ConvOptions, transposed: bool) -> Result<Self, String> {
        let layout = if transposed {
            "[channels, outputs / groups, …]"
        } else {
            "[outputs, channels / groups, …]"
        };
        let (&[_, channels, ref image @ ..], &[first, second, ref size @ ..]) = (x, w) else {
            return Err(format!(
                "takes an image [batch, channels, …] and weights {layout}, got shapes {x:?} and {w:?}"
            ));
        };
        let axes = image.len();
        if size.len() != axes || axes == 0 {
            return Err(format!(
                "takes an image [batch, channels, …] and weights {layout} with as many axes, at least three, got shapes \
                 {x:?} and {w:?}"
            ));
        }
        let groups = options.groups;
        let of_weights = if transposed { first } else { second.saturating_mul(groups) };
        if groups == 0 || !first.is_multiple_of(groups) || channels != of_weights {
            return Err(format!(
                "the image of shape {x:?} has {channels} channels, and weights {layout} of shape {w:?} in {groups} groups \
                 want {of_weights}; the first axis of the weights is a multiple of the groups"
            ));
        }
        let stride = options.stride.on(axes, "strides")?;
        let dilation = options.dilation.on(axes, "dilations")?;
        let padding = match &options.padding {
            Padding::Zeros(each) => each.on(axes, "padding")?.into_iter().map(|n| (n, n)).collect(),
            Padding::Pairs(pairs) if pairs.len() == axes => pairs.clone(),
            Padding::Pairs(pairs) => {
                return Err(format!("{} pairs of padding for {axes} axes; give one for each", pairs.len()));
            }
            Padding::Same if stride.iter().any(|&n| n != 1) => {
                return Err(format!("padding to the same size wants strides of 1, got {stride:?}"));
            }
            Padding::Same => {
                let total = size.iter().zip(&dilation).map(|(n, d)| n.saturating_sub(1).saturating_mul(*d));
                total.map(|all| (all / 2, all - all / 2)).collect()
            }
        };
        Ok(Self { size: size.to_vec(), stride, dilation, padding, groups })
    }

    fn axes(&self) -> usize {
        self.size.len()
    }

    /// Labels: some of the first, and then those of the inside of windows and of their places, if there are any.
    fn labels(&self, first: &[usize], inside: bool, places: bool) -> Vec<usize> {
        let n = self.axes();
        let first = first.iter().copied().filter(|&label| label != GROUP || self.groups > 1);
        let inside = (0..n).filter(|_| inside).map(|a| INSIDE + a);
        first.chain(inside).chain((0..n).filter(|_| places).map(|a| INSIDE + n + a)).collect()
    }

    /// The axis of channels as groups of them.
    #[track_caller]
    fn grouped<'t>(&self, x: Var<'t>, axis: usize) -> Var<'t> {
        if self.groups == 1 {
            return x;
        }
        let mut shape = sizes(&x.shape());
        let n = shape[axis] / self.groups as isize;
        shape.splice(axis..=axis, [self.groups as isize, n]);
        x.reshape(open_batch(shape, axis))
    }

    /// Groups of channels as one axis.
    #[track_caller]
    fn ungrouped<'t>(&self, x: Var<'t>) -> Var<'t> {
        if self.groups == 1 {
            return x;
        }
        let mut shape = sizes(&x.shape());
        let n = shape.remove(2);
        shape[1] *= n;
        x.reshape(open_batch(shape, 1))
    }

    /// An order of axes in which the two blocks of as many axes at the end have changed places.
    fn swapped(&self, rank: usize) -> Vec<isize> {
        let n = self.axes();
        let front = rank - 2 * n;
        (0..front).chain(front + n..rank).chain(front..front + n).map(|a| a as isize).collect()
    }
}

fn sizes(shape: &[usize]) -> Vec<isize> {
    shape.iter().map(|&n| n as isize).collect()
}

/// With the size of the batch left open, so that the graph takes another; not where another size is 0 or the first is not
/// that of the batch.
fn open_batch(mut shape: Vec<isize>, axis: usize) -> Vec<isize> {
    if axis > 0 && !shape[1..].contains(&0) {
        shape[0] = -1;
    }
    shape
}

impl<'t> Var<'t> {
    /// The convolution of images `[batch, channels, …]` with weights `[outputs, channels / groups, …]` over any number of axes
    /// (one for `conv1d`, two for `conv2d`): `y[b, o, i] = Σ x[b, c, i · stride + k · dilation] w[o, c, k]` over channels c and
    /// places k inside of a window, of the image with zeros around it. The result has shape `[batch, outputs, …]`, with
    /// `⌊(n + padding − dilation (k − 1) − 1) / stride⌋ + 1` places along an axis.
    ///
    /// As everywhere in deep learning, it is a correlation: the weights are not reversed. It is [`windows`](Var::windows), which
    /// are a view, and a contraction, which packs them image by image; so is its gradient, with a [`fold`](Var::fold).
    ///
    /// # Panics
    ///
    /// If shapes, groups and options do not fit each other, or a window does not fit into the image.
    #[track_caller]
    #[must_use]
    pub fn conv(self, weights: Var<'t>, options: ConvOptions) -> Var<'t> {
        let conv = match ConvGeometry::new(&self.shape(), &weights.shape(), &options, false) {
            Ok(found) => found,
            Err(problem) => self.tape().refuse_operands("conv", problem, &[self, weights]),
        };
        let tape = self.tape();
        let image = match conv.padding.iter().all(|&pair| pair == (0, 0)) {
            true => self,
            false => self.pad(&conv.padding, PadMode::Constant(0.0)),
        };
        let image = conv.grouped(image, 1);
        let (size, stride, dilation) = (conv.size.clone(), conv.stride.clone(), conv.dilation.clone());
        let windows = tape.apply(Windows { size, stride, dilation }, &[image]);
        // The inside of windows in front of their places: rows of the image are packed as they lie.
        let windows = windows.permute(conv.swapped(windows.rank()));
        let op = Contract {
            left: conv.labels(&[BATCH, GROUP, CHANNEL], true, true),
            right: conv.labels(&[GROUP, OUTPUT, CHANNEL], true, false),
            result: conv.labels(&[BATCH, GROUP, OUTPUT], false, true),
        };
        let y = tape.apply(op, &[windows, conv.grouped(weights, 0)]);
        conv.ungrouped(y)
    }

    /// The transposed convolution: of images `[batch, channels, …]` with weights `[channels, outputs / groups, …]`, the map
    /// whose derivative [`conv`](Var::conv) with these weights and options is. Each element of the image adds a window of
    /// weights to the result, which has `(n − 1) stride − padding + dilation (k − 1) + output_padding + 1` places along an
    /// axis; of the sizes that `conv` would take to n, `output_padding` chooses one.
    ///
    /// # Panics
    ///
    /// If shapes, groups and options do not fit each other, or the padding leaves nothing.
    #[track_caller]
    #[must_use]
    pub fn conv_transpose(
        self,
        weights: Var<'t>,
        options: ConvOptions,
        output_padding: impl Into<PerAxis>,
    ) -> Var<'t> {
        let tape = self.tape();
        let found = ConvGeometry::new(&self.shape(), &weights.shape(), &options, true).and_then(|conv| {
            let extra = output_padding.into().on(conv.axes(), "output padding")?;
            Ok((conv, extra))
        });
        let (conv, extra) = match found {
            Ok(found) => found,
            Err(problem) => tape.refuse_operands("conv_transpose", problem, &[self, weights]),
        };
        let op = Contract {
            left: conv.labels(&[BATCH, GROUP, CHANNEL], false, true),
            right: conv.labels(&[GROUP, CHANNEL, OUTPUT], true, false),
            result: conv.labels(&[BATCH, GROUP, OUTPUT], true, true),
        };
        let windows = tape.apply(op, &[conv.grouped(self, 1), conv.grouped(weights, 0)]);
        let windows = windows.permute(conv.swapped(windows.rank()));
        // What follows the last window by a whole stride or more is zeros.
        let (inside, beyond): (Vec<usize>, Vec<usize>) = extra
            .iter()
            .zip(&conv.stride)
            .map(|(n, stride)| (n % stride.max(&1), n - n % stride.max(&1)))
            .unzip();
        let (size, stride, dilation) = (conv.size.clone(), conv.stride.clone(), conv.dilation.clone());
        let y = conv.ungrouped(tape.apply(Fold { size, stride, dilation, extra: inside }, &[windows]));
        let y = if beyond.iter().all(|&n| n == 0) {
            y
        } else {
            let pairs: Vec<(usize, usize)> = beyond.into_iter().map(|n| (0, n)).collect();
            let padding = [&vec![(0, 0); 2][..], &pairs].concat();
            tape.apply(Pad { padding, mode: PadMode::Constant(0.0) }, &[y])
        };
        if conv.padding.iter().all(|&pair| pair == (0, 0)) {
            return y;
        }
        let inside = |&(before, after): &(usize, usize)| Range {
            start: before as isize,
            end: (after > 0).then(|| -(after as isize)),
            step: 1,
        };
        let whole = Range { start: 0, end: None, step: 1 };
        let ranges = [whole; 2].into_iter().chain(conv.padding.iter().map(inside)).collect();
        tape.apply(Slice { ranges }, &[y])
    }
}
