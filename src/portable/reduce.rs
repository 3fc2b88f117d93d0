//! Functions of portable values along axes: reductions, sums of products, elements at indices, order, running functions.

use super::builder::Portable;
use super::element::ElementType;
use super::primitive::{Primitive, ReducePrimitive};
use crate::base::shape::size;

/// Functions along axes.
impl<'p> Portable<'p> {
    /// The sum over some axes, which disappear.
    #[must_use]
    pub fn sum(self, axes: &[usize]) -> Self {
        self.reduce(ReducePrimitive::Sum, axes)
    }

    /// The product over some axes, which disappear.
    #[must_use]
    pub fn product(self, axes: &[usize]) -> Self {
        self.reduce(ReducePrimitive::Product, axes)
    }

    /// The greatest element over some axes, which disappear; NaN where one is.
    #[must_use]
    pub fn max(self, axes: &[usize]) -> Self {
        self.reduce(ReducePrimitive::Max, axes)
    }

    /// The least element over some axes, which disappear; NaN where one is.
    #[must_use]
    pub fn min(self, axes: &[usize]) -> Self {
        self.reduce(ReducePrimitive::Min, axes)
    }

    /// With some axes, which were left out, as axes of size 1.
    #[must_use]
    pub fn keep(self, axes: &[usize]) -> Self {
        let mut shape = self.shape();
        axes.iter().for_each(|&a| shape.insert(a.min(shape.len()), 1));
        self.reshape(&shape)
    }

    fn reduce(self, function: ReducePrimitive, axes: &[usize]) -> Self {
        if axes.is_empty() {
            return self;
        }
        let own = self.shape();
        if axes.iter().any(|&a| a >= own.len()) || !axes.is_sorted_by(|a, b| a < b) {
            return self.refuse(format!("axes {axes:?} of shape {own:?}"));
        }
        let shape = (0..own.len()).filter(|a| !axes.contains(a)).map(|a| own[a]).collect();
        self.push(Primitive::Reduce { function, axes: axes.to_vec() }, &[], self.element(), shape)
    }

    /// Sums of products: axes that run together and stay come first, then what is left of this, and of the other.
    #[must_use]
    pub fn contract(self, other: Self, batch: [&[usize]; 2], summed: [&[usize]; 2]) -> Self {
        let shapes = [self.shape(), other.shape()];
        let pairs = batch[0].iter().zip(batch[1]).chain(summed[0].iter().zip(summed[1]));
        let fits = batch[0].len() == batch[1].len()
            && summed[0].len() == summed[1].len()
            && pairs
                .into_iter()
                .all(|(&a, &b)| a < shapes[0].len() && b < shapes[1].len() && shapes[0][a] == shapes[1][b]);
        if !fits {
            return self.refuse(format!("{shapes:?} by {batch:?} and {summed:?}"));
        }
        let left = |i: usize| {
            let used = [batch[i], summed[i]].concat();
            let own = &shapes[i];
            (0..own.len()).filter(move |a| !used.contains(a)).map(move |a| own[a])
        };
        let shape = batch[0].iter().map(|&a| shapes[0][a]).chain(left(0)).chain(left(1)).collect();
        let [batch, summed] = [batch, summed].map(|axes| axes.map(<[usize]>::to_vec));
        self.push(Primitive::Contract { batch, summed }, &[other], self.element(), shape)
    }

    /// The slices at indices of an axis, whose axes stand in the place of this one.
    #[must_use]
    pub fn take(self, indices: Self, axis: usize) -> Self {
        let own = self.shape();
        if axis >= own.len() || indices.element() != ElementType::Index {
            return self.refuse(format!("slices of {own:?} along axis {axis}"));
        }
        let shape = [&own[..axis], &indices.shape(), &own[axis + 1..]].concat();
        if own[axis] == 0 || size(&shape) == 0 {
            return self.full(f64::NAN, &shape);
        }
        self.push(Primitive::Take { axis }, &[indices], self.element(), shape)
    }

    /// The elements at indices along an axis.
    #[must_use]
    pub fn take_along(self, indices: Self, axis: usize) -> Self {
        if axis >= self.rank() || indices.rank() != self.rank() || indices.element() != ElementType::Index {
            return self.refuse(format!("elements of {:?} along axis {axis}", self.shape()));
        }
        if self.shape()[axis] == 0 || size(&indices.shape()) == 0 {
            return self.full(f64::NAN, &indices.shape());
        }
        self.push(Primitive::TakeAlong { axis }, &[indices], self.element(), indices.shape())
    }

    /// This, and slices added at indices of an axis.
    #[must_use]
    pub fn add_at(self, indices: Self, slices: Self, axis: usize) -> Self {
        if size(&self.shape()) == 0 || size(&slices.shape()) == 0 {
            return self;
        }
        self.push(Primitive::AddAt { axis }, &[indices, slices], self.element(), self.shape())
    }

    /// This, and elements added at indices along an axis.
    #[must_use]
    pub fn add_along(self, indices: Self, elements: Self, axis: usize) -> Self {
        if size(&self.shape()) == 0 || size(&elements.shape()) == 0 {
            return self;
        }
        self.push(Primitive::AddAlong { axis }, &[indices, elements], self.element(), self.shape())
    }

    /// The order of the elements along the last axis, equal ones in their order, NaN as the greatest.
    #[must_use]
    pub fn argsort(self, descending: bool) -> Self {
        self.push(Primitive::ArgSort { descending }, &[], ElementType::Index, self.shape())
    }

    /// Where the greatest element along an axis is, the first of equal ones; a NaN counts as the greatest.
    #[must_use]
    pub fn argmax(self, axis: usize) -> Self {
        let greatest = self.max(&[axis]).keep(&[axis]);
        let positions = self.positions(axis, ElementType::Index);
        // None is equal to a NaN.
        let found = self.equal(greatest) | self.is_nan();
        let nowhere = positions.number(self.shape().get(axis).map_or(0, |n| n.saturating_sub(1)) as f64);
        found.select(positions, nowhere).min(&[axis])
    }

    /// Zeros where an index lies past the end of an axis of n elements: `wrong` there, else this.
    #[must_use]
    pub fn unless_past_end(self, indices: Self, n: usize, wrong: f64) -> Self {
        indices.less(n as f64).select(self, self.number(wrong))
    }
}

/// A running function along an axis: `yᵢ = f(… f(f(x₀, x₁), x₂) …, xᵢ)` of tuples of arrays, for a function that is associative,
/// in ⌈log₂ n⌉ steps (Hillis and Steele, "Data parallel algorithms", 1986). From the end where it is reversed.
pub(crate) fn running<'p, const N: usize>(
    x: [Portable<'p>; N],
    axis: usize,
    reverse: bool,
    f: impl Fn([Portable<'p>; N], [Portable<'p>; N]) -> [Portable<'p>; N],
) -> [Portable<'p>; N] {
    let n = x[0].shape().get(axis).copied().unwrap_or(0);
    let turned = |x: [Portable<'p>; N]| if reverse { x.map(|x| x.reverse(&[axis])) } else { x };
    let mut y = turned(x);
    let mut step = 1;
    while step < n {
        let head = y.map(|y| y.narrow(axis, 0, step, 1));
        let before = y.map(|y| y.narrow(axis, 0, n - step, 1));
        let tail = f(before, y.map(|y| y.narrow(axis, step, n - step, 1)));
        for (y, (head, tail)) in y.iter_mut().zip(head.into_iter().zip(tail)) {
            *y = head.concat(&[tail], axis);
        }
        step *= 2;
    }
    turned(y)
}
