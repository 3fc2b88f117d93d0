//! Operands at which functions are apt to be special: exact zeros, and elements that tie.

use crate::base::state::State;
use crate::check::ops::op_check::OpCheck;
use crate::check::ops::operands::{indices, real, shapes, whole};
use crate::check::ops::report::OpCase;
use crate::check::random::{Random, generator, signed};
use crate::check::report::Report;
use crate::error::{Error, Result};
use crate::graph::Kind;
use crate::plan::Plan;
use crate::tape::sample::{Domain, Sample};
use crate::tape::{Tape, Var};
use ndarray::ArrayD;
use rand::RngExt;
use rand::seq::SliceRandom;

/// What the elements of the operands are put at.
#[derive(Debug, Clone, Copy)]
enum Special {
    /// Every third element is 0: of the one operand, or of all.
    SomeZeros(Option<usize>),
    /// Every element is 0: of the one operand, or of all.
    Zeros(Option<usize>),
    /// Every element is one of two numbers, of which each is there as often; the same for operands of one domain.
    Ties,
}

impl OpCheck {
    /// The cases of operands at zeros and ties, to first order: at such a point a second derivative may not exist.
    #[track_caller]
    pub(super) fn at_special_points(&self, samples: &[Sample]) -> Result<Vec<OpCase>> {
        let Some(sample) = whole(samples) else { return Ok(Vec::new()) };
        let mut cases = Vec::new();
        for special in self.specials(sample) {
            let operands = format!("{}, {}", shapes(sample), special.name());
            let report = self.at_special(sample, special)?;
            cases.extend(report.map(|report| OpCase { operands, report }));
        }
        Ok(cases)
    }

    /// The special points that the domains of a sample have.
    fn specials(&self, sample: &Sample) -> Vec<Special> {
        let zeros: Vec<usize> = (0..sample.0.len()).filter(|&i| self.has_zero(sample.0[i].1)).collect();
        let real = sample.0.iter().filter(|(_, domain)| domain.kind() == Kind::Real).count();
        let mut specials = Vec::new();
        if !zeros.is_empty() {
            specials.extend([Special::SomeZeros(None), Special::Zeros(None)]);
        }
        if real > 1 {
            specials
                .extend(zeros.iter().flat_map(|&i| [Special::SomeZeros(Some(i)), Special::Zeros(Some(i))]));
        }
        // A domain that was asked for and keeps its elements apart has no ties.
        if !matches!(self.domain, Some(Domain::Spaced(_))) {
            specials.push(Special::Ties);
        }
        specials
    }

    /// Whether 0 may be an operand of a domain. Samples keep off 0 where an op has a kink there; a domain that was asked
    /// for is not left.
    fn has_zero(&self, domain: Domain) -> bool {
        match domain {
            Domain::Between(low, high) => low <= 0.0 && 0.0 <= high,
            Domain::Signed(..) | Domain::Spaced(_) => self.domain.is_none(),
            _ => false,
        }
    }

    /// Checks an op at a special point; `None` where it has no value there, or no derivative.
    #[track_caller]
    fn at_special(&self, sample: &Sample, special: Special) -> Result<Option<Report>> {
        let mut random = generator(self.seed, 6);
        let tape = Tape::new();
        let (mut x, mut leaves) = (Vec::new(), Vec::new());
        for (i, (shape, domain)) in sample.0.iter().enumerate() {
            let name = format!("x{i}");
            if domain.kind() == Kind::Index {
                x.push(indices(&tape, &name, shape, *domain, &mut random));
                continue;
            }
            let mut numbers = real(shape, *domain, &mut random);
            special.put(&mut numbers, i, self.has_zero(*domain), *domain, (self.seed, &mut random));
            let leaf = tape.leaf(&name, numbers);
            leaves.push(leaf);
            x.push(leaf);
        }
        let Some(y) = self.result(&x, &leaves)? else { return Ok(None) };
        let check = self.check(y, &leaves, 1, &mut random);
        let loss = check.loss;
        let mut report = || -> Result<Option<Report>> {
            if !has_derivative(loss, &leaves)? {
                return Ok(None);
            }
            let report = check.run()?;
            let is_wrong =
                !report.faults.is_empty() && !is_among_gradients_nearby(loss, &leaves, &mut random)?;
            Ok((report.faults.is_empty() || is_wrong).then_some(report))
        };
        match report() {
            // It has no value there.
            Err(Error::NotFinite { .. } | Error::Refused { .. }) => Ok(None),
            report => report,
        }
    }
}

impl Special {
    fn name(self) -> String {
        let of = |alone: Option<usize>| alone.map_or(String::new(), |i| format!(" of operand {i}"));
        match self {
            Self::SomeZeros(alone) => format!("some elements{} exactly 0", of(alone)),
            Self::Zeros(alone) => format!("all elements{} exactly 0", of(alone)),
            Self::Ties => "elements that tie".to_owned(),
        }
    }

    /// Puts the numbers of an operand at the point.
    fn put(
        self,
        numbers: &mut ArrayD<f64>,
        operand: usize,
        has_zero: bool,
        domain: Domain,
        (seed, random): (u64, &mut Random),
    ) {
        let is_meant = |alone: Option<usize>| has_zero && alone.is_none_or(|alone| alone == operand);
        match self {
            Self::SomeZeros(alone) if is_meant(alone) => {
                numbers.iter_mut().skip(operand % 2).step_by(3).for_each(|x| *x = 0.0);
            }
            Self::Zeros(alone) if is_meant(alone) => numbers.fill(0.0),
            Self::SomeZeros(_) | Self::Zeros(_) => {}
            // Two elements make no array of such a domain.
            Self::Ties if domain.is_whole() => {}
            Self::Ties => {
                // Drawn anew for each operand, so that those of one domain tie with each other, whatever keeps them apart.
                let domain = if let Domain::Spaced(_) = domain { Domain::Spaced(0.1) } else { domain };
                let two = real(&[2], domain, &mut generator(seed, 7));
                let mut places: Vec<usize> = (0..numbers.len()).map(|k| k % 2).collect();
                places.shuffle(random);
                numbers.iter_mut().zip(places).for_each(|(x, place)| *x = two[place]);
            }
        }
    }
}

