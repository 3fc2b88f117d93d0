//! Where the greatest element of a window is.

use super::fold::Geometry;
use crate::Float;
use crate::base::shape::{Layout, Sizes, place, size};
use crate::graph::Kind;
use crate::kernel::{Inputs, Output};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};
use smallvec::SmallVec;

/// Where the greatest element of each window over the last axes is, the first of equal ones; a NaN counts as the greatest.
/// The positions are those in the last axes as one, `[…, h, w] → […, windows]`, so that taking along an axis reads them. What
/// a window reaches beyond the array by padding is never the greatest. Its result counts as a constant.
///
/// Composed of windows, a greatest element and its rule, pooling by 2 × 2 of 64 × 16 × 24 × 24 numbers and its gradient take
/// several times as long: there are passes over all windows, and none is vectorised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowArgMax {
    /// How many elements a window takes along each axis.
    pub size: Vec<usize>,
    /// The distance of one window from the next.
    pub stride: Vec<usize>,
    /// The distance of elements in a window.
    pub dilation: Vec<usize>,
    /// How far windows reach beyond each end of the axes.
    pub padding: Vec<usize>,
}

impl WindowArgMax {
    fn geometry(&self) -> Geometry<'_> {
        Geometry { size: &self.size, stride: &self.stride, dilation: &self.dilation }
    }

    /// The axes in front of the windows, and how many windows there are along the others.
    fn places(&self, x: &[usize]) -> Result<(Vec<usize>, Vec<usize>), String> {
        let (windows, axes) = (self.geometry(), self.size.len());
        windows.check()?;
        if self.padding.len() != axes {
            return Err(format!("padding {:?} wants one number for each of {axes} axes", self.padding));
        }
        let Some(front) = x.len().checked_sub(axes) else { return windows.windows(x).map(|x| (x, vec![])) };
        let mut padded = x.to_vec();
        for (a, &more) in self.padding.iter().enumerate() {
            padded[front + a] = padded[front + a].saturating_add(more.saturating_mul(2));
        }
        let all = windows.windows(&padded)?;
        let places = all[front..front + axes].to_vec();
        for (a, &count) in places.iter().enumerate() {
            let inside = |place: usize| self.first_inside(a, place, x[front + a]).is_some();
            // The first windows and the last ones are those that reach furthest out.
            let more = self.padding[a].div_ceil(self.stride[a]).min(count);
            if !(0..more).chain(count - more..count).all(inside) {
                return Err(format!(
                    "a window along axis {} of shape {x:?} has no element of it: padding {} reaches too far",
                    front + a,
                    self.padding[a]
                ));
            }
        }
        Ok((x[..front].to_vec(), places))
    }

    /// The first place inside of a window that lies in an axis of `n` elements.
    fn first_inside(&self, axis: usize, place: usize, n: usize) -> Option<usize> {
        let start = (place * self.stride[axis]) as isize - self.padding[axis] as isize;
        let k = if start < 0 { start.unsigned_abs().div_ceil(self.dilation[axis]) } else { 0 };
        let at = start + (k * self.dilation[axis]) as isize;
        (k < self.size[axis] && (at as usize) < n).then_some(k)
    }
}

/// A place of `count` ones along an axis, next in row-major order; whether there is one.
fn next(index: &mut [usize], counts: &[usize]) -> bool {
    for (i, &n) in index.iter_mut().zip(counts).rev() {
        *i += 1;
        if *i < n {
            return true;
        }
        *i = 0;
    }
    false
}

