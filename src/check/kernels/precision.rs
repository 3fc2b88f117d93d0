//! Kernels in f32 against those in f64, and kernels in f64 that compute in f32.

use super::super::random::Random;
use super::rounding::{Pair, Unit, by_random};
use super::trial::Trial;

/// An element for which a kernel gives two results.
pub(super) struct Two {
    pub(super) element: usize,
    /// What was found.
    pub(super) found: f64,
    /// What it is held against.
    pub(super) against: f64,
}

/// The operands as f32 has them, and the same numbers in f64. What is too large or too small for f32 is the greatest or
/// the smallest number that has all its digits.
fn rounded(x: &[Vec<f64>]) -> (Vec<Vec<f32>>, Vec<Vec<f64>>) {
    let round = |&x: &f64| -> f32 {
        let magnitude = match x.abs() {
            0.0 => 0.0,
            m if m.is_finite() => (m as f32).clamp(f32::MIN_POSITIVE, f32::MAX),
            m => m as f32,
        };
        magnitude.copysign(x as f32)
    };
    let single: Vec<Vec<f32>> = x.iter().map(|x| x.iter().map(round).collect()).collect();
    let wide = single.iter().map(|x| x.iter().map(|&x| f64::from(x)).collect()).collect();
    (single, wide)
}

/// Where the kernel in f32 differs from that in f64 on the same operands, those given rounded to f32, by more than
/// rounding; and whether that in f64 gives the same for them, bit for bit, as for the operands before they were rounded.
pub(super) fn compare(
    trial: &Trial<'_>,
    x: &[Vec<f64>],
    y: &[f64],
    random: &mut Random,
) -> (Option<Two>, bool) {
    let (single, wide) = rounded(x);
    let other: Vec<f64> = trial.run(&single).into_iter().map(f64::from).collect();
    let of_wide = trial.run(&wide);
    let pair = Pair { trial, x: &wide, y: &of_wide, other: &other, unit: Unit::F32 };
    let found = pair.apart(random);
    let found = found.map(|element| Two { element, found: other[element], against: of_wide[element] });
    let same = wide != x && same_bits(&of_wide, y);
    (found, same)
}

/// Whether two results are the same, bit for bit; whatever NaN they have.
pub(super) fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
}

/// Whether every number is one of f32.
fn all_single(y: &[f64]) -> bool {
    y.iter().all(|&y| f64::from(y as f32).to_bits() == y.to_bits() || y.is_nan())
}

/// Whether the kernel in f64 computes in single precision; `suspect` if it stands still where its operands are rounded to
/// f32.
///
/// At random operands near those given, either all results are numbers of f32; or none changes where the operands are
/// rounded to f32; or, for an elementwise op, none where they change by a thousandth of that. And yet results do change
/// where operands change by a few units of f32, by far more than a unit of f64: so it is not that they do not depend on
/// the operands, or so little that it is lost in rounding. That all this holds by chance is out of the question: what an
/// op computes in f64 is a number of f32 once in 2²⁹.
pub(super) fn is_single(
    trial: &Trial<'_>,
    x: &[Vec<f64>],
    y: &[f64],
    suspect: bool,
    random: &mut Random,
) -> bool {
    /// How far the operands are taken away, so that their last digits are random.
    const AWAY: f64 = 1e-3;
    /// Results that must have changed.
    const ENOUGH: usize = 4;
    const POINTS: usize = 4;
    let elementwise = trial.op.elementwise();
    let near = |x: &[Vec<f64>], random: &mut Random| trial.run(&by_random(x, 1e-10, random));
    let mut possible = [all_single(y), suspect, elementwise && same_bits(&near(x, random), y)];
    let mut changed = 0;
    for _ in 0..POINTS {
        if possible == [false; 3] {
            return false;
        }
        let x = by_random(x, AWAY, random);
        let y = trial.run(&x);
        possible[0] = possible[0] && all_single(&y);
        possible[1] = possible[1] && same_bits(&trial.run(&rounded(&x).1), &y);
        possible[2] = possible[2] && same_bits(&near(&x, random), &y);
        let far = trial.run(&by_random(&x, 8.0 * f64::from(f32::EPSILON), random));
        let has_changed = |(a, b): (&f64, &f64)| (a - b).abs() > 1e3 * f64::EPSILON * b.abs().max(a.abs());
        changed += far.iter().zip(&y).filter(|&(a, b)| has_changed((a, b))).count();
    }
    changed >= ENOUGH && possible != [false; 3]
}
