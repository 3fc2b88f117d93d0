//! What elementary functions need of a precision beyond arithmetic: its exponents, and constants rounded to it.
//!
//! Hidden behind [`Float`](super::Float), which is sealed by it.

/// Constants of [`kernel::math`](crate::kernel), rounded to a precision.
#[derive(Debug)]
pub struct Constants<F: 'static> {
    /// `1.5 · 2ᵖ⁻¹` with a significand of p bits: a sum with it has no bits after the point, so adding and subtracting
    /// it rounds to a whole number (Hacker's Delight, 2nd edition, section 17-2).
    pub round: F,
    /// `log₂ e`.
    pub log2_e: F,
    /// `ln 2` with so few bits that its product with any exponent is exact.
    pub ln_2_high: F,
    /// `ln 2` less that.
    pub ln_2_low: F,
    /// Below this `eˣ` rounds to 0, and above the next to infinity.
    pub exp_lowest: F,
    pub exp_highest: F,
    /// A number from which on `1 − e⁻ˣ`, and with it tanh x, rounds to 1, and a bit more.
    pub flat: F,
    /// An exponent from which on `1 − 2⁻ⁿ` and `2ⁿ + 1` round to 1 and 2ⁿ.
    pub far: F,
    /// P in `eʳ = 1 + r + r² P(r)` for `|r| ≤ ½ ln 2`, from the constant term on.
    pub exp: &'static [F],
    /// Q in `ln (1 + s)/(1 − s) = 2s + s³ Q(s²)` for `|s| ≤ (√2 − 1)/(√2 + 1)`, from the constant term on.
    pub ln: &'static [F],
}

/// A precision's constants and exponents.
pub trait Sealed: Sized + 'static {
    const CONSTANTS: Constants<Self>;

    /// `2ⁿ` for a whole number n that is the exponent of a normal number. Any bits for other n.
    fn power_of_two(n: Self) -> Self;

    /// `(m, k)` with `x = m 2ᵏ`, k whole and `√½ ≤ m < √2`, for a positive normal number. Any numbers for other x.
    fn split(self) -> (Self, Self);
}

/// Implements the trait: the float and its bits, bits of the significand, the exponent of 1, the bits of 1 and √½.
macro_rules! sealed {
    ($float:ty, $significand:literal, $bias:literal, $one:literal, $root:literal, $constants:expr) => {
        impl Sealed for $float {
            const CONSTANTS: Constants<Self> = $constants;

            #[inline(always)]
            fn power_of_two(n: Self) -> Self {
                // The sum's last bits are n plus the exponent of 1, which move to the place of the exponent.
                const SHIFTED: $float = <$float as Sealed>::CONSTANTS.round + $bias;
                Self::from_bits((n + SHIFTED).to_bits() << $significand)
            }

            #[inline(always)]
            fn split(self) -> (Self, Self) {
                // Moved up so that the exponent's bits step at 2ᵏ √½ instead of 2ᵏ.
                let moved = self.to_bits().wrapping_add($one - $root);
                let exponent = moved >> $significand;
                // The exponent as the last bits of a significand: no conversion of integers, which AVX2 lacks in f64.
                const WHOLE: $float = (1_u64 << $significand) as $float;
                let k = Self::from_bits(WHOLE.to_bits() | exponent) - (WHOLE + $bias);
                let m = Self::from_bits((moved & ((1 << $significand) - 1)).wrapping_add($root));
                (m, k)
            }
        }
    };
}

// The polynomials are interpolations at Chebyshev nodes, P's over a range 1e-4 wider than it says, computed with 60
// digits (mpmath's `chebyfit`) and rounded. With the rounded coefficients the error relative to eʳ − 1 and to the
// logarithm is at most 0.03 and 0.04 · 2⁻²⁴ in f32, 0.01 and 0.04 · 2⁻⁵³ in f64.
sealed!(
    f32,
    23,
    127.0,
    0x3f80_0000,
    0x3f35_04f3,
    Constants {
        round: 12_582_912.0,
        log2_e: std::f32::consts::LOG2_E,
        ln_2_high: 0.693_145_75,
        ln_2_low: 1.428_606_8e-6,
        exp_lowest: -105.0,
        exp_highest: 89.0,
        flat: 20.0,
        far: 30.0,
        exp: &[0.5, 0.166_666_67, 0.041_666_467, 0.008_333_31, 0.001_393_365, 0.000_198_909_91],
        ln: &[0.666_666_87, 0.399_887_77, 0.295_800_54],
    }
);

sealed!(
    f64,
    52,
    1023.0,
    0x3ff0_0000_0000_0000,
    0x3fe6_a09e_667f_3bcd,
    Constants {
        round: 6_755_399_441_055_744.0,
        log2_e: std::f64::consts::LOG2_E,
        ln_2_high: 0.693_147_180_559_890_3,
        ln_2_low: 5.497_923_018_708_371e-14,
        exp_lowest: -746.0,
        exp_highest: 710.0,
        flat: 44.0,
        far: 64.0,
        exp: &[
            0.5,
            0.166_666_666_666_666_7,
            0.041_666_666_666_666_67,
            0.008_333_333_333_326_136,
            0.001_388_888_888_888_374_8,
            0.000_198_412_698_748_206_27,
            2.480_158_732_554_774_3e-5,
            2.755_725_540_020_642_2e-6,
            2.755_727_364_311_03e-7,
            2.510_521_700_472_074_5e-8,
            2.091_468_696_808_687_6e-9,
        ],
        ln: &[
            0.666_666_666_666_667,
            0.399_999_999_998_994_44,
            0.285_714_286_260_032_7,
            0.222_222_111_302_598_78,
            0.181_828_894_556_749_47,
            0.153_317_106_182_107_73,
            0.146_165_854_248_886_23,
        ],
    }
);
