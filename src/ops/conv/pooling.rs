//! Pools: the greatest or the mean element of windows.

use super::options::{PerAxis, PoolOptions};
use super::pad::PadMode;
use super::pool::WindowArgMax;
use crate::tape::Var;
use ndarray::ArrayD;

/// The options of a pool for an image.
struct PoolGeometry {
    size: Vec<usize>,
    stride: Vec<usize>,
    padding: Vec<usize>,
    dilation: Vec<usize>,
    /// How far the last windows reach beyond the padding.
    overhang: Vec<usize>,
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
        let mut pool = Self { size, stride, padding, dilation, overhang: vec![0; axes] };
        if options.ceil_mode {
            pool.overhang = (0..axes).map(|a| pool.overhang(a, x[2 + a])).collect();
        }
        Ok(pool)
    }

    /// How many elements there are from the first of a window to its last.
    fn extent(&self, a: usize) -> usize {
        self.size[a].saturating_sub(1).saturating_mul(self.dilation[a]).saturating_add(1)
    }

    /// How many windows there are along an axis of `n` elements; the shape rules see to it that there is one.
    fn places(&self, a: usize, n: usize) -> usize {
        let padded = n.saturating_add(self.padding[a].saturating_mul(2)).saturating_add(self.overhang[a]);
        padded.saturating_sub(self.extent(a)) / self.stride[a].max(1) + 1
    }

    /// How far a window for the rest of an axis of `n` elements reaches beyond the padding: 0 if there is no rest, or if the
    /// window would start behind the image.
    fn overhang(&self, a: usize, n: usize) -> usize {
        let [n, extent, stride, padding] =
            [n, self.extent(a), self.stride[a].max(1), self.padding[a]].map(|n| n as i128);
        let rest = n + 2 * padding - extent;
        let mut last = (rest + stride - 1).div_euclid(stride) * stride;
        if last >= n + padding {
            last -= stride;
        }
        if last < 0 { 0 } else { usize::try_from(last - rest).unwrap_or(0) }
    }

    /// How many elements each window has along an axis of `n` elements: those of the image, and perhaps of the padding.
    fn counts(&self, a: usize, n: usize, with_padding: bool) -> Vec<f64> {
        let counted =
            if with_padding { 0..n + 2 * self.padding[a] } else { self.padding[a]..self.padding[a] + n };
        let window = |place: usize| {
            let at = |k: usize| place * self.stride[a] + k * self.dilation[a];
            (0..self.size[a]).filter(|&k| counted.contains(&at(k))).count() as f64
        };
        (0..self.places(a, n)).map(window).collect()
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
        let pool = self.pool("max_pool", &options);
        let shape = self.shape();
        let places: Vec<usize> = (0..pool.size.len()).map(|a| pool.places(a, shape[2 + a])).collect();
        let PoolGeometry { size, stride, padding, dilation, overhang } = pool;
        let places_of =
            self.tape().apply(WindowArgMax { size, stride, dilation, padding, overhang }, &[self]);
        let plane: usize = shape[2..].iter().product();
        let y = self.reshape(open_batch(&[shape[0], shape[1], plane])).take_along_axis(places_of, -1);
        y.reshape(open_batch(&[&shape[..2], &places].concat()))
    }

    /// The mean of each window of images `[batch, channels, …]`, over any number of axes. Zeros in the padding count, unless
    /// [`count_include_pad`](PoolOptions::count_include_pad) says otherwise: then the sum of a window is divided by the number of
    /// its elements in the image.
    ///
    /// # Panics
    ///
    /// If the options are not for as many axes, a window does not fit, or one has no element that counts.
    #[track_caller]
    #[must_use]
    pub fn avg_pool(self, options: PoolOptions) -> Var<'t> {
        let pool = self.pool("avg_pool", &options);
        let (shape, axes) = (self.shape(), pool.size.len());
        let pairs: Vec<(usize, usize)> =
            pool.padding.iter().zip(&pool.overhang).map(|(&before, &more)| (before, before + more)).collect();
        let is_padded = pairs.iter().any(|&pair| pair != (0, 0));
        let uneven = is_padded && !options.count_include_pad || pool.overhang.iter().any(|&n| n > 0);
        let x = if is_padded { self.pad(pairs, PadMode::Constant(0.0)) } else { self };
        let inside: Vec<isize> = (1..=axes as isize).map(|a| -a).collect();
        let windows = x.windows(pool.size.clone(), pool.stride.clone(), pool.dilation.clone());
        if !uneven {
            return windows.mean_over(inside);
        }
        let counts: Vec<Vec<f64>> =
            (0..axes).map(|a| pool.counts(a, shape[2 + a], options.count_include_pad)).collect();
        if counts.iter().flatten().any(|&count| count == 0.0) {
            let problem = format!("a window over shape {shape:?} has no element that counts: {options:?}");
            self.tape().refuse_operands("avg_pool", problem, &[self]);
        }
        let places: Vec<usize> = counts.iter().map(Vec::len).collect();
        let count = ArrayD::from_shape_fn(places, |at| (0..axes).map(|a| counts[a][at[a]]).product::<f64>());
        windows.sum_over(inside) / self.tape().constant(count)
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
