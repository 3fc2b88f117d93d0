//! Random numbers that the Python programs draw as well (`python/common.py`), so that all engines start alike.

/// SplitMix64 (Steele, Lea and Flood, 2014). The k-th number follows from k alone, which NumPy computes in one go.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// One of many sequences.
    pub(crate) fn new(stream: u64) -> Self {
        Self(mix(stream))
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A whole number less than `n`.
    pub(crate) fn below(&mut self, n: u32) -> usize {
        // The product of two numbers of 32 bits, of which the upper half is wanted.
        (((self.bits() >> 32) * u64::from(n)) >> 32) as usize
    }

    /// From 0 up to but not including 1.
    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Normally distributed, with mean 0 and variance 1 (Box and Muller, 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let (radius, angle) = (self.unit(), self.unit());
        (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }
}

fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
