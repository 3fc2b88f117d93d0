//! Loops that take elements at indices, and add them at indices.

use crate::Float;
use crate::base::shape::{size, unravel};
use crate::kernel::{Inputs, View, chunks_in_parts, gather};

/// That the indices, which are operand 1, lie on an axis of `n` elements.
pub(super) fn check_indices(indices: View<'_, usize>, n: usize) -> Result<(), String> {
    // Without a branch for each, and without the divisions that find an element of a view.
    if indices
        .as_slice()
        .is_some_and(|all| all.iter().fold(0, |past, &index| past.max(index.saturating_add(1))) <= n)
    {
        return Ok(());
    }
    let Some(at) = indices.iter().position(|index| index >= n) else { return Ok(()) };
    let (index, place) = (indices.iter().nth(at).unwrap_or(0), unravel(at, indices.shape()));
    Err(format!("index {index} at {place:?} of x1 is past the end of an axis of size {n}"))
}

/// In the place of an index that an index past the end names.
pub(super) const NOWHERE: usize = usize::MAX;

/// The least number of elements for which a second thread pays.
const LONG: usize = 1 << 16;

/// Calls `f(line, its place in the block, block)` for each line of y along an axis of n elements, of which so many lie in each
/// other in a block: in several threads where there are `LONG` elements.
fn for_each_line<T: Send>(
    y: &mut [T],
    [n, inner]: [usize; 2],
    elements: usize,
    threads: usize,
    f: impl Fn(usize, usize, &mut [T]) + Sync,
) {
    let threads = if elements >= LONG { threads } else { 1 };
    chunks_in_parts(y, n * inner, threads, &|first, y| {
        for (i, block) in y.chunks_exact_mut(n * inner).enumerate() {
            (0..inner).for_each(|column| f((first + i) * inner + column, column, block));
        }
    });
}

/// Writes the elements at indices along an axis, and `nothing` for an index past the end.
pub(super) fn take_along<T: Copy + Send + Sync>(
    x: View<'_, T>,
    indices: View<'_, usize>,
    axis: usize,
    y: &mut [T],
    nothing: T,
    threads: usize,
) {
    let (n, inner) = (indices.shape()[axis], size(&indices.shape()[axis + 1..]));
    for_each_line(y, [n, inner], indices.len(), threads, |k, column, y| {
        let (line, indices) = (x.nth_line(axis, k), indices.nth_line(axis, k));
        if let (Some(line), Some(indices), 1) = (line.as_slice(), indices.as_slice(), inner) {
            for (y, &index) in y.iter_mut().zip(indices) {
                *y = line.get(index).copied().unwrap_or(nothing);
            }
            return;
        }
        for (y, index) in y[column..].iter_mut().step_by(inner).zip(indices.iter()) {
            *y = if index < line.len() { line.get(index) } else { nothing };
        }
    });
}

/// Writes the slices at indices of an axis, and `nothing` for an index past the end.
pub(super) fn take<T: Copy + Send + Sync>(
    x: View<'_, T>,
    indices: View<'_, usize>,
    axis: usize,
    y: &mut [T],
    nothing: T,
    threads: usize,
) {
    let (n, inner) = (x.shape()[axis], size(&x.shape()[axis + 1..]));
    let block = indices.len() * inner;
    let threads = if y.len() >= LONG { threads } else { 1 };
    chunks_in_parts(y, block, threads, &|first, y| {
        for (k, y) in (first..).zip(y.chunks_exact_mut(block)) {
            for (index, row) in indices.iter().zip(y.chunks_exact_mut(inner)) {
                match index {
                    _ if index >= n => row.fill(nothing),
                    // Numbers one by one, without the work that is done once for a row.
                    _ if inner == 1 => row[0] = x.nth_line(axis, k).get(index),
                    _ => gather(x, (k * n + index) * inner, row),
                }
            }
        }
    });
}

