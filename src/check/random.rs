//! Random cotangents and directions.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

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
        let magnitude = random.random_range(least..greatest);
        if random.random_bool(0.5) { magnitude } else { -magnitude }
    };
    (0..len).map(|_| number()).collect()
}

/// So many different positions below `len`, or all, in ascending order.
pub(super) fn positions(len: usize, count: usize, random: &mut Random) -> Vec<usize> {
    if len <= count {
        return (0..len).collect();
    }
    // One from each of equal stretches.
    (0..count).map(|k| random.random_range(k * len / count..(k + 1) * len / count)).collect()
}
