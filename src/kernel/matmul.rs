//! The matrix product: by GEMM libraries, except for small products and remainder columns.

use super::product::{Matrix, product};
use super::remainder::{self, Method};
use super::{View, gather};
use crate::Float;

/// Writes `a · b` to `y`, row-major; `a` is (m, k), `b` is (k, n), any strides.
///
/// Rounding differs from that of a plain loop: except for small products and remainder columns, terms are added in blocks,
/// with fused multiply-add where the processor has it.
///
/// # Panics
///
/// If the shapes do not fit, a view reaches outside its buffer, or there are more multiplications than can be counted.
pub(crate) fn matmul<F: Float>(a: View<'_, F>, b: View<'_, F>, y: &mut [F], threads: usize) {
    let (&[m, k], &[inner, n]) = (a.shape(), b.shape()) else { panic!("matmul takes matrices") };
    let fits = k == inner && m.checked_mul(n) == Some(y.len());
    assert!(fits, "matmul: sizes do not fit: [{m}, {k}] · [{inner}, {n}] into {} elements", y.len());
    if y.is_empty() {
        return;
    }
    if k == 0 {
        return y.fill(F::zero());
    }
    if m <= FEW_ROWS && n >= WIDE && y.len().saturating_mul(k) <= SMALL {
        return plain(a, b, n, y);
    }
    let (left, right) = (Matrix::new(a), Matrix::new(b));
    let rest = remainder::remainder_columns::<F>([m, k, n]);
    let whole = n - rest.map_or(0, |(count, _)| count);
    // The library is fastest for column-major results, so it computes yᵀ = bᵀ · aᵀ.
    product(right.columns(0..whole).transposed(), left.transposed(), y, [1, n], false, threads);
    match rest {
        None => {}
        Some((count, Method::DotProducts)) => remainder::last_columns(a, b, count, y),
        Some((_, Method::Columns)) => {
            // Two, even if one remains: the library has a special case for a single one.
            let (first, mut forwards) = (n - 2, Vec::new());
            let left = if left.runs_backwards() {
                // With a negative inner stride, it would add the terms in reverse order.
                forwards.resize(m * k, F::zero());
                gather(a, 0, &mut forwards);
                Matrix::row_major(&forwards, [m, k])
            } else {
                left
            };
            product(left, right.columns(first..n), &mut y[first..], [n, 1], false, threads);
        }
    }
}

/// Where a product goes: into rows that are so far apart, and added to what is there or in its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) row_step: usize,
    pub(crate) add: bool,
}

/// As [`matmul`], to rows that need not lie side by side. The matrices are not empty, and `y` may be longer.
pub(crate) fn matmul_to<F: Float>(
    a: View<'_, F>,
    b: View<'_, F>,
    y: &mut [F],
    target: Target,
    threads: usize,
) {
    let (&[m, _], &[_, n]) = (a.shape(), b.shape()) else { panic!("matmul takes matrices") };
    let Target { row_step, add } = target;
    if !add && (row_step == n || m == 1) {
        return matmul(a, b, &mut y[..m * n], threads);
    }
    let (left, right) = (Matrix::new(b).transposed(), Matrix::new(a).transposed());
    product(left, right, y, [1, row_step.max(n)], add, threads);
}

/// The sizes for which packing costs the library more than it saves: few rows by a small matrix, whatever its strides, so
/// that equal numbers have equal products. With contiguous rows, a
/// plain loop takes 0.65 of the library's time at 3 × 50 × 10, 0.60 at 3 × 10 × 50 and 0.64 at 8 × 8 × 8, and 2.1 at
/// 12 × 12 × 12 (f64, one Zen 3 core).
const SMALL: usize = 1536;
const FEW_ROWS: usize = 8;
const WIDE: usize = 8;