/// Adds the elements of x from `start` on, in row-major order.
fn add_row<F: Float>(x: View<'_, F>, start: usize, y: &mut [F]) {
    if let Some(all) = x.as_slice() {
        return y.iter_mut().zip(&all[start..]).for_each(|(y, &x)| *y += x);
    }
    let mut part = [F::zero(); 64];
    let mut start = start;
    for y in y.chunks_mut(part.len()) {
        let part = &mut part[..y.len()];
        gather(x, start, part);
        y.iter_mut().zip(&*part).for_each(|(y, &x)| *y += x);
        start += y.len();
    }
}

/// Writes zeros to y and adds x at indices along an axis; what an index past the end names is left out.
pub(super) fn add_along<F: Float>(
    x: View<'_, F>,
    indices: View<'_, usize>,
    axis: usize,
    shape: &[usize],
    y: &mut [F],
    threads: usize,
) {
    let (n, inner) = (shape[axis], size(&shape[axis + 1..]));
    for_each_line(y, [n, inner], size(shape).max(x.len()), threads, |k, column, y| {
        // The first line of a block.
        if column == 0 {
            y.fill(F::zero());
        }
        let (x, indices) = (x.nth_line(axis, k), indices.nth_line(axis, k));
        if let (Some(x), Some(indices), 1) = (x.as_slice(), indices.as_slice(), inner) {
            for (&x, &index) in x.iter().zip(indices) {
                if let Some(y) = y.get_mut(index) {
                    *y += x;
                }
            }
            return;
        }
        for (x, index) in x.iter().zip(indices.iter()).filter(|&(_, index)| index < n) {
            y[index * inner + column] += x;
        }
    });
}

/// Writes zeros to y and adds the slices of x at indices of an axis; what an index past the end names is left out.
pub(super) fn add_at<F: Float>(
    x: View<'_, F>,
    indices: View<'_, usize>,
    axis: usize,
    shape: &[usize],
    y: &mut [F],
    threads: usize,
) {
    let (n, inner) = (shape[axis], size(&shape[axis + 1..]));
    let threads = if y.len().max(x.len()) >= LONG { threads } else { 1 };
    chunks_in_parts(y, n * inner, threads, &|first, y| {
        for (k, whole) in (first..).zip(y.chunks_exact_mut(n * inner)) {
            whole.fill(F::zero());
            for (i, index) in indices.iter().enumerate().filter(|&(_, index)| index < n) {
                add_row(x, (k * indices.len() + i) * inner, &mut whole[index * inner..][..inner]);
            }
        }
    });
}

/// The indices of one line: its own where they lie along the axis, else those of all lines.
fn of_line(indices: View<'_, usize>, axis: usize, along: bool, line: usize) -> View<'_, usize> {
    if along { indices.nth_line(axis, line) } else { indices }
}

/// The column of an op that takes elements: 1 wherever the element is named.
pub(super) fn take_column(
    axis: usize,
    along: bool,
    x: Inputs<'_, '_, f64>,
    element: usize,
    add: &mut dyn FnMut(usize, f64),
) {
    let (n, inner) = (x.shape(0)[axis], size(&x.shape(0)[axis + 1..]));
    let (outer, at, column) = (element / inner / n, element / inner % n, element % inner);
    let indices = of_line(x.index(1), axis, along, outer * inner + column);
    for (i, _) in indices.iter().enumerate().filter(|&(_, index)| index == at) {
        add((outer * indices.len() + i) * inner + column, 1.0);
    }
}

/// The column of an op that adds elements: 1 at the index of the element.
pub(super) fn add_column(
    axis: usize,
    along: bool,
    x: Inputs<'_, '_, f64>,
    element: usize,
    add: &mut dyn FnMut(usize, f64),
) {
    let (n, inner) = (x.shape(2)[axis], size(&x.shape(2)[axis + 1..]));
    let count = if along { x.shape(1)[axis] } else { x.index(1).len() };
    let (outer, i, column) = (element / inner / count, element / inner % count, element % inner);
    let indices = of_line(x.index(1), axis, along, outer * inner + column);
    if let Some(index) = indices.iter().nth(i).filter(|&index| index < n) {
        add((outer * n + index) * inner + column, 1.0);
    }
}
