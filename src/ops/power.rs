//! Powers with a fixed exponent.

use crate::Float;
use crate::graph::{Attribute, Attributes};
use crate::kernel::{Inputs, Lanes, Output};
use crate::tape::op::{Derivative, Domain, Kernel, Op, Operand, Sample, Zero, reals};
use crate::tape::{LoadOp, Var};

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
    ($op:ident, $name:literal, $formula:literal, $attribute:ident, |$x:ident, $n:ident| $of:expr, $lower:expr,
     $load:expr, $domain:expr, [$($example:expr),+]) => {
        impl<F: Float> Kernel<F> for $op {
            fn run(&self, x: Inputs<'_, '_, F>, y: Output<'_, F>) {
                let $n = self.exponent;
                x.map1(|$x: F| $of, y);
            }
        }

        impl Op for $op {
            fn name(&self) -> &'static str {
                Self::NAME
            }

            fn symbol(&self) -> String {
                format!("x^{}", Attribute::$attribute(self.exponent.into()))
            }

            fn formula(&self) -> &'static str {
                $formula
            }

            fn attributes(&self) -> Attributes {
                Attributes::new().with("exponent", Attribute::$attribute(self.exponent.into()))
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

            fn samples(&self) -> Vec<Sample> {
                [&[3, 4][..], &[], &[2, 0], &[1, 5]].map(|s| Sample::of([s], $domain)).to_vec()
            }
        }

        impl LoadOp for $op {
            const NAME: &'static str = $name;

            fn load(a: &Attributes) -> Result<Self, String> {
                let load: fn(&Attributes) -> Result<Self, String> = $load;
                load(a)
            }

            fn examples() -> Vec<Self> {
                vec![$(Self { exponent: $example }),+]
            }
        }
    };
}

power!(
    Powi,
    "powi",
    "y = x^n",
    Int,
    |x, n| x.powi(n),
    |x, n| match n.exponent.checked_sub(1) {
        Some(lower) => x.powi(lower),
        None => x.powf(f64::from(n.exponent) - 1.0),
    },
    |a| match i32::try_from(a.int("exponent")?) {
        Ok(exponent) => Ok(Self { exponent }),
        Err(_) => Err("attribute `exponent` does not fit in 32 bits".to_owned()),
    },
    Domain::Signed(0.4, 2.0),
    [0, 1, 2, 3, -2]
);

power!(
    Powf,
    "powf",
    "y = x^p",
    Number,
    |x, p| x.powf(F::of(p)),
    |x, p| x.powf(p.exponent - 1.0),
    |a| Ok(Self { exponent: a.number("exponent")? }),
    Domain::Between(0.3, 2.0),
    [0.0, 1.0, 2.0, 2.5, -0.5]
);

impl<'t> Var<'t> {
    /// `xⁿ` with an integer exponent, exact for negative bases: `dx = dy n xⁿ⁻¹`.
    #[track_caller]
    #[must_use]
    pub fn powi(self, exponent: i32) -> Var<'t> {
        self.tape().apply(Powi { exponent }, &[self])
    }

    /// `xᵖ` with a real exponent: `dx = dy p xᵖ⁻¹`. NaN for a negative base unless p is an integer.
    #[track_caller]
    #[must_use]
    pub fn powf(self, exponent: f64) -> Var<'t> {
        self.tape().apply(Powf { exponent }, &[self])
    }
}
