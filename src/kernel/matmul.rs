//! The matrix product, by the `gemm` crates: the one place with `unsafe` code.
#![allow(unsafe_code)]

use super::thin::{self, Way};
use super::{View, gather};
use crate::Float;
use std::any::TypeId;
use std::ops::Range;

/// Writes `a · b` to `y`, row-major; `a` is (m, k), `b` is (k, n), any strides.
///
/// Rounding differs from a plain loop's: terms are added in blocks, with fused multiply-add where the processor has it, but
/// for a few columns or rows.
///
/// # Panics
///
/// If the shapes do not fit, or a view reaches outside its buffer.
pub(crate) fn matmul<F: Float>(a: View<'_, F>, b: View<'_, F>, y: &mut [F], threads: usize) {
    let (&[m, k], &[inner, n]) = (a.shape(), b.shape()) else { panic!("matmul takes matrices") };
    assert_eq!((k, m * n), (inner, y.len()), "matmul: sizes do not fit");
    if m * n == 0 {
        return;
    }
    if k == 0 {
        return y.fill(F::zero());
    }
    if m <= FEW_ROWS && n >= WIDE && m * n * k <= SMALL && b.strides()[1] == 1 {
        return plain(a, b, n, y);
    }
    let (left, right) = (Matrix::of(a), Matrix::of(b));
    let rest = thin::left_over::<F>([m, k, n]);
    let whole = n - rest.map_or(0, |(count, _)| count);
    // The library writes columns, so it is asked for yᵀ = bᵀ · aᵀ.
    product(right.columns(0..whole).turned(), left.turned(), y, [1, n], threads);
    match rest {
        None => {}
        Some((count, Way::Thin)) => thin::last_columns(a, b, count, y),
        Some((_, Way::Columns)) => {
            // Two, even if one is left: for a single one, the library has other ways.
            let (first, mut forwards) = (n - 2, Vec::new());
            let left = if left.steps[1] < 0 {
                // Backwards along the inner axis, it would add the terms in the other order.
                forwards.resize(m * k, F::zero());
                gather(a, 0, &mut forwards);
                Matrix { data: &forwards, start: 0, sizes: [m, k], steps: [k as isize, 1] }
            } else {
                left
            };
            product(left, right.columns(first..n), &mut y[first..], [n, 1], threads);
        }
    }
}

/// A matrix anywhere in a buffer, with its steps from row to row and from column to column.
#[derive(Clone, Copy)]
struct Matrix<'a, F> {
    data: &'a [F],
    start: isize,
    sizes: [usize; 2],
    steps: [isize; 2],
}

impl<'a, F: Copy> Matrix<'a, F> {
    fn of(view: View<'a, F>) -> Self {
        let (&[m, n], &[row, column]) = (view.shape(), view.strides()) else {
            unreachable!("matrices have two axes")
        };
        let (data, start) = view.buffer();
        Self { data, start: start as isize, sizes: [m, n], steps: [row, column] }
    }

    /// The transposed matrix.
    fn turned(self) -> Self {
        let ([m, n], [row, column]) = (self.sizes, self.steps);
        Self { sizes: [n, m], steps: [column, row], ..self }
    }

    /// Some of its columns.
    fn columns(self, columns: Range<usize>) -> Self {
        let start = self.start + columns.start as isize * self.steps[1];
        Self { start, sizes: [self.sizes[0], columns.len()], ..self }
    }

    /// The address of its first element, after a check that all lie inside the buffer; no size is 0.
    fn first(self) -> *const F {
        let (mut low, mut high) = (self.start, self.start);
        for (&n, &step) in self.sizes.iter().zip(&self.steps) {
            let reach = step * (n as isize - 1);
            low += reach.min(0);
            high += reach.max(0);
        }
        assert!(low >= 0 && high < self.data.len() as isize, "matmul: a view reaches outside its buffer");
        // SAFETY: the place lies between `low` and `high`, both inside the buffer.
        unsafe { self.data.as_ptr().offset(self.start) }
    }
}

