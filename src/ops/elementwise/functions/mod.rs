//! Elementwise maths beside that of [`known`](super::known): rows whose rules may use every method of a var, and what is
//! composed of recorded ops.
//!
//! Functions of `libm` and of [`special`](crate::kernel::special) are computed in f64, and in f32 by way of it, which leaves
//! them half a unit of the last place off there and takes up to 1.5 times as long as `libm`'s functions of f32 (`erfc` 13.4 ns
//! beside 10.3, `tan` 7.2 beside 7.5, `ln_1p` 5.8 beside 4.0, in a loop on one core). `libm` has the same bits on every
//! machine. Its greatest errors in units of the last place, against mpmath with 40 digits at 2,000 points of the domain, tails
//! and ends included:
//!
//! | | | | | | |
//! | --- | --- | --- | --- | --- | --- |
//! | `tan` 0.7 | `asin` 0.7 | `acos` 0.8 | `atan` 0.7 | `sinh` 1.4 | `cosh` 1.2 |
//! | `asinh` 1.3 | `acosh` 1.2 | `atanh` 1.4 | `exp2` 0.5 | `ln_1p` 0.7 | `log2` 0.7 |
//! | `log10` 0.6 | `cbrt` 0.5 | `erf` 0.8 | `erfc` 2.0 | `lgamma` 1.5, of x > 0 | |
//!
//! std's `acosh` and `atanh` are off by 1e6 and 1e14 close to 1, and `erf`, `erfc` and `lgamma` of the crate `puruspe` by 1e10,
//! 970 and 2e7.

pub(in crate::ops) mod activations;
pub(in crate::ops) mod circular;
pub(in crate::ops) mod exponentials;
pub(in crate::ops) mod hyperbolic;
mod piecewise;
pub(in crate::ops) mod polygamma;
mod predicates;
pub(in crate::ops) mod rounding;
pub(in crate::ops) mod sinc;
pub(in crate::ops) mod special;

use crate::Float;

/// A function with its derivatives of every order as one op, whose rule is the next order: type, symbol of order 0, formula,
/// function of order and number, the method of portable values, domain of its samples.
macro_rules! every_order {
    ($op:ident, $symbol:literal, $formula:literal, $function:path, $portable:ident, $domain:expr) => {
        impl<F: $crate::Float> $crate::tape::op::Kernel<F> for $op {
            fn run(&self, x: $crate::kernel::Inputs<'_, '_, F>, y: $crate::kernel::Output<'_, F>) {
                let of = |x: F| super::by(|x| $function(self.order, x), x);
                y.data.iter_mut().zip(x.real(0).slice()).for_each(|(y, &x)| *y = of(x));
            }
        }

        impl $crate::tape::op::Op for $op {
            $crate::op_settings!();

            fn symbol(&self) -> String {
                match self.order {
                    0 => $symbol.to_owned(),
                    order => format!(concat!($symbol, "^({})"), order),
                }
            }

            fn formula(&self) -> &'static str {
                $formula
            }

            fn elementwise(&self) -> bool {
                true
            }

            fn shape(&self, x: &[$crate::tape::op::Operand<'_>]) -> Result<Vec<usize>, String> {
                let [x] = $crate::tape::operands::reals(x)?;
                Ok(x.to_vec())
            }

            fn rule<'t>(
                &self,
                _: usize,
                x: &[Var<'t>],
                _y: Var<'t>,
                dy: Var<'t>,
            ) -> $crate::tape::op::Derivative<'t> {
                (dy * dy.tape().apply(Self { order: self.order + 1 }, &[x[0]])).into()
            }

            fn smooth(&self) -> bool {
                true
            }

            fn portable<'p>(
                &self,
                x: &[$crate::portable::Portable<'p>],
                _: &[usize],
            ) -> Result<$crate::portable::Portable<'p>, String> {
                Ok(x[0].$portable(self.order))
            }

            fn samples(&self) -> Vec<$crate::tape::sample::Sample> {
                $crate::ops::elementwise::rows::alone($domain)
            }
        }
    };
}
use every_order;

/// A function of f64 at a number of either precision.
#[inline(always)]
fn by<F: Float>(f: impl Fn(f64) -> f64, x: F) -> F {
    F::of(f(x.wide()))
}

/// A function of two f64 at numbers of either precision.
#[inline(always)]
fn by_two<F: Float>(f: impl Fn(f64, f64) -> f64, a: F, b: F) -> F {
    F::of(f(a.wide(), b.wide()))
}
