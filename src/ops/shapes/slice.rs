//! Parts of an array, and the array that is zero outside a part.

use crate::Float;
use crate::base::shape::Layout;
use crate::graph::Attributes;
use crate::kernel::{Inputs, Output, scatter};
use crate::ops::axes::from_front;
use crate::portable::Portable;
use crate::tape::op::{Derivative, Kernel, Op, Operand, Zero};
use crate::tape::operands::{arrays, reals};
use crate::tape::sample::{Domain, Sample};
use crate::tape::settings::Setting;
use crate::tape::{LoadOp, Var};
use ndarray::SliceInfoElem;
use std::sync::Arc;

/// A range of one axis, as ndarray's `s![start..end;step]`: negative bounds count from the end, an open end is the
/// axis' own, and a negative step runs through the range backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first position.
    pub start: isize,
    /// The position after the last.
    pub end: Option<isize>,
    /// The distance between positions; not 0.
    pub step: isize,
}

impl Range {
    /// The first element, and how many there are, on an axis of size n.
    fn on(self, n: usize) -> Result<(usize, usize), String> {
        let Self { start, end, step } = self;
        let place =
            |p: isize| usize::try_from(if p < 0 { n as isize + p } else { p }).ok().filter(|&p| p <= n);
        let wrong = || format!("range {self} does not lie in an axis of size {n}");
        if step == 0 {
            return Err("the step of a range cannot be 0".to_owned());
        }
        let (first, end) = (place(start).ok_or_else(wrong)?, end.map_or(Some(n), place).ok_or_else(wrong)?);
        let len = end.saturating_sub(first);
        let count = len.div_ceil(step.unsigned_abs());
        Ok((if step < 0 && len > 0 { end - 1 } else { first }, count))
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}..", self.start)?;
        self.end.map_or(Ok(()), |end| write!(f, "{end}"))?;
        if self.step == 1 { Ok(()) } else { write!(f, ";{}", self.step) }
    }
}

/// A part of an array, a range of every axis; `dx` is `dy` in that part, and 0 elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// A range for every axis.
    pub ranges: Vec<Range>,
}

/// `y` is x0 in a part of an array as large as x1, and 0 elsewhere: the adjoint of [`Slice`]. `dx0` is that part of
/// `dy`, nothing to x1, of which only the shape is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unslice {
    /// A range for every axis.
    pub ranges: Vec<Range>,
}

/// Ranges with the whole of one more axis in front.
fn with_whole(ranges: &[Range]) -> Vec<Range> {
    let whole = Range { start: 0, end: None, step: 1 };
    std::iter::once(whole).chain(ranges.iter().copied()).collect()
}

pub(super) fn sliced_shape(ranges: &[Range], x: &[usize]) -> Result<Vec<usize>, String> {
    if ranges.len() != x.len() {
        return Err(format!("{} ranges for {} axes; give one for each", ranges.len(), x.len()));
    }
    ranges.iter().zip(x).map(|(r, &n)| r.on(n).map(|(_, count)| count)).collect()
}

pub(super) fn sliced_layout(ranges: &[Range], x: &Layout) -> Layout {
    let mut layout = x.clone();
    let mut offset = x.offset as isize;
    for (a, range) in ranges.iter().enumerate() {
        // The shape rule has accepted the ranges.
        let (first, count) = range.on(x.shape[a]).unwrap_or((0, 0));
        if count > 0 {
            offset += first as isize * x.strides[a];
        }
        layout.shape[a] = count;
        // A step that is never taken may be too long to be multiplied.
        layout.strides[a] = if count > 1 { x.strides[a] * range.step } else { 0 };
    }
    if layout.shape.contains(&0) {
        return Layout { shape: layout.shape.clone(), ..Layout::contiguous(&layout.shape) };
    }
    layout.offset = offset as usize;
    layout
}

super::views::view_kernel! { Slice }

impl<F: Float> Kernel<F> for Unslice {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        y.data.fill(F::zero());
        scatter(x.real(0), &sliced_layout(&self.ranges, &Layout::contiguous(y.shape)), y.data, |y, x| *y = x);
    }
}

