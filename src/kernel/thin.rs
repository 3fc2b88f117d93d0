//! The last columns of a matrix product, where the library would compute a whole tile for one or two of them.
//!
//! Terms are added in one order whatever the layout of the operands, so that equal numbers have equal products.

use super::{View, gather, vectorize};
use crate::Float;

/// Rows of the product from which on it is worth it, and terms of a sum.
const ROWS: usize = 32;
const TERMS: usize = 32;
/// Results for which the library has ways of its own, which depend on the layout.
const SMALL: usize = 256;
/// So many sums take the terms in turn, so that none waits for another, and are added up in the end.
const SUMS: usize = 8;
/// Blocks of so many terms for which columns of b are put side by side, on the stack.
const BLOCKS: usize = 64;

/// Some terms of `C` columns, and zeros where there are none.
type Terms<const C: usize, F> = [[F; SUMS]; C];

/// How the last columns are computed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way {
    /// By [`last_columns`].
    Thin,
    /// By the library, asked for the columns themselves and not, as else, for the rows of the transposed product.
    Columns,
}

/// How many of the last of `n` columns, of `m` rows and with sums of `k` terms, are better computed apart, if any: the one
/// or two for which the library takes as long as for a tile of two registers (of 256 bits). And how.
///
/// At 100 × 784 × 50 in f32, `gemm` takes 92 µs for all columns and 70 for 48, and the other two 11 as `Thin`; at
/// 784 × 100 × 50, a transposed, 99, 76, and 7 as `Columns`; the library for AVX-512 87 and 65, and 88 and 66 (one Zen 4
/// core). It is decided by the sizes alone, so that equal numbers have equal products whatever their layout; where the rows
/// of a are contiguous and far more than the terms, `Columns` costs the product 7 % instead.
pub(super) fn left_over<F: Float>([m, k, n]: [usize; 3]) -> Option<(usize, Way)> {
    let tile = 64 / size_of::<F>();
    let rest = n % tile;
    let large = n >= tile && m >= ROWS && k >= TERMS && m * (n - rest) > SMALL;
    if !large || !(1..=2).contains(&rest) {
        return None;
    }
    if m <= k {
        Some((rest, Way::Thin))
    } else if m >= k.saturating_mul(3) && m > SMALL / 2 {
        Some((rest, Way::Columns))
    } else {
        None
    }
}

/// Writes the last `count` columns of `a · b`, one or two, to those of `y`, row-major.
pub(super) fn last_columns<F: Float>(a: View<'_, F>, b: View<'_, F>, count: usize, y: &mut [F]) {
    // As many rows at a time as fill a register.
    match (count, size_of::<F>()) {
        (1, 4) => columns::<1, 8, F>(a, b, y),
        (1, _) => columns::<1, 4, F>(a, b, y),
        (2, 4) => columns::<2, 8, F>(a, b, y),
        (2, _) => columns::<2, 4, F>(a, b, y),
        _ => unreachable!("one or two columns are left over"),
    }
}

fn columns<const C: usize, const R: usize, F: Float>(a: View<'_, F>, b: View<'_, F>, y: &mut [F]) {
    let (&[rows, k], n) = (a.shape(), b.shape()[1]) else { unreachable!("both are matrices") };
    let first = n - C;
    let mut blocks = [[[F::zero(); SUMS]; C]; BLOCKS];
    let mut copy = [F::zero(); BLOCKS * SUMS];
    for start in (0..k).step_by(BLOCKS * SUMS) {
        let terms = (BLOCKS * SUMS).min(k - start);
        let blocks = &mut blocks[..terms.div_ceil(SUMS)];
        blocks.fill([[F::zero(); SUMS]; C]);
        for term in 0..terms {
            let block = &mut blocks[term / SUMS];
            (0..C).for_each(|c| block[c][term % SUMS] = b.at(start + term, first + c));
        }
        let part = Sums { a, start, terms, blocks };
        let mut put = |row: usize, c: usize, sum: F| {
            let y = &mut y[row * n + first + c];
            *y = if start == 0 { sum } else { *y + sum };
        };
        // Where the columns of a are contiguous, some rows at a time; then what is left, or all rows, one by one.
        let together = if a.strides()[0] == 1 && a.strides()[1] != 1 { rows / R * R } else { 0 };
        vectorize(
            #[inline(always)]
            || {
                for row in (0..together).step_by(R) {
                    for c in 0..C {
                        let sums = part.some_rows::<R>(row, c);
                        (0..R).for_each(|r| put(row + r, c, sums[r]));
                    }
                }
                for row in together..rows {
                    let sums = part.one_row(row, &mut copy);
                    (0..C).for_each(|c| put(row, c, sums[c]));
                }
            },
        );
    }
}

/// Some terms of the sums: those of a from a place on, and columns of b.
struct Sums<'a, const C: usize, F> {
    a: View<'a, F>,
    start: usize,
    terms: usize,
    blocks: &'a [Terms<C, F>],
}

impl<const C: usize, F: Float> Sums<'_, C, F> {
    /// A row's products with all columns; the row is copied, unless it is contiguous.
    #[inline(always)]
    fn one_row(&self, row: usize, copy: &mut [F; BLOCKS * SUMS]) -> [F; C] {
        let Self { a, start, terms, blocks } = *self;
        let row = if a.strides()[1] == 1 {
            &a.from(row, start)[..terms]
        } else {
            gather(a.row(row), start, &mut copy[..terms]);
            &copy[..terms]
        };
        let mut sums = [[F::zero(); SUMS]; C];
        let (whole, rest) = row.as_chunks::<SUMS>();
        for (x, block) in whole.iter().zip(blocks) {
            for c in 0..C {
                add(&mut sums[c], x, &block[c]);
            }
        }
        if !rest.is_empty() {
            let mut x = [F::zero(); SUMS];
            x[..rest.len()].copy_from_slice(rest);
            for c in 0..C {
                add(&mut sums[c], &x, &blocks[whole.len()][c]);
            }
        }
        sums.map(|sums| total(sums.map(|sum| [sum]))[0])
    }

    /// The products of some rows, side by side in a, with a column.
    #[inline(always)]
    fn some_rows<const R: usize>(&self, row: usize, c: usize) -> [F; R] {
        let Self { a, start, terms, blocks } = *self;
        let rows = |term: usize| a.from(row, start + term).first_chunk::<R>().expect("a has as many rows");
        let mut sums = [[F::zero(); R]; SUMS];
        let (whole, rest) = (terms / SUMS, terms % SUMS);
        for (k, block) in blocks[..whole].iter().enumerate() {
            for i in 0..SUMS {
                add(&mut sums[i], rows(k * SUMS + i), &[block[c][i]; R]);
            }
        }
        for i in 0..rest {
            add(&mut sums[i], rows(whole * SUMS + i), &[blocks[whole][c][i]; R]);
        }
        total(sums)
    }
}

/// Adds products to sums.
#[inline(always)]
fn add<const N: usize, F: Float>(sums: &mut [F; N], x: &[F; N], y: &[F; N]) {
    for i in 0..N {
        sums[i] += x[i] * y[i];
    }
}

/// The sums added up, by halves.
#[inline(always)]
fn total<const R: usize, F: Float>(mut sums: [[F; R]; SUMS]) -> [F; R] {
    let mut half = SUMS / 2;
    while half > 0 {
        let (kept, added) = sums.split_at_mut(half);
        for (kept, added) in kept.iter_mut().zip(added) {
            kept.iter_mut().zip(added).for_each(|(kept, &mut added)| *kept += added);
        }
        half /= 2;
    }
    sums[0]
}
