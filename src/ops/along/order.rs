//! The order of elements along an axis, as indices; and the elements at indices.

use crate::Float;
use crate::base::shape::{Layout, check_axis, unravel};
use crate::graph::Kind;
use crate::kernel::{Inputs, Output, View, for_each_line};
use crate::ops::axes::from_front;
use crate::tape::op::{Derivative, Kernel, Op, Operand, Zero};
use crate::tape::operands::{operands, reals};
use crate::tape::sample::{Domain, Sample};
use crate::tape::{LoadOp, Var};
use std::cmp::Ordering;

/// Where the greatest element along an axis is: an index for each line, of the first of equal ones. A NaN counts as the
/// greatest. Its result counts as a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArgMax {
    /// The axis that is searched; it disappears.
    pub axis: usize,
}

/// The order of the elements along the last axis: `y` says where the least is, then the next, and so on, or from the
/// greatest on; equal ones stay in their order, and NaN counts as the greatest. Its result counts as a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArgSort {
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// The elements at indices along an axis: `yᵢ = x0[x1ᵢ]` in every line. `dx0` is `dy` [added up](AddAlongAxis) at these
/// indices. An index past the end is [refused](Kernel::check); the kernel alone gives NaN for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeAlongAxis {
    /// The axis along which indices count.
    pub axis: usize,
}

/// Zeros of the shape of x2, of which only that is read, and x0 added at the indices x1 along an axis, where the same may be
/// named several times: the adjoint of [`TakeAlongAxis`]. `dx0` is `dy` at these indices. An index past the end is
/// [refused](Kernel::check); the kernel alone leaves out what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddAlongAxis {
    /// The axis along which indices count.
    pub axis: usize,
}

/// From the least to the greatest, NaN behind all others.
fn compare<F: Float>(a: F, b: F) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

impl<F: Float> Kernel<F> for ArgMax {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        for_each_line(x.real(0), self.axis, y.indices, 1, |_, x, mut y| {
            let mut greatest = 0;
            for i in 1..x.len() {
                if compare(x.get(i), x.get(greatest)) == Ordering::Greater {
                    greatest = i;
                }
            }
            y[0] = greatest;
        });
    }
}

impl<F: Float> Kernel<F> for ArgSort {
    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let Output { indices, scratch, shape, .. } = y;
        let Some(&n) = shape.last() else { return indices.fill(0) };
        for (line, order) in x.real(0).lines(shape.len() - 1).zip(indices.chunks_exact_mut(n.max(1))) {
            // Compared n log n times, so it is copied once where its elements do not lie side by side.
            let line = match line.as_slice() {
                Some(line) => line,
                None => {
                    line.copy_to(scratch);
                    &*scratch
                }
            };
            order.iter_mut().enumerate().for_each(|(i, index)| *index = i);
            order.sort_unstable_by(|&a, &b| {
                let order = compare(line[a], line[b]);
                // Unstable sorting needs no memory; the indices keep equal ones in their order.
                if self.descending { order.reverse() } else { order }.then(a.cmp(&b))
            });
        }
    }
}

/// That the indices, which are operand 1, lie on an axis of `n` elements.
fn check_indices(indices: View<'_, usize>, n: usize) -> Result<(), String> {
    let Some(at) = indices.iter().position(|index| index >= n) else { return Ok(()) };
    let (index, place) = (indices.iter().nth(at).unwrap_or(0), unravel(at, indices.shape()));
    Err(format!("index {index} at {place:?} of x1 is past the end of an axis of size {n}"))
}

impl<F: Float> Kernel<F> for TakeAlongAxis {
    fn check(&self, x: Inputs<'_, '_, F>) -> Result<(), String> {
        check_indices(x.index(1), x.shape(0)[self.axis])
    }

    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let (x, indices) = (x.real(0), x.index(1));
        for_each_line(indices, self.axis, y.data, y.shape[self.axis], |k, indices, mut y| {
            let line = x.nth_line(self.axis, k);
            for (i, index) in indices.iter().enumerate() {
                y[i] = if index < line.len() { line.get(index) } else { F::nan() };
            }
        });
    }
}

