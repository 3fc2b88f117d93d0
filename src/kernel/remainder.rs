//! The remainder columns of a matrix product: the last one or two, for which a GEMM library would compute a whole tile.
//!
//! Terms are added in one order whatever the strides of the operands, so that equal numbers have equal products.

use super::{View, gather, vectorize};
use crate::Float;

/// The least rows of the product and terms of a sum for which it pays.
const MIN_ROWS: usize = 32;
const MIN_TERMS: usize = 32;
/// The largest result for which the library has special cases, which depend on the layout.
const SMALL: usize = 256;
/// Independent running sums, which hide the latency of additions and are added up at the end.
const LANES: usize = 8;
/// The most blocks of terms for which columns of b are packed, on the stack.
const BLOCKS: usize = 64;

/// A packed block of terms of `C` columns, zero-padded.
type Terms<const C: usize, F> = [[F; LANES]; C];

/// How the remainder columns are computed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Method {
    /// By [`last_columns`].
    DotProducts,
    /// By the library, as columns, and not as rows of the transposed product as otherwise.
    Columns,
}

/// How many of the last of `n` columns, of `m` rows and with sums of `k` terms, are better computed separately, if any, and
/// how: the one or two for which the library takes as long as for a tile of two registers (of 256 bits).
///
/// At 100 × 784 × 50 in f32, `gemm` takes 92 µs for all columns and 70 for 48, and the other two 11 as `DotProducts`; at
/// 784 × 100 × 50, a transposed, 99, 76, and 7 as `Columns`; the library for AVX-512 87 and 65, and 88 and 66 (one Zen 4
/// core). The decision depends on the sizes alone, so that equal numbers have equal products whatever their strides; where
/// the rows of a are contiguous and far more than the terms, `Columns` costs the product 7 % instead.
pub(super) fn remainder_columns<F: Float>([m, k, n]: [usize; 3]) -> Option<(usize, Method)> {
    let tile = 64 / size_of::<F>();
    let rest = n % tile;
    let large = n >= tile && m >= MIN_ROWS && k >= MIN_TERMS && m * (n - rest) > SMALL;
    if !large || !(1..=2).contains(&rest) {
        return None;
    }
    if m <= k {
        Some((rest, Method::DotProducts))
    } else if m >= k.saturating_mul(3) && m > SMALL / 2 {
        Some((rest, Method::Columns))
    } else {
        None
    }
}

/// Writes the last `count` columns of `a · b`, one or two, to those of `y`, row-major.
pub(super) fn last_columns<F: Float>(a: View<'_, F>, b: View<'_, F>, count: usize, y: &mut [F]) {
    // A tile of as many rows as fill a register.
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
    let mut blocks = [[[F::zero(); LANES]; C]; BLOCKS];
    let mut copy = [F::zero(); BLOCKS * LANES];
    for start in (0..k).step_by(BLOCKS * LANES) {
        let terms = (BLOCKS * LANES).min(k - start);
        let blocks = &mut blocks[..terms.div_ceil(LANES)];
        blocks.fill([[F::zero(); LANES]; C]);
        for term in 0..terms {
            let block = &mut blocks[term / LANES];
            (0..C).for_each(|c| block[c][term % LANES] = b.at(start + term, first + c));
        }
        let part = Sums { a, start, terms, blocks };
        let mut put = |row: usize, c: usize, sum: F| {
            let y = &mut y[row * n + first + c];
            *y = if start == 0 { sum } else { *y + sum };
        };
        // If the columns of a are contiguous, tiles of rows, and then the remaining rows one by one; otherwise all rows one
        // by one.
        let tiled = if a.strides()[0] == 1 && a.strides()[1] != 1 { rows / R * R } else { 0 };
        vectorize(
            #[inline(always)]
            || {
                for row in (0..tiled).step_by(R) {
                    for c in 0..C {
                        let sums = part.some_rows::<R>(row, c);
                        (0..R).for_each(|r| put(row + r, c, sums[r]));
                    }
                }
                for row in tiled..rows {
                    let sums = part.one_row(row, &mut copy);
                    (0..C).for_each(|c| put(row, c, sums[c]));
                }
            },
        );
    }
}

/// Some terms of the sums: those of a from `start` on, and packed columns of b.
struct Sums<'a, const C: usize, F> {
    a: View<'a, F>,
    start: usize,
    terms: usize,
    blocks: &'a [Terms<C, F>],
}

impl<const C: usize, F: Float> Sums<'_, C, F> {
    /// The products of a row with all columns; a strided row is gathered first.
    #[inline(always)]
    fn one_row(&self, row: usize, copy: &mut [F; BLOCKS * LANES]) -> [F; C] {
        let Self { a, start, terms, blocks } = *self;
        let row = if a.strides()[1] == 1 {
            &a.from(row, start)[..terms]
        } else {
            gather(a.row(row), start, &mut copy[..terms]);
            &copy[..terms]
        };
        let mut sums = [[F::zero(); LANES]; C];
        let (whole, rest) = row.as_chunks::<LANES>();
        for (x, block) in whole.iter().zip(blocks) {
            for c in 0..C {
                add(&mut sums[c], x, &block[c]);
            }
        }
        if !rest.is_empty() {
            let mut x = [F::zero(); LANES];
            x[..rest.len()].copy_from_slice(rest);
            for c in 0..C {
                add(&mut sums[c], &x, &blocks[whole.len()][c]);
            }
        }
        sums.map(|sums| total(sums.map(|sum| [sum]))[0])
    }

    /// The products of a tile of rows, contiguous in a, with a column.
    #[inline(always)]
    fn some_rows<const R: usize>(&self, row: usize, c: usize) -> [F; R] {
        let Self { a, start, terms, blocks } = *self;
        let rows = |term: usize| a.from(row, start + term).first_chunk::<R>().expect("a has as many rows");
        let mut sums = [[F::zero(); R]; LANES];
        let (whole, rest) = (terms / LANES, terms % LANES);
        for (k, block) in blocks[..whole].iter().enumerate() {
            for i in 0..LANES {
                add(&mut sums[i], rows(k * LANES + i), &[block[c][i]; R]);
            }
        }
        for i in 0..rest {
            add(&mut sums[i], rows(whole * LANES + i), &[blocks[whole][c][i]; R]);
        }
        total(sums)
    }
}

/// Adds products to sums, elementwise.
#[inline(always)]
fn add<const N: usize, F: Float>(sums: &mut [F; N], x: &[F; N], y: &[F; N]) {
    for i in 0..N {
        sums[i] += x[i] * y[i];
    }
}

/// The total of the running sums, pairwise.
#[inline(always)]
fn total<const R: usize, F: Float>(mut sums: [[F; R]; LANES]) -> [F; R] {
    let mut half = LANES / 2;
    while half > 0 {
        let (kept, added) = sums.split_at_mut(half);
        for (kept, added) in kept.iter_mut().zip(added) {
            kept.iter_mut().zip(added).for_each(|(kept, &mut added)| *kept += added);
        }
        half /= 2;
    }
    sums[0]
}
