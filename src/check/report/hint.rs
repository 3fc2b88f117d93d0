//! What wrong derivatives look like, where their numbers tell.
//!
//! A hint is a statement about numbers that were measured, so every element that differs must agree with it to within
//! the precision of its own measurement, and more than one of them must be measured well.

use crate::check::measure::element::{Compared, Element};
use crate::check::report::axes::Axis;

/// The relative error down to which a measurement counts as a good one.
const GOOD: f64 = 1e-4;
/// What roundings may do to two numbers that are the same.
const ROUNDING: f64 = 1e-9;

/// The hint for a function with steps to which a rule that is not zero was given by hand.
pub(crate) const FLAT: &str = "the kernel is flat almost everywhere, so that differences are exactly 0 wherever they cross \
                               no step, and the rule is not zero; if that is meant, as in a straight-through estimator, \
                               record `x + (f(x) - x).stop_gradient()`, which differences hold constant as well";

/// An element with both its derivatives, and the verdict on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) element: usize,
    pub(crate) compared: Compared,
    pub(crate) verdict: Element,
}

/// What gave the derivatives that are wrong; a hint calls it by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// An op's rule for one operand.
    Rule,
    /// The gradient of an output.
    Gradient,
}

/// Everything that a hint may be drawn from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence<'a> {
    pub(crate) of: Of,
    /// The derivative that is checked, of every element.
    pub(crate) given: &'a [f64],
    /// The shape of these.
    pub(crate) shape: &'a [usize],
    /// The elements that were measured; what is said of "every element" is said of all, if all are here.
    pub(crate) measured: &'a [Measured],
    /// The axes over which something is added up or stretched.
    pub(crate) axes: &'a [Axis],
}

/// A hint, if the numbers tell.
pub(crate) fn of(evidence: &Evidence<'_>) -> Option<String> {
    let Evidence { given, measured, axes, .. } = *evidence;
    let failing: Vec<Measured> = measured.iter().copied().filter(|m| m.verdict == Element::Fail).collect();
    if failing.iter().any(|m| !m.compared.backprop.is_finite() || !m.compared.numeric.is_finite()) {
        return None;
    }
    let complete = measured.len() == given.len();
    let looks = looks(evidence, &failing, complete);
    // Do those that do not differ look the same, as zeros do?
    let others = measured.iter().filter(|m| m.verdict != Element::Fail && m.verdict != Element::Kink);
    let everywhere = looks.is_some_and(|looks| others.clone().all(|m| looks.agrees(evidence, m)));
    let count = format!("{} of {} elements differ", failing.len(), given.len());
    let right = others.filter(|m| matches!(m.verdict, Element::Pass | Element::Zero)).count();
    match looks {
        Some(looks) if everywhere => Some(looks.everywhere(evidence.of, axes)),
        Some(looks) if complete => Some(format!("{count}: {}", looks.there(evidence.of, axes))),
        None if complete && right > 0 && !failing.is_empty() => Some(count),
        _ => None,
    }
}

/// What numbers that are wrong may look like beside those that were measured.
#[derive(Debug, Clone, Copy)]
enum Looks {
    Zero,
    Flipped,
    /// The ratio of the two, and how exactly it is known.
    Times(f64, f64),
    Transposed {
        sign: f64,
    },
}

/// What all elements that differ agree with.
fn looks(evidence: &Evidence<'_>, failing: &[Measured], complete: bool) -> Option<Looks> {
    let good = failing.iter().filter(|m| is_good(m)).count();
    if good < 2 {
        return None;
    }
    let mut possible = vec![Looks::Zero, Looks::Flipped];
    possible.extend(ratio(failing).map(|(ratio, error)| Looks::Times(ratio, error)));
    // A transpose mixes elements, so all of them are needed.
    if complete && matches!(*evidence.shape, [rows, columns] if rows > 1 && columns > 1) {
        possible.extend([1.0, -1.0].map(|sign| Looks::Transposed { sign }));
    }
    possible.into_iter().find(|looks| failing.iter().all(|m| looks.agrees(evidence, m)))
}

