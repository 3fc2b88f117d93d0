//! The geometry of windows, and the loop that adds them up.

use crate::Float;
use crate::base::shape::{Layout, checked_size, place, size};
use crate::kernel::{Output, View, chunks_in_parts};
use crate::portable::Portable;
use smallvec::SmallVec;

/// The least number of additions for which a second thread pays.
const LONG: usize = 1 << 16;

/// Windows over the last axes of an array: sizes, strides and dilations.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry<'a> {
    pub(super) size: &'a [usize],
    pub(super) stride: &'a [usize],
    pub(super) dilation: &'a [usize],
}

impl Geometry<'_> {
    /// The windows of a portable value: of each axis a slice for each element of a window.
    pub(super) fn portable_windows<'p>(&self, x: Portable<'p>) -> Portable<'p> {
        let axes = self.size.len();
        let front = x.rank() - axes;
        let mut y = x;
        for a in 0..axes {
            let n = y.shape()[front + a];
            let places = (n - self.extent(a)) / self.stride[a] + 1;
            let inside = y.rank();
            let part = |k: usize| {
                y.narrow(front + a, k * self.dilation[a], places, self.stride[a]).expand_dim(inside)
            };
            let parts: Vec<Portable<'p>> = (0..self.size[a]).map(part).collect();
            y = parts[0].concat(&parts[1..], inside);
        }
        y
    }

    /// The sum of windows, a portable value, as an array of a shape.
    pub(super) fn portable_fold<'p>(&self, x: Portable<'p>, shape: &[usize]) -> Portable<'p> {
        let axes = self.size.len();
        let front = shape.len() - axes;
        let mut y = x;
        for a in (0..axes).rev() {
            let (n, places, inside) = (shape[front + a], y.shape()[front + a], y.rank() - 1);
            let rest = &y.shape()[..inside];
            let reach = (places - 1) * self.stride[a];
            let part = |k: usize| {
                let low = k * self.dilation[a];
                let between = if places > 1 { self.stride[a] - 1 } else { 0 };
                let one = y.narrow(inside, k, 1, 1).reshape(rest);
                one.pad_axis(0.0, front + a, [low, n - 1 - reach - low, between])
            };
            let first = part(0);
            y = (1..self.size[a]).fold(first, |sum, k| sum + part(k));
        }
        y
    }

    /// How many elements there are from the first of a window to its last.
    pub(super) fn extent(&self, axis: usize) -> usize {
        (self.size[axis] - 1).saturating_mul(self.dilation[axis]).saturating_add(1)
    }

    /// That there is one of each for every axis, and none is 0.
    pub(super) fn check(&self) -> Result<(), String> {
        let Self { size, stride, dilation } = *self;
        if size.len() != stride.len() || size.len() != dilation.len() {
            return Err(format!(
                "sizes {size:?}, strides {stride:?} and dilations {dilation:?} of windows want one for each axis"
            ));
        }
        match [size, stride, dilation].iter().any(|all| all.contains(&0)) {
            true => Err(format!(
                "sizes {size:?}, strides {stride:?} and dilations {dilation:?} of windows are at least 1"
            )),
            false => Ok(()),
        }
    }

    /// The shape of all windows of an array.
    pub(super) fn windows(&self, x: &[usize]) -> Result<Vec<usize>, String> {
        self.check()?;
        let Some(first) = x.len().checked_sub(self.size.len()) else {
            return Err(format!("shape {x:?} has no axis for each of the window's sizes {:?}", self.size));
        };
        let places = (0..self.size.len())
            .map(|axis| match x[first + axis].checked_sub(self.extent(axis)) {
                Some(more) => Ok(more / self.stride[axis] + 1),
                None => Err(format!(
                    "a window of {} elements does not fit into axis {} of shape {x:?}",
                    self.extent(axis),
                    first + axis
                )),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let shape = [&x[..first], &places, self.size].concat();
        checked_size(&shape)?;
        Ok(shape)
    }
}

/// The shape of the sum of windows.
pub(super) fn folded_shape(
    windows: Geometry<'_>,
    extra: &[usize],
    x: &[usize],
) -> Result<Vec<usize>, String> {
    windows.check()?;
    let axes = windows.size.len();
    if extra.len() != axes || extra.iter().zip(windows.stride).any(|(extra, stride)| extra >= stride) {
        return Err(format!(
            "extra elements {extra:?} want one number for each axis, less than the stride {:?}",
            windows.stride
        ));
    }
    let Some(first) = x.len().checked_sub(2 * axes) else {
        return Err(format!("shape {x:?} has no two axes for each of the window's sizes {:?}", windows.size));
    };
    if x[first + axes..] != *windows.size {
        return Err(format!("shape {x:?} does not end with the sizes {:?} of windows", windows.size));
    }
    let mut shape = x[..first].to_vec();
    for axis in 0..axes {
        let Some(steps) = x[first + axis].checked_sub(1) else {
            return Err(format!(
                "shape {x:?} has no window along axis {}; at least one is wanted",
                first + axis
            ));
        };
        let places = steps.saturating_mul(windows.stride[axis]);
        shape.push(places.saturating_add(windows.extent(axis)).saturating_add(extra[axis]));
    }
    checked_size(&shape)?;
    Ok(shape)
}

/// An axis that the sum goes over: its size, and its steps in the windows and in the result.
#[derive(Clone, Copy)]
struct FoldAxis {
    size: usize,
    from: isize,
    to: usize,
}

/// Adds windows up. The order of the terms of each sum is that of the places inside of a window.
pub(super) fn fold<F: Float>(windows: Geometry<'_>, x: View<'_, F>, y: Output<'_, F>) {
    if y.data.is_empty() {
        return;
    }
    let axes = windows.size.len();
    let front = y.shape.len() - axes;
    let to = Layout::contiguous(y.shape);
    let axis = |at: usize, factor: usize, axis: usize| FoldAxis {
        size: x.shape()[at],
        from: x.strides()[at],
        to: factor.saturating_mul(to.strides()[front + axis] as usize),
    };
    let inside = (0..axes).map(|a| axis(front + axes + a, windows.dilation[a], a));
    let places = (0..axes).map(|a| axis(front + a, windows.stride[a], a));
    let mut all: SmallVec<[FoldAxis; 8]> = inside.chain(places).collect();
    let row = all.pop().unwrap_or(FoldAxis { size: 1, from: 1, to: 1 });
    let (data, start) = x.buffer();
    let (shape, strides) = (&x.shape()[..front], &x.strides()[..front]);
    let threads = if x.len() >= LONG { y.threads } else { 1 };
    let plane = size(&y.shape[front..]);
    chunks_in_parts(y.data, plane, threads, &|first, planes| {
        for (i, y) in planes.chunks_exact_mut(plane).enumerate() {
            y.fill(F::zero());
            add_rows(data, start as isize + place(first + i, shape, strides), &all, row, y);
        }
    });
}

/// Adds rows of windows to where they come from, for every index of some axes in row-major order.
fn add_rows<F: Float>(data: &[F], start: isize, axes: &[FoldAxis], row: FoldAxis, y: &mut [F]) {
    let mut index: SmallVec<[usize; 8]> = SmallVec::from_elem(0, axes.len());
    let (mut from, mut to) = (start, 0);
    loop {
        let (n, target) = (row.size, &mut y[to..]);
        if row.from == 1 && row.to == 1 {
            target[..n].iter_mut().zip(&data[from as usize..][..n]).for_each(|(y, &x)| *y += x);
        } else {
            for i in 0..n {
                target[i * row.to] += data[(from + i as isize * row.from) as usize];
            }
        }
        let mut done = true;
        for (axis, index) in axes.iter().zip(&mut index).rev() {
            *index += 1;
            (from, to) = (from + axis.from, to + axis.to);
            if *index < axis.size {
                done = false;
                break;
            }
            (from, to) = (from - axis.size as isize * axis.from, to - axis.size * axis.to);
            *index = 0;
        }
        if done {
            return;
        }
    }
}
