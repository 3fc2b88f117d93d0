//! The operands and the result of a kernel: strided views in, one contiguous buffer out.

use crate::base::shape::{place, size};
use ndarray::{ArrayViewD, ArrayViewMutD, IxDyn, ShapeBuilder};

/// A strided view of numbers or indices.
#[derive(Debug, Clone, Copy)]
pub struct View<'a, T> {
    data: &'a [T],
    offset: usize,
    shape: &'a [usize],
    strides: &'a [isize],
}

impl<'a, T: Copy> View<'a, T> {
    #[inline]
    pub(crate) fn new(data: &'a [T], offset: usize, shape: &'a [usize], strides: &'a [isize]) -> Self {
        debug_assert_eq!(shape.len(), strides.len());
        Self { data, offset, shape, strides }
    }

    /// The sizes of the axes.
    #[inline]
    pub fn shape(&self) -> &'a [usize] {
        self.shape
    }

    /// The strides of the axes, in elements; 0 on a broadcast axis.
    pub fn strides(&self) -> &'a [isize] {
        self.strides
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        size(self.shape)
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element of a line, a view of rank 1, at a position.
    ///
    /// # Panics
    ///
    /// If it is not inside of the line.
    #[inline]
    pub fn get(&self, i: usize) -> T {
        assert!(i < self.shape[0], "element {i} of a line of {}", self.shape[0]);
        self.data[(self.offset as isize + i as isize * self.strides[0]) as usize]
    }

    /// The elements in row-major order. Nothing is allocated; of a view that is not contiguous and has several axes, each is
    /// found by as many divisions.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = T> + use<'a, T> {
        let Self { data, offset, shape, strides } = *self;
        (0..size(shape)).map(move |i| {
            let place = match strides {
                &[step] => i as isize * step,
                _ => place(i, shape, strides),
            };
            data[(offset as isize + place) as usize]
        })
    }

    /// The line along an axis, by its number in row-major order of the other axes: a view of rank 1.
    ///
    /// # Panics
    ///
    /// If there is no such axis.
    pub fn nth_line(&self, axis: usize, k: usize) -> Self {
        let Self { data, offset, shape, strides } = *self;
        let inner = size(&shape[axis + 1..]).max(1);
        let before = place(k / inner, &shape[..axis], &strides[..axis]);
        let after = place(k % inner, &shape[axis + 1..], &strides[axis + 1..]);
        let offset = (offset as isize + before + after) as usize;
        Self { data, offset, shape: &shape[axis..=axis], strides: &strides[axis..=axis] }
    }

    /// The lines along an axis, in row-major order of the other axes: views of rank 1. Nothing is allocated.
    ///
    /// # Panics
    ///
    /// If there is no such axis.
    pub fn lines(&self, axis: usize) -> impl ExactSizeIterator<Item = Self> + use<'a, T> {
        let view = *self;
        let others = size(&view.shape[..axis]).saturating_mul(size(&view.shape[axis + 1..]));
        (0..others).map(move |k| view.nth_line(axis, k))
    }

    /// The buffer from the view's first element on.
    pub(crate) fn tail(&self) -> &'a [T] {
        &self.data[self.offset.min(self.data.len())..]
    }

    /// The buffer and the offset of the view's first element in it.
    pub(crate) fn buffer(&self) -> (&'a [T], usize) {
        (self.data, self.offset)
    }

    /// The elements as a slice, if they are contiguous in row-major order.
    #[inline]
    pub fn as_slice(&self) -> Option<&'a [T]> {
        // In one pass, since most kernels ask.
        let (mut len, mut contiguous) = (1_usize, true);
        for (&n, &stride) in self.shape.iter().zip(self.strides).rev() {
            contiguous &= n == 1 || stride == len as isize;
            len *= n;
        }
        match len {
            // The offset of an empty view may be anything, and so may its strides.
            0 => Some(&[]),
            _ => contiguous.then(|| &self.data[self.offset..self.offset + len]),
        }
    }

    /// The part of this shape from the index `first` of the first axis on.
    pub(crate) fn rows<'b>(self, first: usize, shape: &'b [usize]) -> View<'b, T>
    where
        'a: 'b,
    {
        let offset = self.offset as isize + first as isize * self.strides[0];
        View { offset: offset as usize, shape, ..self }
    }

    /// A row along the last axis, by its number; the rank must be at least 1.
    pub(crate) fn row(&self, row: usize) -> Self {
        let last = self.shape.len() - 1;
        let start = place(row, &self.shape[..last], &self.strides[..last]);
        let offset = (self.offset as isize + start) as usize;
        Self { data: self.data, offset, shape: &self.shape[last..], strides: &self.strides[last..] }
    }

    /// The element of a matrix at a row and a column.
    #[inline(always)]
    pub(crate) fn at(&self, row: usize, column: usize) -> T {
        self.from(row, column)[0]
    }

    /// The buffer from the element of a matrix at a row and a column on.
    #[inline(always)]
    pub(crate) fn from(&self, row: usize, column: usize) -> &'a [T] {
        let place = row as isize * self.strides[0] + column as isize * self.strides[1];
        &self.data[(self.offset as isize + place) as usize..]
    }

    /// The elements of a matrix along one axis, at an index of the other.
    pub(crate) fn line(&self, index: usize, axis: usize) -> impl Iterator<Item = T> + use<'a, T> {
        let start = self.offset as isize + index as isize * self.strides[1 - axis];
        let (data, step) = (self.data, self.strides[axis]);
        (0..self.shape[axis] as isize).map(move |i| data[(start + i * step) as usize])
    }

    /// The elements as a slice.
    ///
    /// # Panics
    ///
    /// If the view is strided. Operands of an [elementwise](crate::Op::elementwise) op never are.
    #[inline]
    #[track_caller]
    pub fn slice(&self) -> &'a [T] {
        self.as_slice().expect("operands of an elementwise op are contiguous")
    }

    /// The same view as ndarray's.
    pub fn array(&self) -> ArrayViewD<'a, T> {
        let inside = |e| unreachable!("a view lies inside its buffer: {e}");
        if self.is_empty() {
            return ArrayViewD::from_shape(IxDyn(self.shape), &self.data[..0]).unwrap_or_else(inside);
        }
        let mut start = self.offset;
        let mut inverted = Vec::new();
        let strides: Vec<usize> = self
            .strides
            .iter()
            .enumerate()
            .map(|(axis, &s)| {
                if s < 0 {
                    // ndarray takes positive strides here: start at the far end of the axis, then invert it.
                    start -= s.unsigned_abs() * (self.shape[axis] - 1);
                    inverted.push(axis);
                }
                s.unsigned_abs()
            })
            .collect();
        let shape = IxDyn(self.shape).strides(IxDyn(&strides));
        let mut array = ArrayViewD::from_shape(shape, &self.data[start..]).unwrap_or_else(inside);
        inverted.into_iter().for_each(|axis| array.invert_axis(ndarray::Axis(axis)));
        array
    }
}

