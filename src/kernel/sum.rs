//! Pairwise sums and other reductions over axes.
//!
//! Sums are pairwise (Higham, "The accuracy of floating point summation", SIAM J. Sci. Comput. 14, 1993): the error
//! grows with log₂ n instead of n, so that a gradient check measures the derivative and not the summation.

use super::parts::{Share, in_parts};
use super::{View, gather, map_in_place, math, vectorize};
use crate::Float;
use crate::base::shape::{Sizes, Strides, place, size};
use std::ops::Range;

/// Elements of a leaf of a pairwise sum, which are added in order.
const LEAF: usize = 128;
/// The width of a tile of columns that are summed together.
const COLUMNS: usize = 64;
/// The least number of terms for which a second thread pays.
const LONG: usize = 1 << 16;
/// Independent running sums in a leaf, which hide the latency of additions.
const LANES: usize = 8;

/// The sum of a slice, pairwise.
pub(crate) fn sum_slice<F: Float>(x: &[F]) -> F {
    if x.len() > LEAF {
        let half = (x.len() / 2).next_multiple_of(LANES);
        return sum_slice(&x[..half]) + sum_slice(&x[half..]);
    }
    let mut lanes = [F::zero(); LANES];
    let chunks = x.chunks_exact(LANES);
    let tail = chunks.remainder();
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(l, &v)| *l += v);
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    let whole = ((a + b) + (c + d)) + ((e + f) + (g + h));
    tail.iter().fold(whole, |s, &v| s + v)
}

/// What `f`, which may be given its operands in any order, makes of a slice; `unit` if it is empty. Several at once, since a
/// single result is a chain of operations that wait for each other.
#[inline(always)]
pub(crate) fn fold<F: Float>(x: &[F], unit: F, f: impl Fn(F, F) -> F) -> F {
    let mut lanes = [unit; LANES];
    let chunks = x.chunks_exact(LANES);
    let tail = chunks.remainder();
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(l, &v)| *l = f(*l, v));
    }
    let [a, b, c, d, e, g, h, i] = lanes;
    let whole = f(f(f(a, b), f(c, d)), f(f(e, g), f(h, i)));
    tail.iter().fold(whole, |m, &v| f(m, v))
}

/// The greatest element of a slice: −∞ if it is empty, NaN if one is NaN.
fn greatest<F: Float>(x: &[F]) -> F {
    fold(x, F::neg_infinity(), |m, v| m.maximum(v))
}

/// The sum of `len` terms, pairwise: `fill(first, block)` writes a block of them, from the term `first` on.
pub(crate) fn sum_blocks<F: Float>(len: usize, mut fill: impl FnMut(usize, &mut [F])) -> F {
    /// The most terms of a short sum, which needs only a small buffer.
    const SHORT: usize = 16;
    if len <= SHORT {
        let mut block = [F::zero(); SHORT];
        fill(0, &mut block[..len]);
        return sum_slice(&block[..len]);
    }
    let mut block = [F::zero(); LEAF];
    if len <= LEAF {
        fill(0, &mut block[..len]);
        return sum_slice(&block[..len]);
    }
    // Partial sums of blocks are merged like the carries of a binary counter.
    let mut partial = [F::zero(); usize::BITS as usize];
    let mut count = 0_usize;
    for start in (0..len).step_by(LEAF) {
        let block = &mut block[..LEAF.min(len - start)];
        fill(start, block);
        let mut sum = sum_slice(block);
        let mut level = 0;
        while count >> level & 1 == 1 {
            sum = partial[level] + sum;
            level += 1;
        }
        partial[level] = sum;
        count += 1;
    }
    (0..partial.len()).filter(|level| count >> level & 1 == 1).fold(F::zero(), |s, level| s + partial[level])
}