/// A small product, in tiles of one row and some columns.
fn plain<F: Float>(a: View<'_, F>, b: View<'_, F>, n: usize, y: &mut [F]) {
    for (i, y) in y.chunks_exact_mut(n).enumerate() {
        let mut first = 0;
        while n - first >= 2 * WIDE {
            columns::<WIDE, F>(a, b, i, first, y);
            first += WIDE;
        }
        // The remainder in one tile: another loop over k costs more than a few additional columns.
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

/// `W` columns of row `i` of the product, accumulated in registers.
fn columns<const W: usize, F: Float>(a: View<'_, F>, b: View<'_, F>, i: usize, first: usize, y: &mut [F]) {
    let mut sums = [F::zero(); W];
    let (data, start) = b.buffer();
    let [down, along] = [b.strides()[0], b.strides()[1]];
    let mut place = (start as isize).wrapping_add((first as isize).wrapping_mul(along));
    for gain in a.line(i, 1) {
        if along == 1 {
            let row = &data[place as usize..][..W];
            sums.iter_mut().zip(row).for_each(|(sum, &b)| *sum += gain * b);
        } else {
            let at = |j: usize| data[place.wrapping_add((j as isize).wrapping_mul(along)) as usize];
            sums.iter_mut().enumerate().for_each(|(j, sum)| *sum += gain * at(j));
        }
        // Past the last row, it need not be a valid offset.
        place = place.wrapping_add(down);
    }
    y[first..first + W].copy_from_slice(&sums);
}

#[cfg(test)]
mod tests {
    use super::super::product::{LONG_PRODUCT, WITHOUT_AVX512};
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

    /// As on this processor, and as on one without AVX-512.
    fn by_each_library(test: impl Fn()) {
        test();
        WITHOUT_AVX512.set(true);
        test();
        WITHOUT_AVX512.set(false);
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
    fn small_products_are_the_same_whatever_the_layout() {
        let numbers = |count: usize, start: usize| -> Vec<f64> {
            (start..start + count).map(|i| (i * 7919 % 1009) as f64 / 1009.0 - 0.5).collect()
        };
        for [m, k, n] in [[1, 8, 8], [3, 5, 11], [8, 12, 15], [2, 40, 17], [8, 1, 9]] {
            let (a, b) = (numbers(m * k, 3), numbers(k * n, 500));
            let (a_shape, b_shape, [wide, high]) = ([m, k], [k, n], [n as isize, k as isize]);
            let a_steps = [high, 1];
            let a = View::new(&a, 0, &a_shape, &a_steps);
            let products: Vec<Vec<u64>> =
                [[wide, 1], [1, high], [wide + 3, 1], [2 * wide, 2], [wide, -1], [-wide, 1]]
                    .into_iter()
                    .map(|steps| {
                        let (data, start) = laid_out(&b, b_shape, steps);
                        let mut y = vec![f64::NAN; m * n];
                        matmul(a, View::new(&data, start, &b_shape, &steps), &mut y, 1);
                        y.iter().map(|y| y.to_bits()).collect()
                    })
                    .collect();
            assert!(products.iter().all(|y| *y == products[0]), "{m} × {k} × {n}");
        }
    }

    #[test]
    fn the_last_few_columns_are_right_too() {
        by_each_library(|| {
            few_columns_more::<f32>(1e-5);
            few_columns_more::<f64>(1e-14);
        });
    }

    /// Products of all kinds of sizes, in one thread and in several, against sums in double precision.
    fn all_sizes<F: Float>(epsilon: f64) {
        let some = [1, 2, 7, 8, 9, 17, 33, 64];
        // The libraries pack other operands and other parts of them where there are many columns or terms.
        let long = [[300, 700, 33], [100, 1100, 60], [17, 65, 600], [1, 600, 900], [900, 600, 1]];
        let long = [&long[..], &[[40, 600, 1100], [60, 520, 2100], [9, 3, 9000]]].concat();
        let sizes = some.iter().flat_map(|&m| some.iter().flat_map(move |&k| some.map(|n| [m, k, n])));
        for [m, k, n] in sizes.chain(long) {
            let numbers = |count: usize, start: usize| -> Vec<F> {
                (start..start + count).map(|i| F::of((i * 7919 % 1009) as f64 / 1009.0 - 0.5)).collect()
            };
            let (a, b) = (numbers(m * k, 3), numbers(k * n, 500));
            let (a_shape, b_shape) = ([m, k], [k, n]);
            let row_major = |n: usize| [n as isize, 1];
            // Row-major; both transposed; both backwards.
            let (a_back, b_back) = ([-(k as isize), -1], [-(n as isize), -1]);
            let layouts = [
                (0, row_major(k), 0, row_major(n)),
                (0, [1, m as isize], 0, [1, k as isize]),
                (m * k - 1, a_back, k * n - 1, b_back),
            ];
            let long = m * k * n >= LONG_PRODUCT;
            let ways: &[usize] = if long { &[1, 2, 3, 8] } else { &[1] };
            for (&threads, (a_start, a_steps, b_start, b_steps)) in
                ways.iter().flat_map(|threads| layouts.iter().map(move |layout| (threads, layout)))
            {
                let (a, b) =
                    (View::new(&a, *a_start, &a_shape, a_steps), View::new(&b, *b_start, &b_shape, b_steps));
                let mut y = vec![F::nan(); m * n];
                matmul(a, b, &mut y, threads);
                assert!(y.iter().all(|y| !y.is_nan()), "{m} × {k} × {n}, {threads} threads");
                // All of a short product, and a part of a long one.
                for (place, y) in y.iter().enumerate().step_by(if long { 97 } else { 1 }) {
                    let terms = a.line(place / n, 1).zip(b.line(place % n, 0));
                    let sum: f64 = terms.map(|(a, b)| a.wide() * b.wide()).sum();
                    let off = (y.wide() - sum).abs();
                    assert!(
                        off <= epsilon * k as f64,
                        "{m} × {k} × {n} at {place}, {threads} threads: {off:e}"
                    );
                }
            }
        }
    }

    #[test]
    fn products_of_all_sizes_are_right() {
        by_each_library(|| {
            all_sizes::<f32>(1e-7);
            all_sizes::<f64>(1e-15);
        });
    }

    #[test]
    fn an_empty_inner_axis_gives_zeros() {
        let mut y = [f64::NAN; 6];
        matmul(View::new(&[], 0, &[2, 0], &[0, 1]), View::new(&[], 0, &[0, 3], &[3, 1]), &mut y, 1);
        assert_eq!(y, [0.0; 6]);
    }
}
