//! How far two results of one kernel may be apart by rounding alone, measured and not known: an op does not say how well
//! conditioned it is.
//!
//! By how much a result moves where its operands are changed in their last digits is what rounding of the operands does to
//! it; a kernel that is backward stable makes errors of that size. What happens inside a kernel, where large numbers
//! cancel, is rounding of its own: it shows as scatter, by how much three results in a row are off a straight line.

use crate::check::node::kernels::trial::Trial;
use crate::check::random::{Random, signed};

/// Units of rounding that an elementary function, or a few of them, may be off by.
const UNITS: f64 = 16.0;
/// Changes of this part show scatter: far above a unit of f64, so that what is rounded inside is rounded otherwise, and so
/// short that a smooth function is straight.
const SCATTER: f64 = 1.0 / (1_u64 << 30) as f64;
/// Before a result is called wrong, scatter is looked for at so many operands nearby: at one, roundings may be alike.
const NEARBY: usize = 16;
/// How far away these are.
const AWAY: f64 = 0.2;
/// A change by so much, relative to 1 and the result, is a jump and no rounding.
const JUMP: f64 = 1e-8;

/// The precision that a result may have been rounded to on the way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Roundoff {
    /// The distance from 1 to the next number.
    epsilon: f64,
    /// Below this, digits are lost.
    least: f64,
    /// Above this, a sum on the way may be infinite.
    most: f64,
}

impl Roundoff {
    pub(super) const F32: Self = Self {
        epsilon: f32::EPSILON as f64,
        least: 4.0 * f32::MIN_POSITIVE as f64,
        most: f32::MAX as f64 / 16.0,
    };
    pub(super) const F64: Self =
        Self { epsilon: f64::EPSILON, least: 4.0 * f64::MIN_POSITIVE, most: f64::MAX / 16.0 };

    /// By how much coarser it is than f64.
    fn coarser(self) -> f64 {
        self.epsilon / f64::EPSILON
    }
}

/// Mismatch results for the same operands, which should be the same but for rounding.
pub(super) struct TwoResults<'a> {
    /// The kernel in f64, and its operands.
    pub(super) trial: &'a Trial<'a>,
    pub(super) x: &'a [Vec<f64>],
    /// Its result, which is held to be right.
    pub(super) y: &'a [f64],
    /// The other result.
    pub(super) other: &'a [f64],
    /// The coarser of the precisions that both were computed in.
    pub(super) unit: Roundoff,
}

