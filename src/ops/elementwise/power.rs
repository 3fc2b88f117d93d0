//! Powers with a fixed exponent.

use crate::Float;
use crate::graph::Attribute;
use crate::kernel::{Inputs, Lanes, Output};
use crate::portable::Portable;
use crate::tape::Var;
use crate::tape::op::{Derivative, Kernel, Op, Operand, Zero};
use crate::tape::operands::reals;
use crate::tape::sample::{Domain, Sample};

/// An integer power: `y = xⁿ`, `dx = dy n xⁿ⁻¹`. The base may be negative; `x⁰` is 1 everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Powi {
    /// The exponent.
    pub exponent: i32,
}

/// A real power: `y = xᵖ`, `dx = dy p xᵖ⁻¹`. NaN for a negative base unless p is an integer; `x⁰` is 1 everywhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Powf {
    /// The exponent.
    pub exponent: f64,
}

/// What the two powers share: all but the exponent's type, its function and the way it is written down.
macro_rules! power {
    ($op:ident, $formula:literal, $attribute:ident, |$x:ident, $n:ident| $of:expr, $portable:ident, $lower:expr, $domain:expr) => {
        impl<F: Float> Kernel<F> for $op {
            fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
                let $n = self.exponent;
                x.map1(|$x: F| $of, y);
            }
        }

        impl Op for $op {
            $crate::op_settings!();

            fn symbol(&self) -> String {
                format!("x^{}", Attribute::$attribute(self.exponent.into()))
            }

            fn formula(&self) -> &'static str {
                $formula
            }

            fn elementwise(&self) -> bool {
                true
            }

            fn shape(&self, x: &[Operand<'_>]) -> Result<Vec<usize>, String> {
                let [x] = reals(x)?;
                Ok(x.to_vec())
            }

            fn rule<'t>(&self, _: usize, x: &[Var<'t>], _y: Var<'t>, dy: Var<'t>) -> Derivative<'t> {
                let n = f64::from(self.exponent);
                // x⁰ is constant, and x¹ needs no power: no 0 · ∞ at x == 0.
                match n {
                    0.0 => Zero.into(),
                    1.0 => dy.into(),
                    _ => {
                        let lower: for<'v> fn(Var<'v>, Self) -> Var<'v> = $lower;
                        (dy * (n * lower(x[0], *self))).into()
                    }
                }
            }

            fn smooth(&self) -> bool {
                true
            }

            fn portable<'p>(&self, x: &[Portable<'p>], _: &[usize]) -> Result<Portable<'p>, String> {
                Ok(x[0].$portable(self.exponent))
            }

            fn samples(&self) -> Vec<Sample> {
                [&[3, 4][..], &[], &[2, 0], &[1, 5]].map(|s| Sample::of([s], $domain)).to_vec()
            }
        }
    };
}

power!(
    Powi,
    "y = x^n",
    Int,
    |x, n| x.powi(n),
    powi,
    |x, n| match n.exponent.checked_sub(1) {
        Some(lower) => x.powi(lower),
        None => x.powf(f64::from(n.exponent) - 1.0),
    },
    Domain::Signed(0.4, 2.0)
);

power!(
    Powf,
    "y = x^p",
    Number,
    |x, p| x.powf(F::of(p)),
    pow,
    |x, p| x.powf(p.exponent - 1.0),
    Domain::Between(0.3, 2.0)
);

crate::ops::entry::built_in! {
    Powi, "powi", [exponent], [0, 1, 2, 3, -2].map(|exponent| Self { exponent });
    Powf, "powf", [exponent], [0.0, 1.0, 2.0, 2.5, -0.5].map(|exponent| Self { exponent });
}

impl<'t> Var<'t> {
    /// `xⁿ` with an integer exponent, exact for negative bases: `dx = dy n xⁿ⁻¹`.
    #[doc(alias = "pow")]
    #[doc(alias = "power")]
    #[track_caller]
    #[must_use]
    pub fn powi(self, exponent: i32) -> Var<'t> {
        self.tape().apply(Powi { exponent }, &[self])
    }

    /// `xᵖ` with a real exponent: `dx = dy p xᵖ⁻¹`. NaN for a negative base unless p is an integer.
    #[doc(alias = "pow")]
    #[doc(alias = "power")]
    #[track_caller]
    #[must_use]
    pub fn powf(self, exponent: f64) -> Var<'t> {
        self.tape().apply(Powf { exponent }, &[self])
    }
}