/// Whether a number has a derivative by all of its leaves, as far as that can be told where backpropagation says that it has
/// none: not where a slope to one side grows without bound, as that of a root at 0.
fn has_derivative(loss: Var<'_>, leaves: &[Var<'_>]) -> Result<bool> {
    let gradients = loss.try_sweep(leaves)?;
    let mut plan = Plan::<f64>::compile([loss], [])?;
    let mut state = State::new();
    for (leaf, gradient) in leaves.iter().zip(&gradients) {
        let Some(slot) = plan.slot(leaf.id()) else { continue };
        for element in (0..gradient.len()).filter(|&e| gradient.iter().nth(e).is_some_and(|g| !g.is_finite()))
        {
            let x = plan.slot_mut(slot)[element];
            let mut at = |t: f64| -> Result<f64> {
                plan.slot_mut(slot)[element] = x + t;
                Ok(plan.run(&mut state)?.nth(0).iter().next().copied().unwrap_or(f64::NAN))
            };
            let y = at(0.0)?;
            let mut bounded = false;
            for side in [1.0, -1.0] {
                let mut slope = |step: f64| Ok::<f64, Error>(((at(side * step)? - y) / step).abs());
                let (far, near) = (slope(FAR)?, slope(NEAR)?);
                if near.is_finite()
                    && far.is_finite()
                    && near > GROWS * far + f64::EPSILON * (1.0 + y.abs()) / NEAR
                {
                    return Ok(false);
                }
                bounded |= near.is_finite();
            }
            at(0.0)?;
            if !bounded {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Steps between which a slope that has no bound grows: even that of `x ln x`, from 6.9 to 20.7.
const FAR: f64 = 1e-3;
const NEAR: f64 = 1e-9;
const GROWS: f64 = 2.0;

/// Whether a gradient is one of those in the sense of Clarke (Optimization and Nonsmooth Analysis, 1983, theorem 2.5.1): in
/// the convex hull of gradients at points nearby. At a tie of three, moving one element may show a slope of 0 to both sides
/// where the gradient is shared among them, as that of a median.
///
/// The hull is looked at along single elements, all of them, and random directions. O(elements) runs of the function for
/// each point.
fn is_among_gradients_nearby(loss: Var<'_>, leaves: &[Var<'_>], random: &mut Random) -> Result<bool> {
    let gradients = loss.try_sweep(leaves)?;
    let mut plan = Plan::<f64>::compile([loss], [])?;
    let mut state = State::new();
    let (mut places, mut point, mut gradient) = (Vec::new(), Vec::new(), Vec::new());
    for (leaf, dx) in leaves.iter().zip(&gradients) {
        if let Some(slot) = plan.slot(leaf.id()) {
            let x = plan.slot_mut(slot);
            places.extend((0..x.len()).map(|element| (slot, element)));
            point.extend_from_slice(x);
            gradient.extend(dx.iter().copied());
        }
    }
    let mut nearby: Vec<Vec<f64>> = Vec::with_capacity(POINTS);
    for _ in 0..POINTS {
        for (&(slot, element), x) in places.iter().zip(&point) {
            plan.slot_mut(slot)[element] = x + SHIFT * random.random_range(-1.0..1.0);
        }
        let mut slopes = Vec::with_capacity(places.len());
        for &(slot, element) in &places {
            let centre = plan.slot_mut(slot)[element];
            let mut at = |t: f64| -> Result<f64> {
                plan.slot_mut(slot)[element] = centre + t;
                Ok(plan.run(&mut state)?.nth(0).iter().next().copied().unwrap_or(f64::NAN))
            };
            slopes.push((at(STEP)? - at(-STEP)?) / (2.0 * STEP));
            plan.slot_mut(slot)[element] = centre;
        }
        if slopes.iter().all(|slope| slope.is_finite()) {
            nearby.push(slopes);
        }
    }
    let single = (0..point.len()).map(|i| (0..point.len()).map(|k| f64::from(u8::from(k == i))).collect());
    let random: Vec<Vec<f64>> = (0..DIRECTIONS).map(|_| signed(point.len(), random)).collect();
    let directions = single.chain([vec![1.0; point.len()]]).chain(random);
    let along = |g: &[f64], v: &[f64]| -> f64 { g.iter().zip(v).map(|(g, v)| g * v).sum() };
    let is_within = |v: Vec<f64>| {
        let slopes = nearby.iter().map(|g| along(g, &v));
        let (low, high) =
            slopes.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), s| (low.min(s), high.max(s)));
        let slack = SLACK * (1.0 + low.abs().max(high.abs()));
        // NaN is not within.
        (low - slack..=high + slack).contains(&along(&gradient, &v))
    };
    Ok(!nearby.is_empty() && directions.into_iter().all(is_within))
}

/// Random directions along which gradients nearby are looked at.
const DIRECTIONS: usize = 64;
/// Points nearby: of eight elements that tie, each comes first at one of them but for a chance of 1e-15.
const POINTS: usize = 256;
/// How far from the point they are, in the order of 1 of samples, and the step of the differences there.
const SHIFT: f64 = 1e-3;
const STEP: f64 = 1e-7;
/// What slopes change over the distance, and roundings of the differences.
const SLACK: f64 = 1e-4;