impl TwoResults<'_> {
    /// The element that is furthest out of what rounding can do, if any is.
    pub(super) fn apart(&self, random: &mut Random) -> Option<usize> {
        let mut open = self.open();
        if !open.is_empty() && !self.trial.op.elementwise() {
            // Where terms cancel, what is left is rounded as its neighbours are in which they do not.
            let row = self.trial.shape.shape.last().copied().unwrap_or(1).max(1);
            let greatest = |row: &[f64]| row.iter().fold(0.0_f64, |m, y| m.max(y.abs()));
            let scales: Vec<f64> = self.y.chunks(row).map(greatest).collect();
            open.retain(|&i| !self.is_near(i, 4.0 * scales[i / row]));
        }
        if open.is_empty() {
            return None;
        }
        let moves = self.moves(random);
        let mut out: Vec<(usize, f64)> = Vec::new();
        let mut floor = None;
        // Of such operands, a product of four is more than the coarser precision has.
        let large = |x: f64| x.abs() > self.unit.most.powf(0.25);
        // And of such, one of four is less than it has.
        let small = |x: f64| x != 0.0 && x.abs() < self.unit.least.powf(0.25);
        for i in open {
            let y = self.y[i].abs();
            if !y.is_finite() {
                out.push((i, f64::INFINITY));
                continue;
            }
            // e to the power of a number that is rounded is off by its rounding times its size; so is any power.
            let own = UNITS * self.unit.epsilon * y * (1.0 + y.ln().abs());
            let allowed = UNITS * moves[i] + if y == 0.0 { 0.0 } else { own };
            let off = self.off(i);
            // Numbers on the way were infinite in the coarser precision.
            let overflows = moves[i] >= self.unit.most * self.unit.epsilon / 64.0
                || !self.other[i].is_finite() && self.reads(i, large)
                || self.other[i].abs() <= self.unit.least && self.reads(i, small);
            if off <= allowed || overflows {
                continue;
            }
            let floor = *floor.get_or_insert_with(|| self.floor());
            if off > allowed + floor {
                out.push((i, (off - floor) / allowed.max(self.unit.least)));
            }
        }
        if out.is_empty() {
            return None;
        }
        let mut scatter = vec![0.0; self.y.len()];
        for _ in 0..NEARBY {
            let x = by_random(self.x, AWAY, random);
            self.scatter(&x, &self.trial.run(&x), &mut scatter);
        }
        out.retain(|&(i, _)| self.off(i) > UNITS * scatter[i] + floor.unwrap_or(0.0));
        // A sum of n terms in plain order may be off by n roundings of all of it if these do not average out, of which
        // changes of the terms by one rounding of either sign show the square root of n.
        let terms = if self.trial.op.elementwise() { 1.0 } else { self.terms(random) };
        let more = terms.powf(1.5) / 8.0 / UNITS;
        out.retain(|&(_, ratio)| ratio > more);
        out.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i)
    }

    /// Whether a result is computed from a number of some kind, or may be, if the op is not elementwise.
    fn reads(&self, i: usize, kind: impl Fn(f64) -> bool) -> bool {
        match self.trial.op.elementwise() {
            true => self.x.iter().any(|x| kind(x[i])),
            false => self.x.iter().flatten().any(|&x| kind(x)),
        }
    }

    fn off(&self, i: usize) -> f64 {
        let off = (self.y[i] - self.other[i]).abs();
        if off.is_nan() { f64::INFINITY } else { off }
    }

    /// The elements that are not near enough without a closer look.
    fn open(&self) -> Vec<usize> {
        /// Elements that are looked at together.
        const BLOCK: usize = 64;
        let Roundoff { epsilon, least, .. } = self.unit;
        let mut open = Vec::new();
        for (k, (y, other)) in self.y.chunks(BLOCK).zip(self.other.chunks(BLOCK)).enumerate() {
            // All of them, without a way out: a loop that the compiler makes short.
            let near = |near: bool, (y, other): (&f64, &f64)| {
                near & ((y - other).abs() <= 4.0 * epsilon * y.abs() + least)
            };
            if !y.iter().zip(other).fold(true, near) {
                let start = k * BLOCK;
                open.extend((start..start + y.len()).filter(|&i| !self.is_near(i, self.y[i])));
            }
        }
        open
    }

    /// Whether an element is near enough without a closer look, for one of this scale.
    fn is_near(&self, i: usize, scale: f64) -> bool {
        let (y, other) = (self.y[i], self.other[i]);
        if !y.is_finite() || y.abs() > self.unit.most {
            // In another precision, what has no value may have one.
            return self.unit != Roundoff::F64 || y == other || y.is_nan() && other.is_nan();
        }
        self.off(i) <= 4.0 * self.unit.epsilon * scale.abs() + self.unit.least
    }

    /// By how much each result moves by roundings of the operands, and scatters by those inside the kernel.
    fn moves(&self, random: &mut Random) -> Vec<f64> {
        let mut moves = vec![0.0_f64; self.y.len()];
        let Self { x, y, unit, .. } = *self;
        let mut take = |factor: f64, changed: Vec<Vec<f64>>, most: f64| {
            for ((moves, now), &y) in moves.iter_mut().zip(self.trial.run(&changed)).zip(y) {
                let moved = (now - y).abs();
                if moved <= most * (1.0 + y.abs()) {
                    *moves = moves.max(factor * moved);
                } else if most.is_infinite() && y.is_finite() {
                    *moves = f64::INFINITY;
                }
            }
        };
        let mut units = vec![(unit.coarser(), 2.0 * f64::EPSILON)];
        if unit.epsilon > f64::EPSILON {
            // Where a comparison comes out otherwise nearby, it may do so by rounding.
            units.push((1.0, 2.0 * unit.epsilon));
        }
        for (factor, part) in units {
            take(factor, each(x, |x| x * (1.0 + part)), f64::INFINITY);
            take(factor, each(x, |x| x * (1.0 - part)), f64::INFINITY);
            take(factor, by_random(x, part, random), f64::INFINITY);
        }
        for sign in [1.0, -1.0] {
            let least = |x: &[f64]| {
                let rms = (x.iter().map(|x| x * x).sum::<f64>() / x.len().max(1) as f64).sqrt();
                2.0 * sign * f64::EPSILON * if rms > 0.0 && rms.is_finite() { rms } else { 1.0 }
            };
            if x.iter().flatten().any(|&x| x == 0.0) {
                let off_zero = |x: &Vec<f64>| {
                    let least = least(x);
                    x.iter().map(|&x| if x == 0.0 { least } else { x }).collect()
                };
                take(unit.coarser(), x.iter().map(off_zero).collect(), JUMP);
            }
        }
        self.scatter(x, y, &mut moves);
        moves
    }

    /// By how much results, y at operands x, are off the straight line over a change of these, if that is more than `most`.
    fn scatter(&self, x: &[Vec<f64>], y: &[f64], most: &mut [f64]) {
        let right = self.trial.run(&each(x, |x| x * (1.0 + SCATTER)));
        let left = self.trial.run(&each(x, |x| x * (1.0 - SCATTER)));
        for (((most, y), right), left) in most.iter_mut().zip(y).zip(right).zip(left) {
            let scatter = ((right - y) + (left - y)).abs();
            if scatter.is_finite() {
                *most = most.max(self.unit.coarser() * scatter);
            }
        }
    }

    /// What numbers of the size of 1 inside the kernel may leave where they cancel, as in `ln(1 + eˣ)`; nothing for a kernel
    /// that has none: whose result for half the operands is its result times a power of two.
    fn floor(&self) -> f64 {
        let halved = self.trial.run(&each(self.x, |x| 0.5 * x));
        let ratio = self.y.iter().zip(&halved).find(|(y, _)| y.is_finite() && **y != 0.0);
        let scales = ratio.is_some_and(|(first, half)| {
            let ratio = half / first;
            ratio.log2().fract() == 0.0
                && self.y.iter().zip(&halved).all(|(y, half)| !y.is_finite() || y * ratio == *half)
        });
        if scales { 0.0 } else { 4.0 * self.unit.epsilon }
    }

    /// About how many elements of the operands a result depends on: fewer and fewer of them are changed, until half of the
    /// results stay as they are.
    fn terms(&self, random: &mut Random) -> f64 {
        let all = self.x.iter().map(Vec::len).sum::<usize>() as f64;
        let times = (64 / self.y.len().max(1)).clamp(1, 16);
        let mut part = 0.25;
        while all * part >= 0.5 {
            let mut pick = |x: &Vec<f64>| -> Vec<f64> {
                let numbers = x.iter().zip(signed(x.len(), random));
                // Uniform in ±[0.5, 1.5], so that |v| − 0.5 is uniform between 0 and 1.
                numbers.map(|(x, v)| if v.abs() - 0.5 < part { x * (1.0 + 1e-3 * v) } else { *x }).collect()
            };
            let mut same = 0;
            for _ in 0..times {
                let changed: Vec<Vec<f64>> = self.x.iter().map(&mut pick).collect();
                let now = self.trial.run(&changed);
                same += now.iter().zip(self.y).filter(|(now, y)| now.to_bits() == y.to_bits()).count();
            }
            let same = same as f64 / (times * self.y.len()) as f64;
            if same >= 0.5 {
                // Of n elements, none is changed with probability (1 − part)ⁿ.
                return (same.ln() / (1.0 - part).ln()).max(0.5 / part).min(all);
            }
            part /= 4.0;
        }
        all
    }
}

/// The operands, every number changed.
fn each(x: &[Vec<f64>], change: impl Fn(f64) -> f64) -> Vec<Vec<f64>> {
    x.iter().map(|x| x.iter().map(|&x| change(x)).collect()).collect()
}

/// The operands, every number changed by a random part of itself, of either sign.
pub(super) fn by_random(x: &[Vec<f64>], part: f64, random: &mut Random) -> Vec<Vec<f64>> {
    let change = |x: &Vec<f64>| {
        let numbers = x.iter().zip(signed(x.len(), random));
        numbers.map(|(x, v)| x * (1.0 + part * v)).collect()
    };
    x.iter().map(change).collect()
}
