//! Wrong rules of elementwise functions.

use crate::altered::Given;
use crate::specimen::{Specimen, operands};
use crate::support::{Operand, real};
use chainrule::op::{Domain, Zero};
use chainrule::ops;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Two operands of positive numbers.
fn positive() -> Vec<Operand> {
    let numbers = |seed| real(&[3, 4], Domain::Between(0.4, 2.0), &mut ChaCha8Rng::seed_from_u64(seed));
    [0, 1].map(|seed| Operand::Real(numbers(seed))).to_vec()
}

pub(crate) fn all() -> Vec<Specimen> {
    vec![
        Specimen::altered(
            14,
            "the complement of erf with erf's sign",
            ops::Erfc,
            0,
            operands([&[3, 4]]),
            |Given { wrong, x, dy, .. }| {
                let slope = std::f64::consts::FRAC_2_SQRT_PI * (-x[0].square()).exp();
                if wrong { (dy * slope).into() } else { (-(dy * slope)).into() }
            },
        ),
        Specimen::altered(
            17,
            "atan' from y instead of x",
            ops::Atan,
            0,
            operands([&[3, 4]]),
            |Given { wrong, x, y, dy, .. }| {
                let of = if wrong { y } else { x[0] };
                (dy / (1.0 + of.square())).into()
            },
        ),
        Specimen::altered(
            15,
            "an angle that does not depend on the abscissa",
            ops::Atan2,
            1,
            operands([&[3, 4], &[4]]),
            |Given { wrong, operand, x, dy, .. }| {
                let square = x[0].square() + x[1].square();
                match operand {
                    0 => (dy * x[1] / square).into(),
                    _ if wrong => Zero.into(),
                    _ => (-(dy * x[0] / square)).into(),
                }
            },
        ),
        Specimen::altered(
            17,
            "the shares of a logarithm of a sum swapped",
            ops::LogAddExp,
            0,
            operands([&[3, 4], &[4]]),
            |Given { wrong, operand, x, dy, .. }| {
                let (own, other) = if wrong { (1 - operand, operand) } else { (operand, 1 - operand) };
                (dy * (x[own] - x[other]).sigmoid()).into()
            },
        ),
        Specimen::altered(
            15,
            "the logarithm of the base dropped",
            ops::Pow,
            1,
            positive(),
            |Given { wrong, operand, x, y, dy, .. }| match operand {
                0 => (dy * x[1] * x[0].pow(x[1] - 1.0)).into(),
                _ if wrong => (dy * y).into(),
                _ => (dy * y * x[0].ln()).into(),
            },
        ),
        Specimen::altered(
            14,
            "the sign of the quotient of a remainder",
            ops::Remainder,
            1,
            positive(),
            |Given { wrong, operand, x, y, dy, .. }| {
                let quotient = ((x[0] - y) / x[1]).round();
                match operand {
                    0 => dy.into(),
                    _ if wrong => (dy * quotient).into(),
                    _ => (-(dy * quotient)).into(),
                }
            },
        ),
        Specimen::altered(
            17,
            "the second derivative of sinc in the place of the first",
            ops::Sinc { order: 0 },
            0,
            operands([&[3, 4]]),
            |Given { wrong, x, dy, .. }| {
                let order = if wrong { 2 } else { 1 };
                (dy * dy.tape().apply(ops::Sinc { order }, &[x[0]])).into()
            },
        ),
        // As if rounding were the identity.
        Specimen::altered(
            15,
            "a cotangent straight through rounding",
            ops::Floor,
            0,
            operands([&[3, 4]]),
            |Given { wrong, dy, .. }| if wrong { dy.into() } else { Zero.into() },
        ),
    ]
}
