//! Kernels in f32 against those in f64, and kernels in f64 that compute in f32.

use crate::check::node::kernels::rounding::{Roundoff, TwoResults, by_random};
use crate::check::node::kernels::trial::Trial;
use crate::check::random::Random;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An element for which a kernel gives two results.
pub(super) struct Mismatch {
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
) -> (Option<Mismatch>, bool) {
    let (single, wide) = rounded(x);
    let of_wide = trial.run(&wide);
    let same = wide != x && same_bits(&of_wide, y);
    // A kernel that is not there in f32 says so itself, by a panic, to whoever runs it: nothing is wrong in silence.
    let run = AssertUnwindSafe(|| trial.run(&single));
    let Ok(other) = catch_unwind(run) else { return (None, same) };
    let other: Vec<f64> = other.into_iter().map(f64::from).collect();
    let pair = TwoResults { trial, x: &wide, y: &of_wide, other: &other, unit: Roundoff::F32 };
    let found = pair.apart(random).filter(|&element| {
        let off = (other[element] - of_wide[element]).abs();
        is_systematic(trial, &wide, element, off, random)
    });
    (found.map(|element| Mismatch { element, found: other[element], against: of_wide[element] }), same)
}

/// Whether the kernel in f32 is off to the same side at operands nearby, as a wrong one is: one that is off by roundings of
/// numbers that cancel inside it is off to either side.
fn is_systematic(trial: &Trial<'_>, x: &[Vec<f64>], element: usize, off: f64, random: &mut Random) -> bool {
    /// Operands that are tried, and how far away they are.
    const POINTS: usize = 16;
    const AWAY: f64 = 0.2;
    /// The least part of what is off here that counts there: roundings that cancel are of one size.
    const PART: f64 = 0.1;
    let mut sides = [0; 2];
    for _ in 0..POINTS {
        let (single, wide) = rounded(&by_random(x, AWAY, random));
        let (other, y) = (f64::from(trial.run(&single)[element]), trial.run(&wide)[element]);
        if other.is_finite() && y.is_finite() && other != y && (other - y).abs() >= PART * off {
            sides[usize::from(other > y)] += 1;
        }
    }
    sides[0].min(sides[1]) < 3
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
/// At random operands near those given, the results that change where operands change by a few units of f32, and by far
/// more than a unit of f64, are either all numbers of f32; or none of them changes where the operands are rounded to f32;
/// or, for an elementwise op, hardly one where they change by a hundredth of that. By chance, what is computed in f64
/// is a number of f32 once in 2²⁹. A function with steps has such results too, but most of those that change further away do
/// not change nearby.
pub(super) fn is_single(
    trial: &Trial<'_>,
    x: &[Vec<f64>],
    y: &[f64],
    suspect: bool,
    random: &mut Random,
) -> bool {
    /// How far the operands are taken away, so that their last digits are random.
    const AWAY: f64 = 1e-3;
    /// A few units of f32, and much less.
    const FEW: f64 = 8.0 * f32::EPSILON as f64;
    const LITTLE: f64 = 2e-9;
    const POINTS: usize = 8;
    /// Results that must have changed.
    const ENOUGH: usize = 4;
    let unchanged = |a: &[f64], b: &[f64], i: usize| a[i].to_bits() == b[i].to_bits();
    let near = trial.op.elementwise().then(|| trial.run(&by_random(x, LITTLE, random)));
    let mostly =
        |near: Vec<f64>| 10 * (0..y.len()).filter(|&i| unchanged(&near, y, i)).count() >= 9 * y.len();
    let possible = [all_single(y), suspect, near.is_some_and(mostly)];
    if possible == [false; 3] {
        return false;
    }
    let (mut further, mut changed, mut like) = (0, 0, [0; 3]);
    for _ in 0..POINTS {
        let there = by_random(x, AWAY, random);
        let at = trial.run(&there);
        let far = trial.run(&by_random(&there, FEW, random));
        let of_rounded = trial.run(&rounded(&there).1);
        let near = trial.run(&by_random(&there, LITTLE, random));
        further += (0..y.len()).filter(|&i| changes(y[i], at[i])).count();
        for i in (0..y.len()).filter(|&i| changes(far[i], at[i])) {
            changed += 1;
            let alike = [all_single(&at[i..=i]), unchanged(&of_rounded, &at, i), unchanged(&near, &at, i)];
            like.iter_mut().zip(alike).for_each(|(like, alike)| *like += usize::from(alike));
        }
    }
    let holds = [like[0] == changed, like[1] == changed, 10 * like[2] >= 9 * changed];
    changed >= ENOUGH && 2 * changed >= further && possible.into_iter().zip(holds).any(|(a, b)| a && b)
}

/// Whether two numbers differ by so much that a ten thousandth of it is seen in f64.
fn changes(a: f64, b: f64) -> bool {
    (a - b).abs() > 1e6 * f64::EPSILON * a.abs().max(b.abs())
}
