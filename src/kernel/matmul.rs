//! The matrix product, by the `gemm` crates: the one place with `unsafe` code.
#![allow(unsafe_code)]

use super::{View, thin};
use crate::Float;
use std::any::TypeId;
use std::ops::Range;

/// Writes `a · b` to `y`, row-major; `a` is (m, k), `b` is (k, n), any strides.
///
/// Rounding differs from a plain loop's: terms are added in blocks, with fused multiply-add where the processor has it.
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
    let rest = thin::left_over(a, n);
    let whole = n - rest;
    let (left, right) = (Matrix::of(a), Matrix::of(b));
    // The library writes columns, so it is asked for yᵀ = bᵀ · aᵀ.
    product(right.columns(0..whole).turned(), left.turned(), y, [1, n], threads);
    if rest > 0 && left.steps[1] == 1 {
        thin::columns(a, b, n, rest, y);
    } else if rest > 0 {
        product(left, right.columns(whole..n), &mut y[whole..], [n, 1], threads);
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
    macro_rules! product {
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
            product!(gemm_f32::gemm::f32::get_gemm_fn(), f32);
        } else {
            assert_eq!(
                TypeId::of::<F>(),
                TypeId::of::<f64>(),
                "the sealed trait has no other implementation"
            );
            product!(gemm_f64::gemm::f64::get_gemm_fn(), f64);
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

    /// All the ways that the last few columns can go: contiguous rows or columns of a, with gaps and none, many terms, and b
    /// forwards and backwards.
    fn few_columns_more<F: Float>(epsilon: f64) {
        let number = |i: usize| F::of((i * 7919 % 1009) as f64 / 1009.0 - 0.5);
        let data: Vec<F> = (0..1 << 18).map(number).collect();
        let tile = 64 / size_of::<F>();
        for (m, k) in [(32, 32), (33, 40), (47, 1100), (100, 31), (31, 100)] {
            for n in (tile..tile + 6).chain([3 * tile + 2]) {
                let (rows, wide) = ([k as isize, 1], [k as isize + 3, 1]);
                for a_strides in [rows, wide, [1, m as isize], [1, m as isize + 5]] {
                    for (start, b_strides) in
                        [(9, [n as isize, 1]), (9, [1, k as isize]), (n - 1, [n as isize, -1])]
                    {
                        let (a_shape, b_shape) = ([m, k], [k, n]);
                        let a = View::new(&data, 5, &a_shape, &a_strides);
                        let b = View::new(&data, start, &b_shape, &b_strides);
                        let mut y = vec![F::nan(); m * n];
                        matmul(a, b, &mut y, 1);
                        for (place, y) in y.iter().enumerate() {
                            let terms = a.line(place / n, 1).zip(b.line(place % n, 0));
                            let (sum, size) = terms
                                .map(|(a, b)| a.wide() * b.wide())
                                .fold((0.0, 0.0), |(sum, size), x: f64| (sum + x, size + x.abs()));
                            let off = (y.wide() - sum).abs();
                            assert!(
                                off <= epsilon * (1.0 + size),
                                "{m} × {k} × {n}, {a_strides:?} at {place}: {off:e}"
                            );
                        }
                    }
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