impl<F: Float> Kernel<F> for AddAlongAxis {
    fn check(&self, x: Inputs<'_, '_, F>) -> Result<(), String> {
        check_indices(x.index(1), x.shape(2)[self.axis])
    }

    fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
        let (x, indices) = (x.real(0), x.index(1));
        y.data.fill(F::zero());
        for_each_line(x, self.axis, y.data, y.shape[self.axis], |k, x, mut y| {
            for (x, index) in x.iter().zip(indices.nth_line(self.axis, k).iter()) {
                if index < y.len() {
                    y[index] += x;
                }
            }
        });
    }
}

impl Op for ArgMax {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = where x is greatest"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        check_axis(self.axis, x.len())?;
        if x[self.axis] == 0 {
            return Err("argmax over an axis of size 0 has no value; give it at least one element".to_owned());
        }
        Ok([&x[..self.axis], &x[self.axis + 1..]].concat())
    }

    fn kind(&self, _: &[Operand<'_>]) -> Kind {
        Kind::Index
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
        Derivative::NotDifferentiable
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 4][..], &[2, 5, 3], &[1, 1]].map(|s| Sample::of([s], Domain::Spaced(0.0))).to_vec()
    }
}

impl Op for ArgSort {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = order of x along the last axis"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x] = reals(x)?;
        Ok(x.to_vec())
    }

    fn kind(&self, _: &[Operand<'_>]) -> Kind {
        Kind::Index
    }

    fn scratch(&self, x: &[&Layout], shape: &[usize]) -> usize {
        match (x[0].strides().last(), shape.last()) {
            (Some(&step), Some(&n)) if step != 1 => n,
            _ => 0,
        }
    }

    fn rule<'t>(&self, _: usize, _: &[Var<'t>], _: Var<'t>, _: Var<'t>) -> Derivative<'t> {
        Derivative::NotDifferentiable
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 4][..], &[2, 3, 5], &[], &[2, 0]].map(|s| Sample::of([s], Domain::Spaced(0.0))).to_vec()
    }
}

/// That indices fit an array, the lines of which they count along an axis.
fn check_lines(axis: usize, x: &[usize], indices: &[usize]) -> Result<(), String> {
    check_axis(axis, x.len())?;
    let fits = x.len() == indices.len() && (0..x.len()).all(|a| a == axis || x[a] == indices[a]);
    if fits {
        return Ok(());
    }
    Err(format!(
        "indices along axis {axis} of shape {x:?} want that shape but for this axis, got {indices:?}"
    ))
}

/// Samples of an array and of indices along an axis of it.
fn indexed(axis: usize) -> [(Vec<usize>, Vec<usize>, Domain); 3] {
    [[3, 4, 2], [1, 5, 1], [2, 1, 0]].map(|shape| {
        let mut indices = shape;
        indices[axis] += 1;
        (shape.to_vec(), indices.to_vec(), Domain::Index(shape[axis]))
    })
}

impl Op for TakeAlongAxis {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = x0 at the indices x1"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x, indices] = operands(x, [Kind::Real, Kind::Index])?;
        check_lines(self.axis, x, indices)?;
        Ok(indices.to_vec())
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        match operand {
            0 => dy.tape().apply(AddAlongAxis { axis: self.axis }, &[dy, x[1], x[0]]).into(),
            _ => Derivative::NotDifferentiable,
        }
    }

    fn smooth(&self) -> bool {
        true
    }

    fn samples(&self) -> Vec<Sample> {
        let numbers = Domain::Between(-2.0, 2.0);
        indexed(self.axis).map(|(x, i, domain)| Sample(vec![(x, numbers), (i, domain)])).to_vec()
    }
}

impl Op for AddAlongAxis {
    crate::op_settings!();