/// Sums over the axes for which `reduced` is true, to `y` in row-major order of the kept axes.
pub(crate) fn sum_axes<F: Float>(x: View<'_, F>, reduced: &[bool], y: &mut [F], threads: usize) {
    let (data, _) = x.buffer();
    AxisSplit::new(&x, reduced).in_parts(y, threads, |split, y| {
        let rows = size(&split.reduced);
        let width = split.kept.last().copied().unwrap_or(1);
        let steps_by_one = split.kept_strides.last() == Some(&1);
        // The last kept axis is contiguous: add whole rows, as in the gradient of a bias.
        if steps_by_one && rows > 1 && width > 1 && split.reduced.len() == 1 {
            let step = split.reduced_strides[0];
            return split.for_each_start(width, |start, i| {
                sum_rows(data, start, step, rows, &mut y[i * width..][..width]);
            });
        }
        split.reduce(data, y, &|line: Line<'_, F>| line.sum());
    });
}

/// Reduces the axes for which `reduced` is true: `y[i] = f(elements that share the kept index i)`.
pub(crate) fn reduce_axes<F: Float>(
    x: View<'_, F>,
    reduced: &[bool],
    y: &mut [F],
    threads: usize,
    f: impl Fn(Line<'_, F>) -> F + Sync,
) {
    let (data, _) = x.buffer();
    AxisSplit::new(&x, reduced).in_parts(y, threads, |split, y| split.reduce(data, y, &f));
}

/// The pairwise sum of the rows of a matrix, one tile of columns at a time.
fn sum_rows<F: Float>(data: &[F], start: isize, step: isize, rows: usize, y: &mut [F]) {
    for (k, y) in y.chunks_mut(COLUMNS).enumerate() {
        let sums = sum_columns(data, start + (k * COLUMNS) as isize, step, rows, y.len());
        y.copy_from_slice(&sums[..y.len()]);
    }
}

fn sum_columns<F: Float>(data: &[F], start: isize, step: isize, rows: usize, width: usize) -> [F; COLUMNS] {
    /// The most rows that are added in order, as a leaf of the pairwise sum.
    const ROWS: usize = 16;
    let mut sums = [F::zero(); COLUMNS];
    if rows <= ROWS {
        vectorize(
            #[inline(always)]
            || {
                for r in 0..rows {
                    let row = &data[(start + r as isize * step) as usize..][..width];
                    for (sum, &v) in sums.iter_mut().zip(row) {
                        *sum += v;
                    }
                }
            },
        );
    } else {
        let half = rows / 2;
        sums = sum_columns(data, start, step, half, width);
        let rest = sum_columns(data, start + half as isize * step, step, rows - half, width);
        sums.iter_mut().zip(rest).for_each(|(s, v)| *s += v);
    }
    sums
}

/// Strided elements to be reduced to one number.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a, F>(pub(crate) View<'a, F>);

impl<F: Float> Line<'_, F> {
    /// The greatest element: −∞ if it is empty, NaN if one is NaN.
    pub(crate) fn greatest(self) -> F {
        self.fold(F::neg_infinity(), greatest, |m, v| m.maximum(v))
    }

    /// The product; 1 if there are none.
    pub(crate) fn product(self) -> F {
        let times = |a, b| a * b;
        self.fold(F::one(), |x| fold(x, F::one(), times), times)
    }

    /// What `f` makes of parts of the line, of which each is `of_part`.
    fn fold(self, unit: F, of_part: impl Fn(&[F]) -> F, f: impl Fn(F, F) -> F) -> F {
        if let Some(all) = self.0.as_slice() {
            return of_part(all);
        }
        let mut found = unit;
        let mut block = [F::zero(); LEAF];
        for start in (0..self.0.len()).step_by(LEAF) {
            let block = &mut block[..LEAF.min(self.0.len() - start)];
            gather(self.0, start, block);
            found = f(found, of_part(block));
        }
        found
    }

    /// The sum, pairwise.
    pub(crate) fn sum(self) -> F {
        let (&[.., width], &[.., step]) = (self.0.shape(), self.0.strides()) else {
            return sum_slice(self.0.as_slice().unwrap_or_default());
        };
        match self.0.as_slice() {
            Some(all) => sum_slice(all),
            // Runs that are long enough are added up where they lie.
            None if step == 1 && width >= LEAF => sum_blocks(self.0.len() / width, |first, sums| {
                let run = |k: usize| {
                    let (outer, strides) = (&self.0.shape()[..self.0.shape().len() - 1], self.0.strides());
                    let (data, start) = self.0.buffer();
                    &data[(start as isize + place(first + k, outer, strides)) as usize..][..width]
                };
                sums.iter_mut().enumerate().for_each(|(k, sum)| *sum = sum_slice(run(k)));
            }),
            None => sum_blocks(self.0.len(), |start, block| gather(self.0, start, block)),
        }
    }

    /// The sum of `f` of the elements, pairwise.
    pub(crate) fn sum_of(self, f: impl Fn(F) -> F + Copy) -> F {
        sum_blocks(self.0.len(), |start, block| {
            gather(self.0, start, block);
            map_in_place(f, block);
        })
    }

    /// The greatest element m, and `ln Σ e^(x−m)`.
    pub(crate) fn log_sum_exp(self) -> (F, F) {
        let greatest = self.greatest();
        let sum = self.sum_of(
            #[inline(always)]
            move |x| math::exp(x - greatest),
        );
        (greatest, math::ln(sum))
    }
}

/// Calls `found(row, m, ln Σ e^(x−m))` for some rows along the last axis, where m is the greatest element of a row.
///
/// Short rows are batched for the elementary functions: a row of ten classes would not fill the vector registers.
pub(crate) fn log_sum_exp_rows<F: Float>(
    x: View<'_, F>,
    rows: Range<usize>,
    mut found: impl FnMut(usize, F, F),
) {
    /// The most numbers and rows of a batch: the buffers are small, since they are cleared even for three rows.
    const PART: usize = 2 * LEAF;
    const ROWS: usize = 32;
    let len = x.shape()[x.shape().len() - 1];
    if !(1..=LEAF).contains(&len) {
        return rows.for_each(|row| {
            let (greatest, log_sum) = Line(x.row(row)).log_sum_exp();
            found(row, greatest, log_sum);
        });
    }
    let (mut part, mut greatest_of, mut sums) = ([F::zero(); PART], [F::zero(); ROWS], [F::zero(); ROWS]);
    let at_once = ROWS.min(PART / len);
    for first in rows.clone().step_by(at_once) {
        let count = at_once.min(rows.end - first);
        let (part, sums) = (&mut part[..count * len], &mut sums[..count]);
        gather(x, first * len, part);
        for (row, m) in part.chunks_exact_mut(len).zip(&mut greatest_of) {
            *m = greatest(row);
            row.iter_mut().for_each(|x| *x -= *m);
        }
        map_in_place(
            #[inline(always)]
            |x| math::exp(x),
            part,
        );
        part.chunks_exact(len).zip(&mut *sums).for_each(|(row, sum)| *sum = sum_slice(row));
        map_in_place(
            #[inline(always)]
            |x| math::ln(x),
            sums,
        );
        (0..count).for_each(|k| found(first + k, greatest_of[k], sums[k]));
    }
}

/// The kept and the reduced axes of a view, without those of size 1.
#[derive(Clone)]
struct AxisSplit {
    /// The offset of the first element in the buffer.
    start: isize,
    kept: Sizes,
    kept_strides: Strides,
    reduced: Sizes,
    reduced_strides: Strides,
}

impl AxisSplit {
    fn new<F: Copy>(x: &View<'_, F>, reduced: &[bool]) -> Self {
        let pick = |wanted: bool| -> (Sizes, Strides) {
            let (mut sizes, mut strides) = (Sizes::new(), Strides::new());
            for a in (0..reduced.len()).filter(|&a| reduced[a] == wanted) {
                let (size, stride) = (x.shape()[a], x.strides()[a]);
                if size == 1 {
                    continue;
                }
                match (sizes.last_mut(), strides.last_mut()) {
                    // Axes that lie as one are one.
                    (Some(outer), Some(step)) if *step == stride * size as isize => {
                        *outer *= size;
                        *step = stride;
                    }
                    _ => {
                        sizes.push(size);
                        strides.push(stride);
                    }
                }
            }
            (sizes, strides)
        };
        let ((kept, kept_strides), (reduced, reduced_strides)) = (pick(false), pick(true));
        let start = x.buffer().1 as isize;
        Self { start, kept, kept_strides, reduced, reduced_strides }
    }

    /// Calls `f(part, its results)` for parts of the outermost kept axis, in several threads where the sums are long. Each
    /// result is the same in whatever part it is.
    fn in_parts<F: Float>(self, y: &mut [F], threads: usize, f: impl Fn(&Self, &mut [F]) + Sync) {
        let work = size(&self.reduced).saturating_mul(y.len());
        let threads = if work >= LONG && self.kept.first().is_some_and(|&n| n > 1) { threads } else { 1 };
        let multiple = if self.kept.len() == 1 { COLUMNS } else { 1 };
        let part = SumPart { split: self, y, multiple };
        in_parts(part, threads, &SumPart::halve, &|part: SumPart<'_, F>| {
            if !part.y.is_empty() {
                f(&part.split, part.y);
            }
        });
    }

    /// `y[i] = f(elements that share the kept index i)`.
    fn reduce<F: Float>(&self, data: &[F], y: &mut [F], f: &impl Fn(Line<'_, F>) -> F) {
        self.for_each_start(1, |start, i| {
            y[i] = f(Line(View::new(data, start as usize, &self.reduced, &self.reduced_strides)));
        });
    }

    /// Calls `f(offset in the buffer, count so far)` for every `width`-th element of the kept axes.
    fn for_each_start(&self, width: usize, mut f: impl FnMut(isize, usize)) {
        let mut index: Sizes = Sizes::from_elem(0, self.kept.len());
        let mut start = self.start;
        let outer = if width == 1 { self.kept.len() } else { self.kept.len() - 1 };
        for i in 0..size(&self.kept[..outer]) {
            f(start, i);
            for axis in (0..outer).rev() {
                index[axis] += 1;
                start += self.kept_strides[axis];
                if index[axis] < self.kept[axis] {
                    break;
                }
                start -= self.kept_strides[axis] * self.kept[axis] as isize;
                index[axis] = 0;
            }
        }
    }
}

/// Some sums, of the first indices of the outermost kept axis.
struct SumPart<'a, F> {
    split: AxisSplit,
    y: &'a mut [F],
    /// Parts begin at multiples of so many indices.
    multiple: usize,
}

