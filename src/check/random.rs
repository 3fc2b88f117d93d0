//! Random cotangents and directions.

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

/// So many different positions below `len`, or all, in ascending order.
pub(super) fn positions(len: usize, count: usize, random: &mut Random) -> Vec<usize> {
    if len <= count {
        return (0..len).collect();
    }
    // One from each of equal stretches.
    (0..count).map(|k| random.random_range(k * len / count..(k + 1) * len / count)).collect()
}