impl<F: Float> Kernel<F> for WindowArgMax {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let x = x.real(0);
        let axes = self.size.len();
        let front = x.shape().len() - axes;
        let (shape, strides) = (&x.shape()[front..], &x.strides()[front..]);
        let Some(outer) = axes.checked_sub(1) else { return y.indices.fill(0) };
        if y.indices.is_empty() {
            return;
        }
        let count = |a: usize| {
            let padded = shape[a] + 2 * self.padding[a];
            (padded - self.geometry().extent(a)) / self.stride[a] + 1
        };
        let places: Sizes = (0..axes).map(count).collect();
        let steps = Layout::contiguous(shape);
        let (data, start) = x.buffer();
        let width = places[outer];
        // The position of an element of a window along an axis.
        let at = |a: usize, place: usize, k: usize| {
            (place * self.stride[a] + k * self.dilation[a]) as isize - self.padding[a] as isize
        };
        let greatest = &mut y.scratch[..width];
        for (plane, indices) in y.indices.chunks_exact_mut(size(&places)).enumerate() {
            let start = start as isize + place(plane, &x.shape()[..front], &x.strides()[..front]);
            let mut row: SmallVec<[usize; 4]> = SmallVec::from_elem(0, outer);
            for indices in indices.chunks_exact_mut(width) {
                indices.fill(usize::MAX);
                let mut inside: SmallVec<[usize; 4]> = SmallVec::from_elem(0, axes);
                loop {
                    self.row_of_windows(
                        |a| at(a, row[a], inside[a]),
                        |place| at(outer, place, inside[outer]),
                        (shape, strides, steps.strides()),
                        (data, start),
                        (&mut *greatest, &mut *indices),
                    );
                    if !next(&mut inside, &self.size) {
                        break;
                    }
                }
                next(&mut row, &places[..outer]);
            }
        }
    }
}

impl WindowArgMax {
    /// Compares one element of each window of a row with the greatest so far.
    fn row_of_windows<F: Float>(
        &self,
        at_outer: impl Fn(usize) -> isize,
        at_last: impl Fn(usize) -> isize,
        (shape, strides, steps): (&[usize], &[isize], &[isize]),
        (data, start): (&[F], isize),
        (greatest, indices): (&mut [F], &mut [usize]),
    ) {
        let outer = shape.len() - 1;
        let (mut from, mut index) = (start, 0);
        for a in 0..outer {
            let at = at_outer(a);
            if at < 0 || at as usize >= shape[a] {
                return;
            }
            (from, index) = (from + at * strides[a], index + at * steps[a]);
        }
        let (n, stride) = (shape[outer] as isize, self.stride[outer] as isize);
        let base = at_last(0);
        // Windows whose element lies in the axis.
        let first = if base < 0 { (-base + stride - 1) / stride } else { 0 };
        let end = ((n - base + stride - 1) / stride).clamp(first, greatest.len() as isize);
        let (first, end) = (first.min(end) as usize, end as usize);
        let all = greatest[first..end].iter_mut().zip(&mut indices[first..end]);
        for (i, (greatest, found)) in all.enumerate() {
            let at = base + (first + i) as isize * stride;
            let x = data[(from + at * strides[outer]) as usize];
            let greater = x > *greatest || (x.is_nan() && !greatest.is_nan());
            if *found == usize::MAX || greater {
                (*greatest, *found) = (x, (index + at) as usize);
            }
        }
    }
}

impl Op for WindowArgMax {
    crate::op_settings!();

    fn symbol(&self) -> String {
        "argmax".to_owned()
    }

    fn formula(&self) -> &'static str {
        "y = where x is greatest in each window"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        let (mut shape, places) = self.places(x)?;
        shape.push(size(&places));
        Ok(shape)
    }

    fn kind(&self, _: &[Operand<'_>]) -> Kind {
        Kind::Index
    }

    fn scratch(&self, x: &[&Layout], _: &[usize]) -> usize {
        // As many as windows along the last axis, which are no more than its elements and twice the padding.
        x[0].shape().last().map_or(0, |n| n + 2 * self.padding.last().copied().unwrap_or(0))
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
        Derivative::NotDifferentiable
    }

    fn samples(&self) -> Vec<Sample> {
        let shapes: [&[usize]; 4] = [&[4, 3, 2], &[2, 3, 4, 3], &[0, 3, 3, 2], &[2, 1, 4, 3, 2]];
        let own = shapes.map(|s| s[..s.len() - 3 + self.size.len()].to_vec());
        own.map(|s| Sample::of([&s[..]], Domain::Spaced(0.0))).to_vec()
    }
}

crate::ops::entry::built_in! {
    WindowArgMax, "window_argmax", [size, stride, dilation, padding], [
        Self { size: vec![2], stride: vec![2], dilation: vec![1], padding: vec![0] },
        Self { size: vec![3, 2], stride: vec![2, 1], dilation: vec![1, 2], padding: vec![1, 1] },
        Self { size: vec![2, 2, 2], stride: vec![2, 3, 1], dilation: vec![2, 1, 1], padding: vec![0, 1, 0] },
    ];
}
