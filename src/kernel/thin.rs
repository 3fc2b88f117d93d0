//! The last few columns of a matrix product, of which the library computes as many as its registers hold.

use super::{View, vectorize};
use crate::Float;

/// So many columns, at most.
const MOST: usize = 4;
/// Rows of a from which on it is worth it, and terms of a sum.
const ROWS: usize = 32;
const TERMS: usize = 32;
/// Blocks of columns of b that are put side by side at a time, on the stack.
const BLOCKS: usize = 64;

/// How many of the last of `n` columns are better computed by themselves: the library takes as long for a few as for a tile
/// of two registers (of 256 bits).
///
/// At 100 × 784 × 50 in f32, it takes 92 µs for all columns and 70 for 48; at 784 × 100 × 50, a transposed, 99 and 76. Two
/// columns take 8 in [`columns`], and 7 in the library where they become rows (one Zen 4 core).
pub(super) fn left_over<F: Float>(a: View<'_, F>, n: usize) -> usize {
    let tile = 64 / size_of::<F>();
    let long = a.shape()[0] >= ROWS && a.shape()[1] >= TERMS;
    if n < tile || !long || !a.strides().contains(&1) {
        return 0;
    }
    match n % tile {
        // Loops over three do not become vector instructions.
        3 => MOST,
        rest if rest <= MOST => rest,
        _ => 0,
    }
}

/// Writes the last few columns of `a · b`, as many as [`left_over`] says, to those of `y`, row-major, with rows of `n`. The
/// rows of a are contiguous.
pub(super) fn columns<F: Float>(a: View<'_, F>, b: View<'_, F>, n: usize, count: usize, y: &mut [F]) {
    match count {
        1 => some_columns::<1, 16, F>(a, b, n, y),
        2 => some_columns::<2, 16, F>(a, b, n, y),
        MOST => some_columns::<MOST, 8, F>(a, b, n, y),
        _ => unreachable!("others are the library's"),
    }
}

/// The products of rows and `C` columns, each in `S` sums so that none waits for another.
fn some_columns<const C: usize, const S: usize, F: Float>(
    a: View<'_, F>,
    b: View<'_, F>,
    n: usize,
    y: &mut [F],
) {
    let first = n - C;
    let k = a.shape()[1];
    let mut columns = [[[F::zero(); S]; C]; BLOCKS];
    for start in (0..k).step_by(BLOCKS * S) {
        let terms = start..k.min(start + BLOCKS * S);
        let columns = &mut columns[..terms.len().div_ceil(S)];
        // What a row lacks of whole blocks is made up by zeros.
        columns.iter_mut().for_each(|block| *block = [[F::zero(); S]; C]);
        for term in terms.clone() {
            let (block, at) = ((term - start) / S, (term - start) % S);
            (0..C).for_each(|c| columns[block][c][at] = b.at(term, first + c));
        }
        vectorize(
            #[inline(always)]
            || {
                for (i, y) in y.chunks_exact_mut(n).enumerate() {
                    let sums = dots(&a.from(i, terms.start)[..terms.len()], columns);
                    for c in 0..C {
                        let before = if start == 0 { F::zero() } else { y[first + c] };
                        y[first + c] = before + sums[c];
                    }
                }
            },
        );
    }
}

/// The sums of the products of a row and of columns that have zeros beyond its end.
#[inline(always)]
fn dots<const C: usize, const S: usize, F: Float>(row: &[F], columns: &[[[F; S]; C]]) -> [F; C] {
    let mut sums = [[F::zero(); S]; C];
    let (whole, rest) = row.as_chunks::<S>();
    for (x, columns) in whole.iter().zip(columns) {
        for c in 0..C {
            for i in 0..S {
                sums[c][i] += x[i] * columns[c][i];
            }
        }
    }
    if !rest.is_empty() {
        let mut x = [F::zero(); S];
        x[..rest.len()].copy_from_slice(rest);
        let columns = &columns[whole.len()];
        for c in 0..C {
            for i in 0..S {
                sums[c][i] += x[i] * columns[c][i];
            }
        }
    }
    let mut totals = [F::zero(); C];
    for c in 0..C {
        let mut sums = sums[c];
        let mut half = S / 2;
        while half > 0 {
            for i in 0..half {
                sums[i] += sums[i + half];
            }
            half /= 2;
        }
        totals[c] = sums[0];
    }
    totals
}