fn is_good(m: &Measured) -> bool {
    m.compared.numeric != 0.0 && 4.0 * m.compared.error <= GOOD * m.compared.numeric.abs()
}

/// What the derivatives are too large by, by the element that tells it best; and how exactly it tells.
fn ratio(failing: &[Measured]) -> Option<(f64, f64)> {
    let one = |m: &Measured| {
        let Compared { backprop, numeric, error } = m.compared;
        (backprop / numeric, (4.0 * error / numeric.abs() + ROUNDING) * (backprop / numeric).abs())
    };
    let present = failing.iter().filter(|m| is_good(m) && m.compared.backprop != 0.0);
    present.map(one).min_by(|a, b| (a.1 / a.0.abs()).total_cmp(&(b.1 / b.0.abs())))
}

impl Looks {
    /// Whether an element looks like this, to within its own precision.
    fn agrees(self, evidence: &Evidence<'_>, m: &Measured) -> bool {
        let Compared { backprop, numeric, error } = m.compared;
        let near = |a: f64, b: f64, error: f64| (a - b).abs() <= error + ROUNDING * a.abs().max(b.abs());
        match self {
            Self::Zero => backprop == 0.0,
            Self::Flipped => near(-backprop, numeric, 4.0 * error),
            Self::Times(ratio, off) => {
                near(backprop, ratio * numeric, 4.0 * error * ratio.abs() + off * numeric.abs())
            }
            Self::Transposed { sign } => {
                let &[rows, columns] = evidence.shape else { return false };
                let there = evidence.given[m.element % columns * rows + m.element / columns];
                near(sign * there, numeric, 4.0 * error)
            }
        }
    }

    /// In words, where every element looks like this.
    fn everywhere(self, of: Of, axes: &[Axis]) -> String {
        match (self, of) {
            (Self::Zero, Of::Rule) => "the rule gives zero, and the result depends on the operand".to_owned(),
            (Self::Zero, Of::Gradient) => {
                "the gradient is zero, and the output depends on the elements".to_owned()
            }
            (Self::Flipped, _) => "matches with the sign flipped".to_owned(),
            (Self::Times(ratio, error), _) => {
                format!("every element is {}", times(ratio, error, axes))
            }
            (Self::Transposed { sign }, _) if sign > 0.0 => "matches the transpose".to_owned(),
            (Self::Transposed { .. }, _) => "matches the transpose with the sign flipped".to_owned(),
        }
    }

    /// In words, of those elements that differ, where others do not.
    fn there(self, of: Of, axes: &[Axis]) -> String {
        match self {
            Self::Zero => "there it is zero".to_owned(),
            Self::Flipped => "there the sign is flipped".to_owned(),
            Self::Times(ratio, error) => format!("each of these is {}", times(ratio, error, axes)),
            Self::Transposed { .. } => self.everywhere(of, axes),
        }
    }
}

/// A ratio in words, with the one size of an axis that it may be.
fn times(ratio: f64, error: f64, axes: &[Axis]) -> String {
    let text = format!("{} times what it should be", digits(ratio));
    let is = |wanted: f64| (ratio - wanted).abs() <= error && error <= GOOD * wanted;
    let mut named = axes.iter().filter_map(|axis| {
        let n = axis.size as f64;
        match () {
            () if is(n) => Some(format!("{text}; it may be {}", axis.what)),
            () if is(1.0 / n) => Some(format!("{text}; it may be 1 / {}, {}", axis.size, axis.what)),
            () => None,
        }
    });
    // If several have that size, which one it is cannot be told.
    match (named.next(), named.next()) {
        (Some(named), None) => named,
        _ => text,
    }
}

