//! Random cotangents and directions.

use crate::kernel::fold;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

/// Where all random numbers of a check come from.
pub(super) type Random = Xoshiro256PlusPlus;

/// The generator of a stage: seeds of different stages give unrelated numbers.
pub(super) fn generator(seed: u64, stage: u64) -> Random {
    Random::seed_from_u64(seed ^ stage.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// The least and the greatest magnitude of the numbers of [`signed`].
pub(super) const MAGNITUDE: [f64; 2] = [0.5, 1.5];

/// Numbers of either sign, uniform in ±[0.5, 1.5]: equal pairs do not cancel, as ±1 would let them, and none is so
/// small that it hides what it is multiplied by, as normal numbers can be.
pub(super) fn signed(len: usize, random: &mut Random) -> Vec<f64> {
    let [least, greatest] = MAGNITUDE;
    let mut number = || {
        // The first 53 bits are a number from 0 to 1, the last one is the sign: as bits, since no processor foresees a branch
        // on it.
        let bits = random.next_u64();
        let magnitude = least + (greatest - least) * (bits >> 11) as f64 * 2.0_f64.powi(-53);
        f64::from_bits(magnitude.to_bits() | bits << 63)
    };
    (0..len).map(|_| number()).collect()
}

/// Random roundings of numbers, twice as large as they may be: each in proportion to itself, or to the greatest of its matrix, of
/// matrices of so many elements.
pub(super) fn roundings(numbers: &[f64], matrix: Option<usize>, random: &mut Random) -> Vec<f64> {
    let mut roundings = signed(numbers.len(), random);
    let together = matrix.unwrap_or(1);
    for (numbers, roundings) in numbers.chunks(together).zip(roundings.chunks_mut(together)) {
        let size = match greatest_finite(numbers) {
            // Of a matrix of zeros, any others are as near.
            0.0 if matrix.is_some() => 1.0,
            greatest => greatest,
        };
        roundings.iter_mut().for_each(|r| *r *= 2.0 * f64::EPSILON * size);
    }
    roundings
}

/// The greatest magnitude among the numbers that are finite; 0 if there is none.
pub(super) fn greatest_finite(numbers: &[f64]) -> f64 {
    fold(numbers, 0.0, |most, x: f64| if x.abs() > most && x.is_finite() { x.abs() } else { most })
}

/// So many different positions below `len`, or all, in ascending order.
pub(super) fn positions(len: usize, count: usize, random: &mut Random) -> Vec<usize> {
    if len <= count {
        return (0..len).collect();
    }
    // One from each of equal stretches.
    (0..count).map(|k| random.random_range(k * len / count..(k + 1) * len / count)).collect()
}
