//! The matrix product, by the `gemm` crates: the one place with `unsafe` code.
#![allow(unsafe_code)]

use super::View;
use crate::Float;
use std::any::TypeId;

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
    let (a_first, b_first) = (first(a), first(b));
    let (&[a_row, a_column], &[b_row, b_column]) = (a.strides(), b.strides()) else {
        unreachable!("matrices have two strides")
    };
    let parallelism = match threads {
        0 | 1 => gemm_common::Parallelism::None,
        n => gemm_common::Parallelism::Rayon(n),
    };
    // The library writes columns, so it is asked for yᵀ = bᵀ · aᵀ. It walks the inner axis forwards, so a first
    // operand that runs backwards along it (bᵀ, along k) is turned round, and with it the other.
    let last = (k - 1) as isize;
    let (left, right, left_step, right_step) = match b_row < 0 {
        true => (
            b_first.wrapping_offset(last * b_row),
            a_first.wrapping_offset(last * a_column),
            -b_row,
            -a_column,
        ),
        false => (b_first, a_first, b_row, a_column),
    };
    macro_rules! product {
        ($gemm:expr, $float:ty) => {
            $gemm(
                n,
                m,
                k,
                y.as_mut_ptr().cast::<$float>(),
                n as isize,
                1,
                false,
                left.cast::<$float>(),
                left_step,
                b_column,
                right.cast::<$float>(),
                a_row,
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
    // SAFETY: `y` has m·n elements in row-major order and is borrowed mutably, so it overlaps neither operand;
    // `first` has checked that every element of the operands' m·k and k·n lies inside their buffers. The left operand
    // steps forwards along k, as the library wants. The sums are
    // written, not added: the flag to read y is false. The casts are between equal types, compared before.
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

/// The address of a view's first element, after a check that the whole view lies inside its buffer.
fn first<F>(view: View<'_, F>) -> *const F
where
    F: Copy,
{
    let (data, offset) = view.buffer();
    let (mut low, mut high) = (offset as isize, offset as isize);
    for (&n, &s) in view.shape().iter().zip(view.strides()) {
        let reach = s * (n as isize - 1);
        low += reach.min(0);
        high += reach.max(0);
    }
    assert!(low >= 0 && high < data.len() as isize, "matmul: a view reaches outside its buffer");
    // SAFETY: `offset` lies between `low` and `high`, both inside the buffer.
    unsafe { data.as_ptr().add(offset) }
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

    #[test]
    fn an_empty_inner_axis_gives_zeros() {
        let mut y = [f64::NAN; 6];
        matmul(View::new(&[], 0, &[2, 0], &[0, 1]), View::new(&[], 0, &[0, 3], &[3, 1]), &mut y, 1);
        assert_eq!(y, [0.0; 6]);
    }
}
