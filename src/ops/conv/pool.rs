//! Where the greatest element of a window is.

use super::fold::Geometry;
use crate::Float;
use crate::base::shape::{Layout, Sizes, Strides, place, size};
use crate::graph::Kind;
use crate::kernel::{Inputs, Output, chunks_in_parts};
use crate::portable::{ElementType, Portable};
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};
use smallvec::SmallVec;

/// Where the greatest element of each window over the last axes is, the first of equal ones; a NaN counts as the greatest.
/// The positions are those in the last axes as one, `[…, h, w] → […, windows]`, so that taking along an axis reads them. What
/// a window reaches beyond the array by padding is never the greatest. Its result counts as a constant.
///
/// Pooling 64 × 16 × 24 × 24 numbers by 2 × 2 and its gradient take a fifth of the time that they take composed of
/// windows, their greatest elements and the rule of these (f32, one Zen 5 core).
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
    /// How much further they reach beyond the last end.
    pub overhang: Vec<usize>,
}

impl WindowArgMax {
    fn geometry(&self) -> Geometry<'_> {
        Geometry { size: &self.size, stride: &self.stride, dilation: &self.dilation }
    }

    /// The axes in front of the windows, and how many windows there are along the others.
    fn places(&self, x: &[usize]) -> Result<(Vec<usize>, Vec<usize>), String> {
        let (windows, axes) = (self.geometry(), self.size.len());
        windows.check()?;
        if [&self.padding, &self.overhang].iter().any(|all| all.len() != axes) {
            return Err(format!(
                "padding {:?} and overhang {:?} want one number for each of {axes} axes",
                self.padding, self.overhang
            ));
        }
        let Some(front) = x.len().checked_sub(axes) else { return windows.windows(x).map(|x| (x, vec![])) };
        let mut padded = x.to_vec();
        for (a, &more) in self.padding.iter().enumerate() {
            let more = more.saturating_mul(2).saturating_add(self.overhang[a]);
            padded[front + a] = padded[front + a].saturating_add(more);
        }
        let all = windows.windows(&padded)?;
        let places = all[front..front + axes].to_vec();
        for (a, &count) in places.iter().enumerate() {
            let inside = |place: usize| self.first_inside(a, place, x[front + a]).is_some();
            // The first windows and the last ones are those that reach furthest out.
            let more = self.padding[a].saturating_add(self.overhang[a]).div_ceil(self.stride[a]).min(count);
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

/// The next index in row-major order.
fn next(index: &mut [usize], counts: &[usize]) {
    for (i, &n) in index.iter_mut().zip(counts).rev() {
        *i += 1;
        if *i < n {
            return;
        }
        *i = 0;
    }
}

/// So many elements of a window have their offsets kept; those of others are found by divisions, since kernels must not
/// allocate.
const KEPT: usize = 16;

/// The least number of elements of windows for which a second thread pays.
const LONG: usize = 1 << 16;

/// The greatest of some elements so far, and its position.
#[derive(Clone, Copy)]
struct Greatest<F>(F, isize);

impl<F: Float> Greatest<F> {
    /// Selected, not jumped over: which element is the greatest, no processor predicts.
    #[inline(always)]
    fn or(self, x: F, position: isize) -> Self {
        let greater = (x > self.0) | (x.is_nan() & !self.0.is_nan());
        let mask = -isize::from(greater);
        Self(self.0.maximum(x), self.1 ^ ((self.1 ^ position) & mask))
    }
}

impl<F: Float> Kernel<F> for WindowArgMax {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let x = x.real(0);
        let axes = self.size.len();
        let front = x.shape().len() - axes;
        let (shape, strides) = (&x.shape()[front..], &x.strides()[front..]);
        if y.indices.is_empty() || axes == 0 {
            return y.indices.fill(0);
        }
        let extents: Sizes = (0..axes).map(|a| self.geometry().extent(a)).collect();
        let padded = |a: usize| shape[a] + 2 * self.padding[a] + self.overhang[a];
        let places: Sizes = (0..axes).map(|a| (padded(a) - extents[a]) / self.stride[a] + 1).collect();
        let steps = Layout::contiguous(shape);
        let (data, start) = x.buffer();
        let dilated = |steps: &[isize]| -> Strides {
            (0..axes).map(|a| self.dilation[a] as isize * steps[a]).collect()
        };
        let (from_steps, position_steps) = (dilated(strides), dilated(steps.strides()));
        // Where an element of a window is from the first: in the buffer, and as a position.
        let offset = |k: usize| (place(k, &self.size, &from_steps), place(k, &self.size, &position_steps));
        let count = size(&self.size);
        let mut kept = [(0, 0); KEPT];
        kept.iter_mut().take(count).enumerate().for_each(|(k, kept)| *kept = offset(k));
        let kept = &kept[..count.min(KEPT)];
        let last = axes - 1;
        let corner = |a: usize, place: usize| (place * self.stride[a]) as isize - self.padding[a] as isize;
        let whole = |a: usize, at: isize| at >= 0 && at as usize + extents[a] <= shape[a];
        let plane_len = size(&places);
        let planes_of = |first: usize, planes: &mut [usize]| {
            for (plane, indices) in (first..).zip(planes.chunks_exact_mut(plane_len)) {
                let start = start as isize + place(plane, &x.shape()[..front], &x.strides()[..front]);
                let mut row: SmallVec<[usize; 4]> = SmallVec::from_elem(0, last);
                for indices in indices.chunks_exact_mut(places[last]) {
                    let outer =
                        |steps: &[isize]| -> isize { (0..last).map(|a| corner(a, row[a]) * steps[a]).sum() };
                    let (from, position) = (start + outer(strides), outer(steps.strides()));
                    let whole_row = (0..last).all(|a| whole(a, corner(a, row[a])));
                    for (place, index) in indices.iter_mut().enumerate() {
                        let at = corner(last, place);
                        let (from, position) = (from + at * strides[last], position + at);
                        let or = |g: Greatest<F>, (more, at): (isize, isize)| {
                            g.or(data[(from + more) as usize], at)
                        };
                        let mut greatest: Option<Greatest<F>> = None;
                        if whole_row && whole(last, at) {
                            let first = Greatest(data[from as usize], 0);
                            let first = kept[1..].iter().copied().fold(first, or);
                            greatest = Some((KEPT..count).map(offset).fold(first, or));
                        } else {
                            let lies_inside = |&k: &usize| {
                                let mut rest = k;
                                (0..axes).rev().all(|a| {
                                    let corner = if a == last { at } else { corner(a, row[a]) };
                                    let at = corner + (rest % self.size[a] * self.dilation[a]) as isize;
                                    rest /= self.size[a];
                                    at >= 0 && (at as usize) < shape[a]
                                })
                            };
                            for (more, at) in (0..count).filter(lies_inside).map(offset) {
                                let own = Greatest(data[(from + more) as usize], at);
                                greatest = Some(greatest.map_or(own, |g| g.or(own.0, own.1)));
                            }
                        }
                        // The shape rule has seen to it that there is one.
                        *index = (position + greatest.map_or(0, |g| g.1)) as usize;
                    }
                    next(&mut row, &places[..last]);
                }
            }
        };
        let threads = if y.indices.len().saturating_mul(count) >= LONG { y.threads } else { 1 };
        chunks_in_parts(y.indices, plane_len, threads, &planes_of);
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

    fn threaded(&self) -> bool {
        true
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
        Derivative::NotDifferentiable
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        let (own, axes) = (x[0].shape(), self.size.len());
        let front = own.len() - axes;
        let plane = size(&own[front..]);
        let mut positions = x[0].positions(own.len() - 1, ElementType::Index);
        let mut step = own[own.len() - 1];
        for axis in (front..own.len() - 1).rev() {
            positions = positions + x[0].positions(axis, ElementType::Index) * step as f64;
            step *= own[axis];
        }
        let padding = [&vec![0; front], &self.padding[..]].concat();
        let windows = |x: Portable<'p>, outside: f64| {
            let padded = x.pad(outside, &padding, &padding, &vec![0; own.len()]);
            self.geometry().portable_windows(padded)
        };
        let (values, positions) = (windows(x[0], f64::NEG_INFINITY), windows(positions, plane as f64));
        let inside: Vec<usize> = (own.len()..own.len() + axes).collect();
        let found = values.equal(values.max(&inside).keep(&inside)) | values.is_nan();
        Ok(found.select(positions, positions.number(plane as f64)).min(&inside).reshape(shape))
    }

    fn samples(&self) -> Vec<Sample> {
        let shapes: [&[usize]; 4] = [&[4, 3, 2], &[2, 3, 4, 3], &[0, 3, 3, 2], &[2, 1, 4, 3, 2]];
        let own = shapes.map(|s| s[..s.len() - 3 + self.size.len()].to_vec());
        own.map(|s| Sample::of([&s[..]], Domain::Spaced(0.0))).to_vec()
    }
}

crate::ops::entry::built_in! {
    WindowArgMax, "window_argmax", [size, stride, dilation, padding, overhang], [
        Self { size: vec![2], stride: vec![2], dilation: vec![1], padding: vec![0], overhang: vec![0] },
        Self { size: vec![3, 2], stride: vec![2, 1], dilation: vec![1, 2], padding: vec![1, 1], overhang: vec![0, 0] },
        Self { size: vec![5, 4, 1], stride: vec![1, 2, 1], dilation: vec![1, 1, 1], padding: vec![2, 2, 0], overhang: vec![0, 0, 0] },
        Self { size: vec![2, 2, 2], stride: vec![2, 3, 1], dilation: vec![2, 1, 1], padding: vec![0, 1, 0], overhang: vec![0, 1, 0] },
    ];
}