/// Writes `left · right` to places of `y` with these steps from row to row and from column to column, of which one is 1. The
/// library is fast where the steps from row to row are 1, in `left` and in `y`. No size is 0.
fn product<F: Float>(
    left: Matrix<'_, F>,
    right: Matrix<'_, F>,
    y: &mut [F],
    [row, column]: [usize; 2],
    threads: usize,
) {
    let ([m, k], [_, n]) = (left.sizes, right.sizes);
    let apart = (row == 1 && m <= column) || (column == 1 && n <= row);
    assert!(apart && (m - 1) * row + (n - 1) * column < y.len(), "matmul: the result has no room");
    let (left_first, right_first) = (left.first(), right.first());
    let ([left_row, left_step], [right_step, right_column]) = (left.steps, right.steps);
    let parallelism = match threads {
        0 | 1 => gemm_common::Parallelism::None,
        n => gemm_common::Parallelism::Rayon(n),
    };
    // It walks the inner axis forwards, so a left operand that runs backwards along it is turned round, and with it the
    // other.
    let last = (k - 1) as isize;
    let (left_first, right_first, left_step, right_step) = match left_step < 0 {
        true => (
            left_first.wrapping_offset(last * left_step),
            right_first.wrapping_offset(last * right_step),
            -left_step,
            -right_step,
        ),
        false => (left_first, right_first, left_step, right_step),
    };
    macro_rules! call {
        ($gemm:expr, $float:ty) => {
            $gemm(
                m,
                n,
                k,
                y.as_mut_ptr().cast::<$float>(),
                column as isize,
                row as isize,
                false,
                left_first.cast::<$float>(),
                left_step,
                left_row,
                right_first.cast::<$float>(),
                right_column,
                right_step,
                0.0,
                1.0,
                false,
                false,
                false,
                parallelism,
            )
        };
    }
    // SAFETY: the m·n places of the result lie in `y`, no two of them are one, and `y` is borrowed mutably, so they overlap
    // neither operand; `first` has checked that every element of the operands' m·k and k·n lies inside their buffers. The
    // left operand steps forwards along k, as the library wants. The sums are written, not added: the flag to read y is
    // false. The casts are between equal types, compared before.
    unsafe {
        if TypeId::of::<F>() == TypeId::of::<f32>() {
            call!(gemm_f32::gemm::f32::get_gemm_fn(), f32);
        } else {
            assert_eq!(
                TypeId::of::<F>(),
                TypeId::of::<f64>(),
                "the sealed trait has no other implementation"
            );
            call!(gemm_f64::gemm::f64::get_gemm_fn(), f64);
        }
    }
}

/// Where packing operands costs the library more than it saves: few rows by a small matrix whose rows are contiguous. Of
/// the library's time, a plain loop takes 0.65 at 3 × 50 × 10, 0.60 at 3 × 10 × 50 and 0.64 at 8 × 8 × 8, and 2.1 at
/// 12 × 12 × 12 (f64, one Zen 3 core).
const SMALL: usize = 1536;
const FEW_ROWS: usize = 8;
const WIDE: usize = 8;

/// A small product, some columns at a time; the rows of b are contiguous.
fn plain<F: Float>(a: View<'_, F>, b: View<'_, F>, n: usize, y: &mut [F]) {
    for (i, y) in y.chunks_exact_mut(n).enumerate() {
        let mut first = 0;
        while n - first >= 2 * WIDE {
            columns::<WIDE, F>(a, b, i, first, y);
            first += WIDE;
        }
        // What is left in one go: a loop over k costs more than a few columns more.
        macro_rules! rest {
            ($($width:literal)+) => {
                match n - first {
                    $($width => columns::<$width, F>(a, b, i, first, y),)+
                    _ => unreachable!("fewer columns are left than twice a block's"),
                }
            };
        }
        rest!(8 9 10 11 12 13 14 15);
    }
}

