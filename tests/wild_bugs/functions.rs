//! Functions of single elements: roots, powers, activations, the greater of two.

use crate::trial::{Custom, at, list};

/// The derivative of the square root taken as `1/x` (rust-autograd#37). At x = 4 the two are the same number.
#[test]
fn square_root_differentiated_as_reciprocal() {
    let at = at([list(&[4.0, 0.25, 2.3, 9.0, 0.7])]).twice();
    let wrong = Custom {
        name: "wild_sqrt",
        computes: |x| x[0].mapv(f64::sqrt),
        rule: |_, x, _, dy| (dy / x[0]).into(),
    };
    at.catches(wrong, 0);
    at.passes(|x| x[0].sqrt());
}

/// The second operand of `maximum` and `minimum` given its gradient with the wrong sign (candle#534).
#[test]
fn second_operand_of_maximum_with_the_wrong_sign() {
    let at = at([list(&[0.5, -1.2, 2.0, 0.1, 3.0]), list(&[1.5, -1.9, 0.4, 0.8, -1.0])]);
    let greatest = Custom {
        name: "wild_maximum",
        computes: |x| ndarray::Zip::from(&x[0]).and(&x[1]).map_collect(|&a, &b| f64::max(a, b)),
        rule: |operand, x, _, dy| match operand {
            0 => (dy * x[0].greater(x[1])).into(),
            _ => (-(dy * x[1].greater(x[0]))).into(),
        },
    };
    let least = Custom {
        name: "wild_minimum",
        computes: |x| ndarray::Zip::from(&x[0]).and(&x[1]).map_collect(|&a, &b| f64::min(a, b)),
        rule: |operand, x, _, dy| match operand {
            0 => (dy * x[0].less(x[1])).into(),
            _ => (-(dy * x[1].less(x[0]))).into(),
        },
    };
    at.catches(greatest, 1);
    at.catches(least, 1);
    at.passes(|x| x[0].maximum(x[1]));
    at.passes(|x| x[0].minimum(x[1]));
}

/// The sigmoid in the derivative of SiLU, `y = x σ(x)`, taken as `y / x`: NaN at 0 (candle#2083).
#[test]
fn sigmoid_of_silu_divided_out_of_the_result() {
    let at = at([list(&[0.0, 0.9, -1.4, 3.1])]).twice();
    let wrong = Custom {
        name: "wild_silu",
        computes: |x| x[0].mapv(|x| x / (1.0 + (-x).exp())),
        rule: |_, x, y, dy| {
            let sigmoid = y / x[0];
            (dy * sigmoid * (1.0 + x[0] * (1.0 - sigmoid))).into()
        },
    };
    at.catches(wrong, 0);
    at.passes(|x| x[0] * x[0].sigmoid());
}

fn elu(x: f64) -> f64 {
    if x > 0.0 { x } else { x.exp_m1() }
}

/// The derivative of ELU as a sum of two branches under masks: `0 · ∞` where the exponential of a large x overflows
/// (candle#2328).
#[test]
fn mask_times_infinity_in_elu() {
    let at = at([list(&[800.0, -0.8, 1.3, -2.1, -40.0])]);
    let wrong = Custom {
        name: "wild_elu",
        computes: |x| x[0].mapv(elu),
        rule: |_, x, _, dy| (dy * (x[0].greater(0.0) + x[0].less_equal(0.0) * x[0].exp())).into(),
    };
    at.catches(wrong, 0);
    // The same as a composition: the branch that is not taken is infinite, and so is its derivative.
    at.stops_at("exp_m1", |x| x[0].greater(0.0).select(x[0], x[0].exp_m1()));
    at.twice().passes(|x| x[0].relu() + (x[0] - x[0].relu()).exp_m1());
}