/// A ratio to three decimals, or to as many as show by how much it differs from 0 and from 1.
fn digits(ratio: f64) -> String {
    let off = (ratio - 1.0).abs();
    match ratio.abs() {
        size if !(1e-3..1e6).contains(&size) => format!("{ratio:.3e}"),
        _ if off < 0.01 => format!("{ratio:.0$}", (2.0 - off.log10().floor()).clamp(3.0, 12.0) as usize),
        _ => format!("{ratio:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hint for derivatives `given` where differences give `right`, each to within a relative `error`.
    fn hint(given: &[f64], right: &[f64], error: f64, shape: &[usize], axes: &[Axis]) -> Option<String> {
        let measured: Vec<Measured> = given
            .iter()
            .zip(right)
            .enumerate()
            .map(|(element, (&backprop, &numeric))| {
                let compared = Compared { backprop, numeric, error: error * numeric.abs() };
                Measured { element, compared, verdict: compared.verdict(1e-6) }
            })
            .collect();
        of(&Evidence { of: Of::Rule, given, shape, measured: &measured, axes })
    }

    #[test]
    fn numbers_tell_what_is_wrong_with_them() {
        let right = [0.5, -1.0, 2.0, 0.25, 3.0, -0.75];
        let times = |factor: f64| right.map(|x| x * factor);
        let axes = [
            Axis { size: 3, what: "the size of axis 0".to_owned() },
            Axis { size: 4, what: "the size of axis 1".to_owned() },
        ];
        let said = |given: &[f64]| hint(given, &right, 1e-9, &[3, 2], &axes).unwrap_or_default();
        assert_eq!(said(&times(-1.0)), "matches with the sign flipped");
        assert_eq!(
            said(&times(3.0)),
            "every element is 3.000 times what it should be; it may be the size of axis 0"
        );
        assert_eq!(
            said(&times(0.25)),
            "every element is 0.250 times what it should be; it may be 1 / 4, the size of axis 1"
        );
        assert_eq!(said(&times(1.7)), "every element is 1.700 times what it should be");
        assert_eq!(said(&times(3.001)), "every element is 3.001 times what it should be");
        assert_eq!(said(&times(1.0 + 1e-5)), "every element is 1.0000100 times what it should be");
        assert_eq!(said(&[0.0; 6]), "the rule gives zero, and the result depends on the operand");
        // The transpose of right, read as if it were right itself.
        let transposed = [0.5, 2.0, 3.0, -1.0, 0.25, -0.75];
        assert_eq!(said(&transposed), "matches the transpose");
        assert_eq!(said(&transposed.map(|x| -x)), "matches the transpose with the sign flipped");
        assert_eq!(said(&[0.5, -1.0, 2.0, 0.25, 3.0, 0.1]), "1 of 6 elements differ");
        assert_eq!(
            said(&[0.5, 1.0, -2.0, 0.25, 3.0, 0.75]),
            "3 of 6 elements differ: there the sign is flipped"
        );
        assert_eq!(said(&[9.0, 8.0, 7.0, 6.0, 5.0, 4.0]), "");
        assert_eq!(said(&[f64::NAN; 6]), "");
    }

    #[test]
    fn one_element_and_coarse_measurements_tell_nothing() {
        assert_eq!(hint(&[-1.0], &[1.0], 1e-9, &[1], &[]), None);
        assert_eq!(hint(&[-1.0, 2.0], &[1.0, 2.0], 1e-9, &[2], &[]).unwrap(), "1 of 2 elements differ");
        assert_eq!(hint(&[-1.0, 2.0], &[1.0, -2.0], 1e-2, &[2], &[]), None);
        // Two have the same ratio and the third has another one, by a part of a million.
        let right = [1.0, 2.0, 5.0];
        assert_eq!(hint(&[3.0, 6.0, 15.0 * (1.0 + 1e-6)], &right, 1e-10, &[3], &[]), None);
    }

    #[test]
    fn a_size_that_two_axes_have_is_not_named() {
        let axis = |what: &str| Axis { size: 3, what: what.to_owned() };
        let axes = [axis("the size of axis 0"), axis("the size of axis 1")];
        let said = hint(&[3.0, -6.0], &[1.0, -2.0], 1e-9, &[2], &axes);
        assert_eq!(said.unwrap(), "every element is 3.000 times what it should be");
    }
}