/// One operand of a kernel.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a, F> {
    /// Real numbers.
    Real(View<'a, F>),
    /// Indices.
    Index(View<'a, usize>),
    /// An operand of which the op reads only the shape (see [`Op::reads`](crate::Op::reads)).
    Shape(&'a [usize]),
}

/// The operands of a kernel, in order.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a, 'b, F>(&'b [Input<'a, F>]);

impl<'a, 'b, F: Copy> Inputs<'a, 'b, F> {
    #[inline]
    pub(crate) fn new(inputs: &'b [Input<'a, F>]) -> Self {
        Self(inputs)
    }

    /// The number of operands.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no operands.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The numbers of operand `i`.
    ///
    /// # Panics
    ///
    /// If operand `i` does not exist, holds indices, or only its shape is read.
    #[inline]
    #[track_caller]
    pub fn real(&self, i: usize) -> View<'a, F> {
        match self.0[i] {
            Input::Real(view) => view,
            Input::Index(_) => panic!("operand {i} holds indices; read it with `index({i})`"),
            Input::Shape(_) => panic!("operand {i} is not read: `Op::reads` says false for it"),
        }
    }

    /// The indices of operand `i`.
    ///
    /// # Panics
    ///
    /// If operand `i` does not exist or is not an index operand.
    #[track_caller]
    pub fn index(&self, i: usize) -> View<'a, usize> {
        match self.0[i] {
            Input::Index(view) => view,
            _ => panic!("operand {i} does not hold indices; read it with `real({i})`"),
        }
    }

    /// Whether operand `i` holds indices.
    ///
    /// # Panics
    ///
    /// If operand `i` does not exist.
    #[track_caller]
    pub fn is_index(&self, i: usize) -> bool {
        matches!(self.0[i], Input::Index(_))
    }

    /// The shape of operand `i`.
    ///
    /// # Panics
    ///
    /// If operand `i` does not exist.
    #[track_caller]
    pub fn shape(&self, i: usize) -> &'a [usize] {
        match self.0[i] {
            Input::Real(view) => view.shape,
            Input::Index(view) => view.shape,
            Input::Shape(shape) => shape,
        }
    }
}

/// The result of a kernel: a contiguous row-major buffer of the result's shape, with arbitrary initial contents.
#[derive(Debug)]
pub struct Output<'a, F> {
    /// The elements in row-major order; empty where the result is of [indices](crate::Op::kind).
    pub data: &'a mut [F],
    /// The elements of a result of indices; empty otherwise.
    pub indices: &'a mut [usize],
    /// As many numbers as the op [asks for](crate::Op::scratch), to work with.
    pub scratch: &'a mut [F],
    /// The sizes of the axes.
    pub shape: &'a [usize],
    /// How many threads the kernel may use.
    pub threads: usize,
}

impl<'a, F> Output<'a, F> {
    /// A result of real numbers, without scratch, for one thread.
    pub(crate) fn new(data: &'a mut [F], shape: &'a [usize]) -> Self {
        Self { data, indices: &mut [], scratch: &mut [], shape, threads: 1 }
    }

    /// A result of indices.
    pub(crate) fn of_indices(indices: &'a mut [usize], shape: &'a [usize]) -> Self {
        Self { indices, ..Self::new(&mut [], shape) }
    }

    /// The buffer as ndarray's view.
    pub fn array(&mut self) -> ArrayViewMutD<'_, F> {
        ArrayViewMutD::from_shape(IxDyn(self.shape), self.data)
            .unwrap_or_else(|e| unreachable!("the buffer has the result's size: {e}"))
    }
}