    fn formula(&self) -> &'static str {
        "y = x0 added at the indices x1"
    }

    fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let [x, indices, like] = operands(x, [Kind::Real, Kind::Index, Kind::Real])?;
        check_lines(self.axis, like, indices)?;
        if x == indices {
            Ok(like.to_vec())
        } else {
            Err(format!("numbers of shape {x:?} want an index each, got indices of shape {indices:?}"))
        }
    }

    fn reads(&self, operand: usize) -> bool {
        operand < 2
    }

    fn rule<'t>(&self, operand: usize, x: &[Var<'t>], _: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
        match operand {
            0 => dy.tape().apply(TakeAlongAxis { axis: self.axis }, &[dy, x[1]]).into(),
            1 => Derivative::NotDifferentiable,
            _ => Zero.into(),
        }
    }

    fn smooth(&self) -> bool {
        true
    }

    fn samples(&self) -> Vec<Sample> {
        let numbers = Domain::Between(-2.0, 2.0);
        let sample = |(like, i, domain): (Vec<usize>, Vec<usize>, Domain)| {
            Sample(vec![(i.clone(), numbers), (i, domain), (like, numbers)])
        };
        indexed(self.axis).map(sample).to_vec()
    }
}

crate::ops::entry::built_in! {
    ArgMax, "argmax", [axis], [Self { axis: 0 }, Self { axis: 1 }];
    ArgSort, "argsort", [descending], [Self { descending: false }, Self { descending: true }];
    TakeAlongAxis, "take_along_axis", [axis], [Self { axis: 0 }, Self { axis: 1 }];
    AddAlongAxis, "add_along_axis", [axis], [Self { axis: 0 }, Self { axis: 1 }];
}

/// The order of elements. Indices count as constants: gradients do not flow through them.
impl<'t> Var<'t> {
    /// Where the greatest element along an axis (−1 is the last) is: indices of the shape without this axis, of the first
    /// of equal ones.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let scores = tape.leaf("scores", ndarray::arr2(&[[0.1, 0.7, 0.2], [0.5, 0.0, 0.5]]));
    /// assert_eq!(scores.argmax(-1).value().as_slice().unwrap(), [1.0, 0.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn argmax(self, axis: isize) -> Var<'t> {
        let axis = from_front(&[axis], ArgMax::NAME, self, self.rank())[0];
        self.tape().apply(ArgMax { axis }, &[self])
    }

    /// The order of the elements along an axis (−1 is the last), from the least on: indices of the same shape, equal ones in
    /// their order. O(n log n) for each line.
    #[track_caller]
    #[must_use]
    pub fn argsort(self, axis: isize) -> Var<'t> {
        self.ordered(axis, false)
    }

    /// The elements in order along an axis (−1 is the last), from the least on: [`take_along_axis`](Self::take_along_axis)
    /// of [`argsort`](Self::argsort). `dx` is `dy` where the elements came from.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", ndarray::arr1(&[3.0, 1.0, 2.0]));
    /// let y = x.sort(0);
    /// assert_eq!(y.value().as_slice().unwrap(), [1.0, 2.0, 3.0]);
    /// let weights = tape.constant(ndarray::arr1(&[0.1, 0.2, 0.3]));
    /// assert_eq!((y * weights).sum().grad([x])[0].value().as_slice().unwrap(), [0.3, 0.1, 0.2]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn sort(self, axis: isize) -> Var<'t> {
        self.take_along_axis(self.argsort(axis), axis)
    }

    /// The elements at indices along an axis (−1 is the last): `y = x[…, indices[…, i, …], …]`, as NumPy's
    /// `take_along_axis`. The shapes agree on all other axes. An index past the end is [refused](crate::Error::Refused) when
    /// it is computed.
    #[track_caller]
    #[must_use]
    pub fn take_along_axis(self, indices: Var<'t>, axis: isize) -> Var<'t> {
        let axis = from_front(&[axis], TakeAlongAxis::NAME, self, self.rank())[0];
        self.tape().apply(TakeAlongAxis { axis }, &[self, indices])
    }

    #[track_caller]
    fn ordered(self, axis: isize, descending: bool) -> Var<'t> {
        let axis = from_front(&[axis], ArgSort::NAME, self, self.rank())[0];
        let op = ArgSort { descending };
        if axis + 1 == self.rank() {
            return self.tape().apply(op, &[self]);
        }
        // The axis becomes the last one, and its indices come back: both are views.
        let mut axes: Vec<isize> = (0..self.rank() as isize).collect();
        axes.swap(axis, self.rank() - 1);
        self.tape().apply(op, &[self.permute(&axes)]).permute(&axes)
    }
}
