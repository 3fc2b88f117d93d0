//! Functions of portable values that move elements.

use super::builder::Portable;
use super::element::ElementType;
use super::primitive::Primitive;
use crate::base::shape::{broadcasts_to, size};

/// Other shapes, and parts.
impl<'p> Portable<'p> {
    /// Stretched to a shape, as NumPy broadcasts.
    #[must_use]
    pub fn broadcast_to(self, shape: &[usize]) -> Self {
        let own = self.shape();
        if own == shape {
            return self;
        }
        if !broadcasts_to(&own, shape) {
            return self.refuse(format!("shape {own:?} does not stretch to {shape:?}"));
        }
        let axes: Vec<usize> = (shape.len() - own.len()..shape.len()).collect();
        self.broadcast_axes(&axes, shape)
    }

    /// Stretched to a shape, of which `axes[k]` is its own axis k.
    #[must_use]
    pub fn broadcast_axes(self, axes: &[usize], shape: &[usize]) -> Self {
        let own = self.shape();
        let fits = axes.len() == own.len()
            && axes.is_sorted_by(|a, b| a < b)
            && axes.iter().zip(&own).all(|(&a, &n)| shape.get(a).is_some_and(|&to| n == to || n == 1));
        if !fits {
            return self.refuse(format!("axes {own:?} as {axes:?} of shape {shape:?}"));
        }
        match self.splat() {
            Some(number) => self.full(number, shape),
            None => {
                let axes = axes.to_vec();
                self.push(Primitive::Broadcast { axes }, &[], self.element(), shape.to_vec())
            }
        }
    }

    /// The same elements in row-major order under another shape.
    #[must_use]
    pub fn reshape(self, shape: &[usize]) -> Self {
        let own = self.shape();
        if own == shape {
            return self;
        }
        if size(&own) != size(shape) {
            return self.refuse(format!("shape {own:?} as {shape:?}"));
        }
        match self.splat() {
            Some(number) => self.full(number, shape),
            None => self.push(Primitive::Reshape, &[], self.element(), shape.to_vec()),
        }
    }

    /// With a new axis of size 1.
    #[must_use]
    pub fn expand_dim(self, axis: usize) -> Self {
        let mut shape = self.shape();
        shape.insert(axis.min(shape.len()), 1);
        self.reshape(&shape)
    }

    /// The axes in another order: axis k of the result is its axis `axes[k]`.
    #[must_use]
    pub fn transpose(self, axes: &[usize]) -> Self {
        let own = self.shape();
        let mut sorted = axes.to_vec();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..own.len()) {
            return self.refuse(format!("axes {axes:?} of shape {own:?}"));
        }
        if axes.is_sorted() {
            return self;
        }
        let shape = axes.iter().map(|&a| own[a]).collect();
        self.push(Primitive::Transpose { axes: axes.to_vec() }, &[], self.element(), shape)
    }

    /// An axis in the place of another; the others stay in their order.
    #[must_use]
    pub fn move_axis(self, from: usize, to: usize) -> Self {
        let mut axes: Vec<usize> = (0..self.rank()).filter(|&a| a != from).collect();
        axes.insert(to.min(axes.len()), from);
        self.transpose(&axes)
    }

    /// Along an axis so many elements from the first on, by a step.
    #[must_use]
    pub fn narrow(self, axis: usize, first: usize, count: usize, step: usize) -> Self {
        let own = self.shape();
        let end = if count == 0 { first } else { first + (count - 1) * step + 1 };
        if axis >= own.len() || step == 0 || end > own[axis] {
            return self
                .refuse(format!("{count} elements from {first} by {step} along axis {axis} of {own:?}"));
        }
        if count == own[axis] {
            return self;
        }
        let (mut starts, mut ends, mut steps) = (vec![0; own.len()], own.clone(), vec![1; own.len()]);
        (starts[axis], ends[axis], steps[axis]) = (first, end, step);
        let mut shape = own;
        shape[axis] = count;
        self.push(Primitive::Slice { start: starts, end: ends, step: steps }, &[], self.element(), shape)
    }

    /// Backwards along some axes.
    #[must_use]
    pub fn reverse(self, axes: &[usize]) -> Self {
        if axes.is_empty() {
            return self;
        }
        let shape = self.shape();
        if axes.iter().any(|&a| a >= shape.len()) {
            return self.refuse(format!("axes {axes:?} of shape {shape:?}"));
        }
        self.push(Primitive::Reverse { axes: axes.to_vec() }, &[], self.element(), shape)
    }

    /// A number before, after and between the elements of each axis.
    #[must_use]
    pub fn pad(self, number: f64, low: &[usize], high: &[usize], between: &[usize]) -> Self {
        let own = self.shape();
        if [low, high, between].iter().any(|all| all.len() != own.len()) {
            return self.refuse(format!("padding {low:?}, {high:?} and {between:?} of shape {own:?}"));
        }
        let longer = |a: usize| low[a] + high[a] + own[a] + own[a].saturating_sub(1) * between[a];
        let shape: Vec<usize> = (0..own.len()).map(longer).collect();
        if shape == own {
            return self;
        }
        let padding = Primitive::Pad { low: low.to_vec(), high: high.to_vec(), between: between.to_vec() };
        self.push(padding, &[self.number(number)], self.element(), shape)
    }

    /// A number before, after and between the elements of one axis.
    #[must_use]
    pub fn pad_axis(self, number: f64, axis: usize, [low, high, between]: [usize; 3]) -> Self {
        let along = |n: usize| (0..self.rank()).map(|a| if a == axis { n } else { 0 }).collect::<Vec<_>>();
        self.pad(number, &along(low), &along(high), &along(between))
    }

    /// This and others, one after another along an axis.
    #[must_use]
    pub fn concat(self, others: &[Self], axis: usize) -> Self {
        let mut shape = self.shape();
        for other in others {
            let own = other.shape();
            let fits = own.len() == shape.len()
                && axis < shape.len()
                && (0..own.len()).all(|a| a == axis || own[a] == shape[a])
                && other.element() == self.element();
            if !fits {
                return self.refuse(format!("{own:?} behind {shape:?} along axis {axis}"));
            }
            shape[axis] += own[axis];
        }
        match others {
            [] => self,
            _ => self.push(Primitive::Concat { axis }, others, self.element(), shape),
        }
    }

    /// The positions along an axis of a shape.
    #[must_use]
    pub fn iota(self, axis: usize, element: ElementType, shape: &[usize]) -> Self {
        self.builder.iota(axis, element, shape)
    }

    /// Indices of a program of this value, as a vector.
    #[must_use]
    pub fn indices(self, indices: &[usize]) -> Self {
        let numbers: Vec<f64> = indices.iter().map(|&i| i as f64).collect();
        self.builder.constant(&numbers, ElementType::Index, &[indices.len()])
    }

    /// The positions along an axis of its shape.
    #[must_use]
    pub fn positions(self, axis: usize, element: ElementType) -> Self {
        self.builder.iota(axis, element, &self.shape())
    }
}
