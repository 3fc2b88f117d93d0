//! Numbers in formats that Rust has not.

/// The bits of the nearest bfloat16, and of two the even one, by way of `f32`.
pub(super) fn bf16(x: f64) -> u16 {
    let bits = (x as f32).to_bits();
    if x.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    (bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16) as u16
}
