//! Pools: the greatest or the mean element of windows.

use super::options::{PerAxis, PoolOptions};
use super::pad::PadMode;
use super::pool::WindowArgMax;
use crate::tape::Var;

/// The options of a pool for an image.
struct PoolGeometry {
    size: Vec<usize>,
    stride: Vec<usize>,
    padding: Vec<usize>,
    dilation: Vec<usize>,
}

impl PoolGeometry {
    fn new(x: &[usize], options: &PoolOptions) -> Result<Self, String> {
        let axes = image_axes(x)?;
        let size = options.size.on(axes, "sizes")?;
        let stride = match &options.stride {
            Some(stride) => stride.on(axes, "strides")?,
            None => size.clone(),
        };
        let padding = options.padding.on(axes, "padding")?;
        let dilation = options.dilation.on(axes, "dilations")?;
        Ok(Self { size, stride, padding, dilation })
    }
}

fn image_axes(x: &[usize]) -> Result<usize, String> {
    let axes = x.len().saturating_sub(2);
    if axes > 0 { Ok(axes) } else { Err(format!("takes images [batch, channels, …], got shape {x:?}")) }
}

/// A shape with the size of the batch left open, so that the graph takes another.
fn open_batch(shape: &[usize]) -> Vec<isize> {
    let mut sizes: Vec<isize> = shape.iter().map(|&n| n as isize).collect();
    if !shape[1..].contains(&0) {
        sizes[0] = -1;
    }
    sizes
}

impl<'t> Var<'t> {
    #[track_caller]
    fn pool(self, name: &'static str, options: &PoolOptions) -> PoolGeometry {
        match PoolGeometry::new(&self.shape(), options) {
            Ok(pool) => pool,
            Err(problem) => self.tape().refuse_operands(name, problem, &[self]),
        }
    }

    /// The greatest element of each window of images `[batch, channels, …]`, over any number of axes. The gradient goes to the
    /// first of equal ones, as in PyTorch; what windows reach beyond the image by padding is never the greatest, and a NaN
    /// always is.
    ///
    /// ```
    /// use chainrule::{Tape, ops::PoolOptions};
    /// let tape = Tape::new();
    /// let x = tape.input("x", [8, 16, 24, 24]);
    /// assert_eq!(x.max_pool(PoolOptions::new(2)).shape(), [8, 16, 12, 12]);
    /// assert_eq!(x.max_pool(PoolOptions::new([3, 2]).stride(2).padding([1, 0])).shape(), [8, 16, 12, 12]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the options are not for as many axes, a window does not fit, or one lies in the padding alone.
    #[track_caller]
    #[must_use]
    pub fn max_pool(self, options: PoolOptions) -> Var<'t> {
        let PoolGeometry { size, stride, padding, dilation } = self.pool("max_pool", &options);
        let shape = self.shape();
        let axes = size.len();
        let places: Vec<usize> = (0..axes)
            .map(|a| {
                let extent = size[a].saturating_sub(1).saturating_mul(dilation[a]).saturating_add(1);
                let padded = shape[2 + a].saturating_add(2_usize.saturating_mul(padding[a]));
                padded.saturating_sub(extent) / stride[a].max(1) + 1
            })
            .collect();
        let places_of = self.tape().apply(WindowArgMax { size, stride, dilation, padding }, &[self]);
        let plane: usize = shape[2..].iter().product();
        let y = self.reshape(open_batch(&[shape[0], shape[1], plane])).take_along_axis(places_of, -1);
        y.reshape(open_batch(&[&shape[..2], &places].concat()))
    }

    /// The mean of each window of images `[batch, channels, …]`, over any number of axes. Zeros in the padding count.
    ///
    /// # Panics
    ///
    /// If the options are not for as many axes, or a window does not fit.
    #[track_caller]
    #[must_use]
    pub fn avg_pool(self, options: PoolOptions) -> Var<'t> {
        let PoolGeometry { size, stride, padding, dilation } = self.pool("avg_pool", &options);
        let x = if padding.iter().all(|&n| n == 0) {
            self
        } else {
            let pairs: Vec<(usize, usize)> = padding.into_iter().map(|n| (n, n)).collect();
            self.pad(pairs, PadMode::Constant(0.0))
        };
        let inside: Vec<isize> = (1..=size.len() as isize).map(|a| -a).collect();
        x.windows(size, stride, dilation).mean_over(inside)
    }

    /// The mean of as many parts of images `[batch, channels, …]` as are asked for along each axis: part i of m along an axis of
    /// n elements goes from `⌊i n / m⌋` to before `⌈(i + 1) n / m⌉`.
    ///
    /// # Panics
    ///
    /// If the sizes are not for as many axes, or an axis is empty.
    #[track_caller]
    #[must_use]
    pub fn adaptive_avg_pool(self, outputs: impl Into<PerAxis>) -> Var<'t> {
        let outputs = self.parts("adaptive_avg_pool", &outputs.into());
        self.in_parts(&outputs, false)
    }

    /// The greatest element of as many parts of images `[batch, channels, …]` as are asked for along each axis, which are those
    /// of [`adaptive_avg_pool`](Var::adaptive_avg_pool). Equal ones share the gradient, as in [`max_over`](Var::max_over).
    ///
    /// # Panics
    ///
    /// If the sizes are not for as many axes, or an axis is empty.
    #[track_caller]
    #[must_use]
    pub fn adaptive_max_pool(self, outputs: impl Into<PerAxis>) -> Var<'t> {
        let outputs = self.parts("adaptive_max_pool", &outputs.into());
        self.in_parts(&outputs, true)
    }

    /// How many parts there are along each axis.
    #[track_caller]
    fn parts(self, name: &'static str, outputs: &PerAxis) -> Vec<usize> {
        let shape = self.shape();
        let found = image_axes(&shape).and_then(|axes| outputs.on(axes, "sizes")).and_then(|outputs| {
            match shape[2..].contains(&0) || outputs.contains(&0) {
                true => {
                    Err(format!("cannot make {outputs:?} parts of shape {shape:?}; none of the sizes is 0"))
                }
                false => Ok(outputs),
            }
        });
        match found {
            Ok(outputs) => outputs,
            Err(problem) => self.tape().refuse_operands(name, problem, &[self]),
        }
    }

    /// Each part along each axis reduced to its greatest element or its mean, one axis after the other.
    #[track_caller]
    fn in_parts(self, outputs: &[usize], greatest: bool) -> Var<'t> {
        let mut y = self;
        for (axis, &m) in outputs.iter().enumerate() {
            let (axis, n) = (axis + 2, y.shape()[axis + 2]);
            if m == 1 {
                y = if greatest { y.max_keep(axis as isize) } else { y.mean_keep(axis as isize) };
                continue;
            }
            let mut parts = Vec::with_capacity(m);
            for i in 0..m {
                let ends = [i * n / m, ((i + 1) * n).div_ceil(m)];
                let part = y.axis_part(axis, ends);
                parts.push(if greatest {
                    part.max_keep(axis as isize)
                } else {
                    part.mean_keep(axis as isize)
                });
            }
            y = y.tape().concat(&parts, axis as isize);
        }
        y
    }

    /// The elements from one position of an axis to before another.
    #[track_caller]
    fn axis_part(self, axis: usize, [start, end]: [usize; 2]) -> Var<'t> {
        let whole = ndarray::SliceInfoElem::Slice { start: 0, end: None, step: 1 };
        let mut parts = vec![whole; self.rank()];
        parts[axis] =
            ndarray::SliceInfoElem::Slice { start: start as isize, end: Some(end as isize), step: 1 };
        self.slice(parts)
    }
}