/// Some columns of row `i` of the product, in registers.
fn columns<const W: usize, F: Float>(a: View<'_, F>, b: View<'_, F>, i: usize, first: usize, y: &mut [F]) {
    let mut sums = [F::zero(); W];
    let (data, start) = b.buffer();
    let mut place = (start + first) as isize;
    for gain in a.line(i, 1) {
        let row = &data[place as usize..][..W];
        sums.iter_mut().zip(row).for_each(|(sum, &b)| *sum += gain * b);
        place += b.strides()[0];
    }
    y[first..first + W].copy_from_slice(&sums);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::View;

    #[test]
    fn products_of_strided_matrices_match_a_plain_loop() {
        let data: Vec<f64> = (0..80).map(|i| f64::from(i * 7 % 11) - 5.0).collect();
        let a = View::new(&data, 2, &[3, 4], &[4, 1]);
        for n in 8..15 {
            // Few rows by rows that are contiguous.
            let (shape, strides) = ([4, n], [n as isize, 1]);
            let b = View::new(&data, 3, &shape, &strides);
            let mut y = vec![f64::NAN; 3 * n];
            matmul(a, b, &mut y, 1);
            for (place, y) in y.iter().enumerate() {
                let (i, j) = (place / n, place % n);
                let want: f64 = (0..4).map(|k| data[2 + 4 * i + k] * data[3 + n * k + j]).sum();
                assert_eq!(*y, want, "{n} columns");
            }
        }
        let b_transposed = View::new(&data, 7, &[4, 5], &[1, 4]);
        let mut y = [f64::NAN; 15];
        matmul(a, b_transposed, &mut y, 1);
        for i in 0..3 {
            for j in 0..5 {
                let want: f64 = (0..4).map(|k| data[2 + 4 * i + k] * data[7 + k + 4 * j]).sum();
                assert_eq!(y[5 * i + j], want);
            }
        }
    }

    /// A matrix with these steps in a buffer with other numbers around it.
    fn laid_out<F: Float>(a: &[F], [m, n]: [usize; 2], steps: [isize; 2]) -> (Vec<F>, usize) {
        let reach = |step: isize, n: usize| step * (n as isize - 1);
        let start = 7 - reach(steps[0], m).min(0) - reach(steps[1], n).min(0);
        let end = start + reach(steps[0], m).max(0) + reach(steps[1], n).max(0);
        let mut data = vec![F::of(0.5); end as usize + 9];
        for i in 0..m {
            for j in 0..n {
                data[(start + i as isize * steps[0] + j as isize * steps[1]) as usize] = a[i * n + j];
            }
        }
        (data, start as usize)
    }

    /// Sizes with one or two columns more than the library computes at a time, and others: right, and the same to the last
    /// bit whatever the layout.
    fn few_columns_more<F: Float>(epsilon: f64) {
        let numbers = |count: usize, start: usize| -> Vec<F> {
            (start..start + count).map(|i| F::of((i * 7919 % 1009) as f64 / 1009.0 - 0.5)).collect()
        };
        let tile = 64 / size_of::<F>();
        for [m, k] in
            [[32, 32], [33, 40], [47, 1100], [100, 31], [31, 100], [41, 512], [128, 32], [129, 32], [100, 33]]
        {
            for n in (tile..tile + 4).chain([3 * tile + 2]) {
                let (a, b) = (numbers(m * k, 3), numbers(k * n, 500));
                let layouts = |m: usize, n: usize| {
                    let [m, n] = [m as isize, n as isize];
                    [[n, 1], [n + 3, 1], [1, m], [1, m + 5], [-n, 1], [n, -1], [-1, m], [2 * n, 2]]
                };
                // From contiguous rows, by the layout of one operand and of the other.
                let of_a = layouts(m, k).map(|steps| (steps, [n as isize, 1]));
                let of_b = layouts(k, n).map(|steps| ([k as isize, 1], steps));
                // Backwards along the inner axis, terms are added from the last on.
                let of_b = of_b.into_iter().filter(|(_, steps)| steps[0] > 0);
                let mut first = None;
                for (a_steps, b_steps) in of_a.into_iter().chain(of_b) {
                    let ((a_data, a_start), (b_data, b_start)) =
                        (laid_out(&a, [m, k], a_steps), laid_out(&b, [k, n], b_steps));
                    let (a_shape, b_shape) = ([m, k], [k, n]);
                    let a = View::new(&a_data, a_start, &a_shape, &a_steps);
                    let b = View::new(&b_data, b_start, &b_shape, &b_steps);
                    let mut y = vec![F::nan(); m * n];
                    matmul(a, b, &mut y, 1);
                    let same = first.get_or_insert_with(|| {
                        for (place, y) in y.iter().enumerate() {
                            let terms = a.line(place / n, 1).zip(b.line(place % n, 0));
                            let (sum, size) = terms
                                .map(|(a, b)| a.wide() * b.wide())
                                .fold((0.0, 0.0), |(sum, size), x: f64| (sum + x, size + x.abs()));
                            let off = (y.wide() - sum).abs();
                            assert!(off <= epsilon * (1.0 + size), "{m} × {k} × {n} at {place}: {off:e}");
                        }
                        y.clone()
                    }) == &y;
                    // The library takes other ways to small results.
                    assert!(same || m * n <= 256, "{m} × {k} × {n}: {a_steps:?}, {b_steps:?}");
                }
            }
        }
    }

    #[test]
    fn the_last_few_columns_are_right_too() {
        few_columns_more::<f32>(1e-5);
        few_columns_more::<f64>(1e-14);
    }

    #[test]
    fn an_empty_inner_axis_gives_zeros() {
        let mut y = [f64::NAN; 6];
        matmul(View::new(&[], 0, &[2, 0], &[0, 1]), View::new(&[], 0, &[0, 3], &[3, 1]), &mut y, 1);
        assert_eq!(y, [0.0; 6]);
    }
}
