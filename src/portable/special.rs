//! The error function and its kin, of portable values; the cardinal sine.

use super::builder::Portable;
use super::element::ElementType;
use crate::kernel::special::{ERF_INV_CENTRE, ERF_INV_SIDES};
use std::f64::consts::{FRAC_2_SQRT_PI, PI};

/// The coefficients of `erf` and `erfc` by Sun Microsystems (FreeBSD's `s_erf.c`, 1993), those of denominators with their 1.
const ERX: f64 = 8.450_629_115_104_675e-1;
const PP: [f64; 5] = [
    1.283_791_670_955_125_6e-1,
    -3.250_421_072_470_015e-1,
    -2.848_174_957_559_851e-2,
    -5.770_270_296_489_442e-3,
    -2.376_301_665_665_016_3e-5,
];
const QQ: [f64; 6] = [
    1.0,
    3.979_172_239_591_553_5e-1,
    0.065_022_249_988_767_3,
    5.081_306_281_875_766e-3,
    1.324_947_380_043_216_4e-4,
    -3.960_228_278_775_368e-6,
];
const PA: [f64; 7] = [
    -2.362_118_560_752_659_4e-3,
    4.148_561_186_837_483_3e-1,
    -3.722_078_760_357_013e-1,
    3.183_466_199_011_617_5e-1,
    -1.108_946_942_823_966_8e-1,
    3.547_830_432_561_823_6e-2,
    -2.166_375_594_868_791e-3,
];
const QA: [f64; 7] = [
    1.0,
    1.064_208_804_008_442_3e-1,
    5.403_979_177_021_71e-1,
    7.182_865_441_419_627e-2,
    1.261_712_198_087_616_4e-1,
    1.363_708_391_202_905e-2,
    0.011_984_499_846_799_107,
];
const RA: [f64; 8] = [
    -9.864_944_034_847_148e-3,
    -6.938_585_727_071_818e-1,
    -1.055_862_622_532_329_1e1,
    -62.375_332_450_326_006,
    -1.623_966_694_625_734_7e2,
    -1.846_050_929_067_110_4e2,
    -8.128_743_550_630_66e1,
    -9.814_329_344_169_145,
];
const SA: [f64; 9] = [
    1.0,
    1.965_127_166_743_925_7e1,
    1.376_577_541_435_190_4e2,
    4.345_658_774_752_292_3e2,
    6.453_872_717_332_679e2,
    4.290_081_400_275_678_3e2,
    1.086_350_055_417_794_4e2,
    6.570_249_770_319_282,
    -6.042_441_521_485_81e-2,
];
const RB: [f64; 7] = [
    -9.864_942_924_700_1e-3,
    -7.992_832_376_805_23e-1,
    -1.775_795_491_775_475_2e1,
    -1.606_363_848_558_219_2e2,
    -6.375_664_433_683_896e2,
    -1.025_095_131_611_077_2e3,
    -4.835_191_916_086_514e2,
];
const SB: [f64; 8] = [
    1.0,
    30.338_060_743_482_46,
    3.257_925_129_965_739e2,
    1.536_729_586_084_437e3,
    3.199_858_219_508_595_5e3,
    2.553_050_406_433_164_4e3,
    474.528_541_206_955_37,
    -2.244_095_244_658_582e1,
];

/// Special functions, composed of primitives.
impl<'p> Portable<'p> {
    /// The error function.
    #[must_use]
    pub fn erf(self) -> Self {
        let a = self.abs();
        let tail = 1.0 - erfc_tail(a);
        a.less(0.84375).select(erf_centre(self), self.signed_as(tail))
    }

    /// The complement of the error function.
    #[must_use]
    pub fn erfc(self) -> Self {
        let tail = erfc_tail(self.abs());
        let sides = self.less(0.0).select(2.0 - tail, tail);
        self.abs().less(0.84375).select(1.0 - erf_centre(self), sides)
    }

