//! Gathering a strided view, or a part of it, into a contiguous buffer.

use super::View;
use crate::base::shape::{Layout, place};
use smallvec::SmallVec;

/// Writes the elements `start .. start + out.len()` of a view, in row-major order, to `out`. Runs along the last axis of
/// stride 1 or 0 are copied or filled at once. O(len).
pub(crate) fn gather<T: Copy>(view: View<'_, T>, start: usize, out: &mut [T]) {
    if out.is_empty() {
        return;
    }
    if let Some(all) = view.as_slice() {
        return copy(&all[start..start + out.len()], out);
    }
    let (shape, strides) = (view.shape(), view.strides());
    let (data, origin) = view.buffer();
    // The view is not contiguous, so it has a last axis.
    let last = shape.len() - 1;
    let (width, step) = (shape[last], strides[last]);
    let mut column = start % width;
    // Windows over three axes of a batch have eight.
    let mut index: SmallVec<[usize; 8]> = SmallVec::from_elem(0, last);
    let mut rest = start / width;
    let mut row = origin as isize;
    for axis in (0..last).rev() {
        index[axis] = rest % shape[axis];
        rest /= shape[axis];
        row += index[axis] as isize * strides[axis];
    }
    let mut done = 0;
    loop {
        let count = (width - column).min(out.len() - done);
        let run = &mut out[done..done + count];
        let first = row + column as isize * step;
        match step {
            0 => run.fill(data[first as usize]),
            1 => copy_run(&data[first as usize..][..count], run),
            _ => {
                for (k, x) in run.iter_mut().enumerate() {
                    *x = data[(first + k as isize * step) as usize];
                }
            }
        }
        done += count;
        if done == out.len() {
            return;
        }
        column = 0;
        for axis in (0..last).rev() {
            index[axis] += 1;
            row += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            row -= strides[axis] * shape[axis] as isize;
            index[axis] = 0;
        }
    }
}

/// Puts the elements of a view, in row-major order, to where a layout of as many elements has them in a buffer, by `put(element
/// of the buffer, element of the view)`: the reverse of [`gather`]. The other elements of the buffer stay as they are. O(len).
pub(crate) fn scatter<T: Copy + Default>(
    view: View<'_, T>,
    layout: &Layout,
    out: &mut [T],
    put: impl Fn(&mut T, T),
) {
    if layout.is_empty() {
        return;
    }
    let outer = layout.shape.len().saturating_sub(1);
    let (width, step) = match (layout.shape.last(), layout.strides.last()) {
        (Some(&n), Some(&s)) => (n, s),
        _ => (1, 1),
    };
    let mut row = [T::default(); 64];
    for i in 0..layout.len() / width {
        let start = layout.offset as isize + place(i, &layout.shape[..outer], &layout.strides[..outer]);
        for from in (0..width).step_by(row.len()) {
            let n = row.len().min(width - from);
            gather(view, i * width + from, &mut row[..n]);
            let first = start + from as isize * step;
            if step == 1 {
                out[first as usize..][..n].iter_mut().zip(&row).for_each(|(y, &x)| put(y, x));
                continue;
            }
            for (k, &x) in row[..n].iter().enumerate() {
                put(&mut out[(first + k as isize * step) as usize], x);
            }
        }
    }
}

/// Copies a run, which may be short: of as many elements as are known when it is compiled, without a call.
#[inline]
fn copy_run<T: Copy>(from: &[T], to: &mut [T]) {
    macro_rules! short {
        ($($n:literal)+) => {
            match to.len() {
                $($n => if let (Some(to), Some(from)) = (to.first_chunk_mut::<$n>(), from.first_chunk::<$n>()) {
                    *to = *from;
                },)+
                _ => copy(from, to),
            }
        };
    }
    short!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);
}

/// Copies contiguous elements.
#[inline]
pub(crate) fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    convert(from, to, |x| x);
}

/// Writes `f` of contiguous elements, a kilobyte at a time.
///
/// From some 2 KiB on, glibc's `memcpy`, into which the compiler turns such loops, is a single `rep movsb` where the
/// processor reports fast short ones. On a Zen 3 core a step of 784-512-512-10 took 1.25 times as long with it.
#[inline]
pub(crate) fn convert<T: Copy, U>(from: &[T], to: &mut [U], f: impl Fn(T) -> U) {
    const PIECE: usize = 1024;
    let piece = PIECE / size_of::<T>().max(size_of::<U>()).clamp(1, PIECE);
    let all = |from: &[T], to: &mut [U]| to.iter_mut().zip(from).for_each(|(to, &x)| *to = f(x));
    if to.len() <= piece {
        return all(from, to);
    }
    to.chunks_mut(piece).zip(from.chunks(piece)).for_each(|(to, from)| all(from, to));
}

impl<'a, T: Copy> View<'a, T> {
    /// Writes the elements, in row-major order, to a buffer that is as long.
    ///
    /// # Panics
    ///
    /// If it is longer.
    pub fn copy_to(&self, out: &mut [T]) {
        gather(*self, 0, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_transposed_and_stretched_view() {
        let data: Vec<i32> = (0..6).collect();
        let transposed = View::new(&data, 0, &[3, 2], &[1, 3]);
        for start in 0..6 {
            for len in 0..=6 - start {
                let mut part = vec![-1; len];
                gather(transposed, start, &mut part);
                assert_eq!(part, [0, 3, 1, 4, 2, 5][start..start + len]);
            }
        }
        let mut rows = vec![0; 6];
        gather(View::new(&data, 4, &[3, 2], &[0, 1]), 0, &mut rows);
        assert_eq!(rows, [4, 5, 4, 5, 4, 5]);
        let mut reversed = vec![0; 6];
        gather(View::new(&data, 5, &[6], &[-1]), 0, &mut reversed);
        assert_eq!(reversed, [5, 4, 3, 2, 1, 0]);
    }
}
