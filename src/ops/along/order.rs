//! The order of elements along an axis, as indices.

use crate::Float;
use crate::base::shape::{Layout, check_axis};
use crate::graph::Kind;
use crate::kernel::{Inputs, Output, for_each_line};
use crate::ops::axes::from_front;
use crate::portable::Portable;
use crate::tape::op::{Derivative, Kernel, Op, Operand};
use crate::tape::operands::reals;
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

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        Ok(x[0].argmax(self.axis))
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

    fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
        Ok(if x[0].rank() == 0 { x[0].indices(&[0]).reshape(&[]) } else { x[0].argsort(self.descending) })
    }

    fn samples(&self) -> Vec<Sample> {
        [&[3, 4][..], &[2, 3, 5], &[], &[2, 0]].map(|s| Sample::of([s], Domain::Spaced(0.0))).to_vec()
    }
}

crate::ops::entry::built_in! {
    ArgMax, "argmax", [axis], [Self { axis: 0 }, Self { axis: 1 }];
    ArgSort, "argsort", [descending], [Self { descending: false }, Self { descending: true }];
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

    /// Where the least element along an axis (−1 is the last) is: indices of the shape without this axis, of the first of
    /// equal ones. A NaN counts as the least, as in NumPy.
    ///
    /// [`argmax`](Self::argmax) of the negative.
    #[track_caller]
    #[must_use]
    pub fn argmin(self, axis: isize) -> Var<'t> {
        (-self).argmax(axis)
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

    /// The order of the elements along an axis (−1 is the last), from the greatest on: as [`argsort`](Self::argsort), equal
    /// ones in their order and NaN counted as the greatest.
    #[track_caller]
    #[must_use]
    pub fn argsort_descending(self, axis: isize) -> Var<'t> {
        self.ordered(axis, true)
    }

    /// The elements in order along an axis (−1 is the last), from the greatest on.
    #[track_caller]
    #[must_use]
    pub fn sort_descending(self, axis: isize) -> Var<'t> {
        self.take_along_axis(self.argsort_descending(axis), axis)
    }

    /// The k greatest elements along an axis (−1 is the last), from the greatest on, and their indices. Of equal ones the
    /// first comes first, and NaN counts as the greatest; `dx` is `dy` where the elements came from. The k least are those of
    /// the negative. O(n log n) for each line.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let x = tape.leaf("x", [3.0, 1.0, 4.0, 1.0, 5.0]);
    /// let (values, indices) = x.top_k(2, -1);
    /// assert_eq!(values.value().as_slice().unwrap(), [5.0, 4.0]);
    /// assert_eq!(indices.value().as_slice().unwrap(), [4.0, 2.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, or it has fewer than k elements.
    #[doc(alias = "topk")]
    #[track_caller]
    #[must_use]
    pub fn top_k(self, k: usize, axis: isize) -> (Var<'t>, Var<'t>) {
        let front = from_front(&[axis], "top_k", self, self.rank())[0];
        let n = self.shape()[front];
        if k > n {
            let problem =
                format!("the {k} greatest of {n} elements along axis {axis}; there are no more than {n}");
            self.tape().refuse_operands("top_k", problem, &[self])
        }
        let indices = self.argsort_descending(axis).range(front, 0, Some(k as isize), 1);
        (self.take_along_axis(indices, axis), indices)
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