    /// The inverse of the error function, in double precision.
    #[must_use]
    pub fn erfinv(self) -> Self {
        let x = self.convert(ElementType::Double);
        let a = x.abs();
        let beyond = 1.0 - a;
        let w = -(beyond * (1.0 + a)).ln();
        let square = -beyond.ln();
        let far = (square - 0.5 * (PI * square).ln()).sqrt();
        let sides = a * (w.sqrt() - 3.0).polynomial(&ERF_INV_SIDES);
        let mut y =
            w.less(5.0).select(a * (w - 2.5).polynomial(&ERF_INV_CENTRE), w.less(16.0).select(sides, far));
        for _ in 0..3 {
            let off = a.less(0.5).select(y.erf() - a, beyond - y.erfc());
            let newton = off / (FRAC_2_SQRT_PI * (-y.square()).exp());
            y = y - newton / (1.0 + y * newton);
        }
        let y = a.equal(1.0).select(f64::INFINITY, y);
        let y = a.greater(1.0).select(f64::NAN, y);
        x.signed_as(y).convert(self.element())
    }

    /// The derivative of an order of `sin πx / πx`, in double precision.
    #[must_use]
    pub fn sinc(self, order: u32) -> Self {
        let x = self.convert(ElementType::Double);
        let n = f64::from(order);
        let magnitude = x.abs();
        let bound = 2.0_f64.max(n);
        // The series of the integral of tⁿ cos(ut + nπ/2) from 0 to 1, as far as terms are not nothing at the bound.
        let u = (PI * magnitude).minimum(bound);
        let first = order % 2;
        let mut coefficients = Vec::new();
        let (mut m, mut factor) = (f64::from(first), if order.div_ceil(2) % 2 == 1 { -1.0 } else { 1.0 });
        while coefficients.len() < 6 + 2 * bound as usize || (factor * bound.powf(m)).abs() > 1e-20 {
            coefficients.push(factor / (m + n + 1.0));
            factor /= -((m + 1.0) * (m + 2.0));
            m += 2.0;
        }
        let series = u.square().polynomial(&coefficients);
        let series = if first == 1 { series * u } else { series };
        // Away from 0 by the recurrence of the derivatives of sin u / u.
        let far = magnitude.maximum(bound / PI);
        let whole = far.round();
        let odd = (whole % 2.0).not_equal(0.0);
        let from_whole = far - whole;
        let sign = odd.select(-1.0, far.full(1.0, &far.shape()));
        let sin = sign * (PI * from_whole).sin();
        let cos = sign * (PI * (0.5 - from_whole.abs())).sin();
        let u = PI * far;
        let mut f = sin / u;
        for j in 1..=order {
            let derivative = match j % 4 {
                0 => sin,
                1 => cos,
                2 => -sin,
                _ => -cos,
            };
            f = (derivative - f64::from(j) * f) / u;
        }
        let y = (PI * magnitude).less(bound).select(series, f);
        let y = magnitude.equal(f64::INFINITY).select(0.0, y);
        let y = if first == 1 { x.less(0.0).select(-y, y) } else { y };
        (PI.powf(n) * y).convert(self.element())
    }

    /// A value that is not negative, with the sign of this.
    #[must_use]
    pub fn signed_as(self, magnitude: Self) -> Self {
        self.less(0.0).select(-magnitude, magnitude)
    }
}

/// `erf x` for |x| < 0.84375.
fn erf_centre(x: Portable<'_>) -> Portable<'_> {
    let z = x.square();
    x + x * (z.polynomial(&PP) / z.polynomial(&QQ))
}

/// `erfc a` for a ≥ 0.84375.
fn erfc_tail(a: Portable<'_>) -> Portable<'_> {
    let s = a - 1.0;
    let near = 1.0 - ERX - s.polynomial(&PA) / s.polynomial(&QA);
    // Beyond 28 nothing is left, in either precision.
    let b = a.minimum(28.0).maximum(1.25);
    let s = b.square().recip();
    let ratio = b
        .less(1.0 / 0.35)
        .select(s.polynomial(&RA) / s.polynomial(&SA), s.polynomial(&RB) / s.polynomial(&SB));
    // b to a few bits, the square of which is exact.
    let z = (64.0 * b).floor() / 64.0;
    let far = (-z.square() - 0.5625).exp() * ((z - b) * (z + b) + ratio).exp() / b;
    let far = a.greater_equal(28.0).select(0.0, far);
    a.is_nan().select(a, a.less(1.25).select(near, far))
}