impl Setting for Vec<Range> {
    fn put(&self, _: &str, to: Attributes) -> Attributes {
        let column = |f: fn(&Range) -> Option<isize>| self.iter().map(f).collect::<Vec<_>>();
        let to = column(|r| Some(r.start)).put("start", to);
        column(|r| Some(r.step)).put("step", column(|r| r.end).put("end", to))
    }

    fn get(_: &str, from: &Attributes) -> Result<Self, String> {
        let (starts, ends, steps) =
            (Vec::get("start", from)?, Vec::<Option<isize>>::get("end", from)?, Vec::get("step", from)?);
        if starts.len() != ends.len() || starts.len() != steps.len() {
            return Err("attributes `start`, `end` and `step` have different lengths".to_owned());
        }
        let all = starts.into_iter().zip(ends).zip(steps);
        Ok(all.map(|((start, end), step)| Range { start, end, step }).collect())
    }
}

fn examples() -> Vec<Vec<Range>> {
    let range = |start, end, step| Range { start, end, step };
    vec![
        vec![range(1, None, 1), range(0, Some(-1), 1)],
        vec![range(0, None, 2), range(0, None, -1)],
        vec![range(0, Some(0), 1), range(1, Some(3), 3)],
    ]
}

/// A portable value in a part of zeros of a shape.
pub(super) fn portable_unslice<'p>(
    x: Portable<'p>,
    ranges: &[Range],
    shape: &[usize],
) -> Result<Portable<'p>, String> {
    let mut y = x;
    for (axis, range) in ranges.iter().enumerate() {
        let (n, step) = (shape[axis], range.step.unsigned_abs());
        let (first, count) = range.on(n)?;
        if count == 0 {
            y = y.pad_axis(0.0, axis, [n, 0, 0]);
            continue;
        }
        let reach = (count - 1) * step;
        let low = if range.step < 0 { first - reach } else { first };
        if range.step < 0 {
            y = y.reverse(&[axis]);
        }
        let between = if count > 1 { step - 1 } else { 0 };
        y = y.pad_axis(0.0, axis, [low, n - 1 - reach - low, between]);
    }
    Ok(y)
}

impl Op for Slice {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = a part of x"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = arrays(x)?;
        sliced_shape(&self.ranges, x)
    }

    fn view(&self, x: &Layout, _: &[usize]) -> Option<Layout> {
        Some(sliced_layout(&self.ranges, x))
    }

    super::views::of_either_kind!();

    fn rule<'t>(&self, _: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        dy.tape().apply(Unslice { ranges: self.ranges.clone() }, &[dy, x[0]]).into()
    }

    fn batched(&self, _: &[bool]) -> Option<Arc<dyn Op>> {
        Some(Arc::new(Self { ranges: with_whole(&self.ranges) }))
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        let mut y = x[0];
        for (axis, range) in self.ranges.iter().enumerate() {
            let (first, count) = range.on(y.shape()[axis])?;
            let step = range.step.unsigned_abs();
            if range.step < 0 && count > 0 {
                y = y.narrow(axis, first - (count - 1) * step, count, step).reverse(&[axis]);
            } else {
                y = y.narrow(axis, first, count, step);
            }
        }
        Ok(y)
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 4][..], &[2, 5]].map(|s| Sample::of([s], Domain::Between(-2.0, 2.0))).to_vec()
    }
}

impl Op for Unslice {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = x0 in a part, else 0"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [part, like] = reals(x)?;
        let wanted = sliced_shape(&self.ranges, like)?;
        if wanted == part {
            Ok(like.to_vec())
        } else {
            Err(format!("the part of {like:?} has shape {wanted:?}, got {part:?}"))
        }
    }

    fn reads(&self, operand: usize) -> bool {
        operand == 0
    }

    fn rule<'t>(&self, operand: usize, _: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        match operand {
            0 => dy.tape().apply(Slice { ranges: self.ranges.clone() }, &[dy]).into(),
            _ => Zero.into(),
        }
    }

    fn batched(&self, is_batched: &[bool]) -> Option<Arc<dyn Op>> {
        is_batched
            .iter()
            .all(|&is| is)
            .then(|| Arc::new(Self { ranges: with_whole(&self.ranges) }) as Arc<dyn Op>)
    }

    fn smooth(&self) -> bool {
        true
    }

    fn portable<'p>(&self, x: &[Portable<'p>], shape: &[usize]) -> Result<Portable<'p>, String> {
        portable_unslice(x[0], &self.ranges, shape)
    }

    fn samples(&self) -> Vec<Sample> {
        let whole: [&[usize]; 2] = [&[3, 4], &[2, 5]];
        whole
            .into_iter()
            .filter_map(|s| {
                let part = sliced_shape(&self.ranges, s).ok()?;
                Some(Sample::of([&part, s], Domain::Between(-2.0, 2.0)))
            })
            .collect()
    }
}