impl<F> SumPart<'_, F> {
    fn halve(self, share: Share) -> (Self, Self) {
        let Self { mut split, y, multiple } = self;
        let (n, mut rest) = (split.kept[0], split.clone());
        let done = share.of(n, multiple);
        split.kept[0] = done;
        rest.kept[0] = n - done;
        rest.start += done as isize * split.kept_strides[0];
        let (y, y_rest) = y.split_at_mut(y.len().checked_div(n).unwrap_or(0) * done);
        (Self { split, y, multiple }, Self { split: rest, y: y_rest, multiple })
    }
}

impl<F: Float> View<'_, F> {
    /// The sum of the elements, pairwise, so that rounding grows with log₂ n (Higham, "The accuracy of floating point
    /// summation", SIAM J. Sci. Comput. 14, 1993).
    pub fn sum(&self) -> F {
        Line(*self).sum()
    }

    /// The greatest element: −∞ if there is none, NaN if one is NaN.
    pub fn greatest(&self) -> F {
        Line(*self).greatest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_over_every_choice_of_axes_match_a_plain_loop() {
        let data: Vec<f64> = (0..3 * 70 * 5).map(|i| f64::from(i * 31 % 17) - 8.0).collect();
        for strides in [[350, 5, 1], [1, 3, 210], [5, 15, 1]] {
            let x = View::new(&data, 0, &[3, 70, 5], &strides);
            for mask in 0..8 {
                let reduced = [mask & 1 != 0, mask & 2 != 0, mask & 4 != 0];
                let want = x.array().to_owned();
                let want =
                    (0..3).rev().filter(|&a| reduced[a]).fold(want, |w, a| w.sum_axis(ndarray::Axis(a)));
                let mut y = vec![f64::NAN; want.len()];
                sum_axes(x, &reduced, &mut y, 1);
                let mut parts = vec![f64::NAN; want.len()];
                sum_axes(x, &reduced, &mut parts, 3);
                assert_eq!(y, parts);
                assert_eq!(y, want.into_iter().collect::<Vec<_>>(), "{strides:?} {reduced:?}");
            }
        }
    }

    #[test]
    fn ten_million_tenths_lose_nothing() {
        let x = vec![0.1_f32; 10_000_000];
        assert!((sum_slice(&x) - 1e6).abs() <= 0.25);
    }
}
