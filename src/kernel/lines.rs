//! Lines of elements along one axis of an array, read and written where they lie.

use super::View;
use std::ops::{Index, IndexMut};

/// A line of a buffer that is written: elements a step apart.
#[derive(Debug)]
pub struct LineMut<'a, T> {
    data: &'a mut [T],
    start: usize,
    step: usize,
    len: usize,
}

impl<T> LineMut<'_, T> {
    /// The number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The elements as a slice, if they lie side by side.
    pub fn as_slice(&mut self) -> Option<&mut [T]> {
        let Self { start, step, len, .. } = *self;
        (step == 1 || len <= 1).then(|| &mut self.data[start..start + len])
    }
}

impl<T> Index<usize> for LineMut<'_, T> {
    type Output = T;

    #[inline]
    fn index(&self, i: usize) -> &T {
        assert!(i < self.len, "element {i} of a line of {}", self.len);
        &self.data[self.start + i * self.step]
    }
}

impl<T> IndexMut<usize> for LineMut<'_, T> {
    #[inline]
    fn index_mut(&mut self, i: usize) -> &mut T {
        assert!(i < self.len, "element {i} of a line of {}", self.len);
        &mut self.data[self.start + i * self.step]
    }
}

/// Calls `f(k, x, y)` for every line of x along an axis, in row-major order of the other axes, and the line of the same
/// place in a buffer y, in which that axis has `len` elements: as many as in x, or 1 where it is reduced. `k` counts the
/// lines. Nothing is allocated.
///
/// ```
/// # use chainrule::op::*;
/// # use chainrule::Float;
/// /// A running sum along an axis.
/// fn running_sum<F: Float>(x: Inputs<'_, '_, F>, axis: usize, y: Output<'_, F>) {
///     for_each_line(x.real(0), axis, y.data, y.shape[axis], |_, x, mut y| {
///         let mut sum = F::zero();
///         for (i, x) in x.iter().enumerate() {
///             sum += x;
///             y[i] = sum;
///         }
///     });
/// }
/// ```
///
/// # Panics
///
/// If x has no such axis, or y is too short.
pub fn for_each_line<T: Copy, U>(
    x: View<'_, T>,
    axis: usize,
    y: &mut [U],
    len: usize,
    mut f: impl FnMut(usize, View<'_, T>, LineMut<'_, U>),
) {
    let inner: usize = x.shape()[axis + 1..].iter().product();
    for (k, line) in x.lines(axis).enumerate() {
        let start = k / inner * inner * len + k % inner;
        f(k, line, LineMut { data: &mut *y, start, step: inner, len });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_axis_however_the_view_lies() {
        let data: Vec<i32> = (0..12).collect();
        // The transpose of a matrix of 3 rows and 4 columns, and an axis of one element between.
        let x = View::new(&data, 0, &[4, 1, 3], &[1, 7, 4]);
        let lines = |axis| x.lines(axis).map(|line| line.iter().collect::<Vec<_>>()).collect::<Vec<_>>();
        assert_eq!(lines(2), [[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7, 11]]);
        assert_eq!(lines(0), [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]);
        let mut sums = [0; 3];
        for_each_line(x, 0, &mut sums, 1, |_, x, mut y| y[0] = x.iter().sum());
        assert_eq!(sums, [6, 22, 38]);
        let mut copy = [0; 12];
        for_each_line(x, 0, &mut copy, 4, |k, x, mut y| {
            (0..4).for_each(|i| y[i] = 100 * k as i32 + x.get(i))
        });
        assert_eq!(copy, [0, 104, 208, 1, 105, 209, 2, 106, 210, 3, 107, 211]);
        assert_eq!(
            View::new(&data, 5, &[0, 3], &[3, 1]).lines(0).map(|line| line.len()).collect::<Vec<_>>(),
            [0; 3]
        );
        assert_eq!(View::new(&data, 5, &[0, 3], &[3, 1]).lines(1).count(), 0);
    }
}