crate::ops::entry::built_in! {
    Slice, "slice", [ranges], examples().into_iter().map(|ranges| Self { ranges }).collect::<Vec<_>>();
    Unslice, "unslice", [ranges], examples().into_iter().map(|ranges| Self { ranges }).collect::<Vec<_>>();
}

impl<'t> Var<'t> {
    /// A part, as ndarray's `s!` macro writes it: ranges with steps, single positions, new axes.
    ///
    /// ```
    /// use ndarray::{arr2, s};
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    /// assert_eq!(x.slice(s![.., 1..]).shape(), [2, 2]);
    /// assert_eq!(x.slice(s![-1, ..;-1]).value().as_slice().unwrap(), [6.0, 5.0, 4.0]);
    /// ```
    #[doc(alias = "narrow")]
    #[track_caller]
    #[must_use]
    pub fn slice(self, parts: impl AsRef<[SliceInfoElem]>) -> Var<'t> {
        let (mut ranges, mut dropped, mut new, mut kept) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for part in parts.as_ref() {
            match *part {
                SliceInfoElem::Slice { start, end, step } => {
                    ranges.push(Range { start, end, step });
                    kept += 1;
                }
                SliceInfoElem::Index(i) => {
                    dropped.push(ranges.len() as isize);
                    ranges.push(Range { start: i, end: (i != -1).then(|| i.saturating_add(1)), step: 1 });
                }
                SliceInfoElem::NewAxis => {
                    new.push(kept);
                    kept += 1;
                }
            }
        }
        let part = self.tape().apply(Slice { ranges }, &[self]);
        let part = if dropped.is_empty() { part } else { part.squeeze(dropped) };
        if new.is_empty() { part } else { part.expand_dims(new) }
    }

    /// A range of one axis, counted from the front.
    #[track_caller]
    pub(in crate::ops) fn range(self, axis: usize, start: isize, end: Option<isize>, step: isize) -> Var<'t> {
        let mut ranges = vec![Range { start: 0, end: None, step: 1 }; self.rank()];
        ranges[axis] = Range { start, end, step };
        self.tape().apply(Slice { ranges }, &[self])
    }

    /// Parts one after another along an axis (−1 is the last), of these sizes, which add up to that of the axis: views, no
    /// elements are moved.
    ///
    /// It takes apart what an op returns in one array: see [packed results](crate::op#packed-results).
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", ndarray::arr2(&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]));
    /// let [top, bottom] = x.split([1, 2], 0);
    /// assert_eq!((top.shape(), bottom.shape()), (vec![1, 2], vec![2, 2]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, or the sizes add up to another one.
    #[track_caller]
    pub fn split<const N: usize>(self, sizes: [usize; N], axis: isize) -> [Var<'t>; N] {
        let axis = from_front(&[axis], Slice::NAME, self, self.rank())[0];
        let total = sizes.iter().fold(0, |total: usize, &size| total.saturating_add(size));
        let n = self.shape()[axis];
        if total != n {
            let problem = format!("parts of sizes {sizes:?} make {total}, and axis {axis} has size {n}");
            self.tape().refuse_operands("split", problem, &[self])
        }
        let (mut parts, mut start) = ([self; N], 0);
        // A loop, not a closure: panics name the caller's line.
        for (part, size) in parts.iter_mut().zip(sizes) {
            *part = self.range(axis, start, Some(start + size as isize), 1);
            start += size as isize;
        }
        parts
    }
}