/// The op that the derivative of ELU records has no derivative of its own, so the second one is lost (rust-autograd).
#[test]
fn second_derivative_of_elu_lost() {
    const SLOPE: Custom = Custom {
        name: "wild_elu_grad",
        computes: |x| &x[1] * &x[0].mapv(|x| if x > 0.0 { 1.0 } else { x.exp() }),
        rule: |_, _, _, _| chainrule::op::Zero.into(),
    };
    let wrong = Custom {
        name: "wild_elu_by_an_op",
        computes: |x| x[0].mapv(elu),
        rule: |_, x, _, dy| SLOPE.on(&[x[0], dy]).into(),
    };
    let first = at([list(&[0.4, -0.8, 1.3, -2.1])]);
    first.passes(|x| wrong.on(x));
    let second = first.twice();
    second.catches_in(SLOPE.name, 0, |x| wrong.on(x));
    second.passes(|x| x[0].relu() + (x[0] - x[0].relu()).exp_m1());
}

/// The derivative of the magnitude taken as `x / |x|`: NaN at 0 (Zygote#1632).
#[test]
fn magnitude_at_zero() {
    let at = at([list(&[0.0, 1.2, -0.6])]);
    let wrong = Custom {
        name: "wild_abs",
        computes: |x| x[0].mapv(f64::abs),
        rule: |_, x, y, dy| (dy * x[0] / y).into(),
    };
    at.catches(wrong, 0);
    at.passes(|x| x[0].abs());
    // Not even a subgradient: those at 0 are from −1 to 1.
    let steep = Custom {
        name: "wild_abs_too_steep_at_zero",
        computes: |x| x[0].mapv(f64::abs),
        rule: |_, x, y, dy| (dy * (x[0].greater(0.0) - x[0].less(0.0) + 2.0 * y.equal(0.0))).into(),
    };
    at.catches(steep, 0);
}

/// `√x²`, whose derivative is `∞ · 0` at 0 (Zygote#1625): the root is to blame, and the magnitude is what was meant.
#[test]
fn root_of_a_square_at_zero() {
    let at = at([list(&[0.0, 1.2, -0.6])]);
    at.catches_in("sqrt", 0, |x| x[0].square().sqrt());
    at.passes(|x| x[0].abs());
}

/// The derivative of a power taken as `p y / x`, the general rule of logarithms: NaN at 0, where that of x² is 0
/// (Zygote#1625).
#[test]
fn square_at_zero() {
    let at = at([list(&[0.0, 1.2, -0.6, 0.9, -1.7, 2.2])]).twice();
    let wrong = Custom {
        name: "wild_square",
        computes: |x| x[0].mapv(|x| x * x),
        rule: |_, x, y, dy| (dy * (2.0 * y / x[0])).into(),
    };
    at.catches(wrong, 0);
    at.passes(|x| x[0].square());
    at.passes(|x| x[0].powi(2));
    at.passes(|x| x[0].powf(2.0));
    at.passes(|x| x[0] * x[0]);
}

/// A power by way of the logarithm: NaN for a negative base, though the exponent is an integer (candle). The value is
/// no number, or, where a library guards that, the derivative alone.
#[test]
fn power_of_a_negative_base() {
    let at = at([list(&[-1.3, 0.6, -0.4, 2.0])]).twice();
    let value = Custom {
        name: "wild_pow",
        computes: |x| x[0].mapv(|x| (3.0 * x.ln()).exp()),
        rule: |_, x, _, dy| (dy * (3.0 * x[0].square())).into(),
    };
    at.stops_at(value.name, |x| value.on(x));
    at.stops_at("ln", |x| (3.0 * x[0].ln()).exp());
    let derivative = Custom {
        name: "wild_pow_rule",
        computes: |x| x[0].mapv(|x| x.powi(3)),
        rule: |_, x, _, dy| (dy * (3.0 * (2.0 * x[0].ln()).exp())).into(),
    };
    at.catches(derivative, 0);
    at.passes(|x| x[0].powi(3));
    at.passes(|x| x[0].powf(3.0));
}
