//! Differences of a function at steps of one length, and what they say of themselves.

use crate::check::measure::function::Function;
use crate::error::Result;

/// A number whose rounding is as large as what underflow leaves of others, and of their products with weights.
const UNDERFLOW: f64 = f64::MIN_POSITIVE / f64::EPSILON;

/// Takes differences, one after another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Differences {
    /// How much rounding is known to be in the contracted results, besides that of their last place.
    pub(crate) noise: f64,
    right: Vec<f64>,
}

/// One central difference.
pub(crate) struct Central {
    /// By how much y rose from left to right.
    pub(crate) rise: f64,
    pub(crate) slope: f64,
    pub(crate) rounding: f64,
    /// Whether y stood still, bit for bit.
    pub(crate) still: bool,
    /// How many numbers of y stood still, of those that depend on what was moved.
    resting: usize,
    /// The slope to the right less that to the left.
    pub(crate) bend: f64,
}

/// Two central differences, h and h/2, and what they say together.
pub(crate) struct Richardson {
    /// Richardson's extrapolation, (4 D(h/2) − D(h)) / 3.
    pub(crate) value: f64,
    /// What the function's curvature may have left: |D(h/2) − D(h)| / 3.
    pub(crate) truncation: f64,
    pub(crate) rounding: f64,
    /// Whether y stood still, bit for bit.
    pub(crate) still: bool,
    /// How many numbers of y stood still at the shorter step, of those that depend on what was moved.
    pub(crate) resting: usize,
    /// The slope to the right less that to the left, if that stands out of rounding.
    bend: f64,
    /// Whether these differ as they would at a kink.
    pub(crate) bent: bool,
}

/// The slope to one side, from differences at h and h/2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OneSided {
    /// The difference at h/2.
    pub(crate) slope: f64,
    /// By how much it may be off: twice what halving the step changed, and rounding.
    pub(crate) error: f64,
    /// Extrapolated, `2 D(h/2) − D(h)`: without the error that is in proportion to h.
    pub(crate) extrapolated: f64,
    /// By how much y rose at h and at h/2.
    rise: [f64; 2],
    /// What rounding may have done to that.
    pub(crate) noise: f64,
}

impl Differences {
    /// The central difference at a step, unless a branch changes on the way, or a value there is not finite.
    pub(crate) fn central(&mut self, f: &mut impl Function, step: f64) -> Result<Option<Central>> {
        let right = f.at(step)?;
        if !right.smooth {
            return Ok(None);
        }
        self.right.clear();
        self.right.extend_from_slice(f.numbers());
        let left = f.at(-step)?;
        let distance = right.t - left.t;
        // A step that rounding has lost beside the element measures nothing.
        if !left.smooth || distance < step {
            return Ok(None);
        }
        let (mut sum, mut bend, mut rounding) = (0.0, 0.0, 0.0);
        let (mut still, mut resting) = (true, 0);
        let sides = self.right.iter().zip(f.numbers()).zip(f.base()).zip(f.weights());
        for (i, (((&right, &left), &base), &weight)) in sides.enumerate() {
            let same = right.to_bits() == left.to_bits();
            still &= weight == 0.0 || same && right.to_bits() == base.to_bits();
            let magnitude = magnitude(weight, right, left);
            if !same {
                sum += weight * (right - left);
                rounding += 4.0 * magnitude;
            } else if f.depends(i) {
                // It may have moved by less than it can show.
                rounding += magnitude;
                resting += usize::from(weight != 0.0);
            }
            bend += weight * ((right - base) + (left - base));
        }
        Ok(Some(Central {
            rise: sum,
            slope: sum / distance,
            rounding: (f.epsilon() * rounding + self.noise) / step,
            still,
            resting,
            bend: bend / step,
        }))
    }

    /// The differences at a step and at half of it.
    pub(crate) fn pair(&mut self, f: &mut impl Function, step: f64) -> Result<Option<Richardson>> {
        let Some(whole) = self.central(f, step)? else { return Ok(None) };
        let Some(half) = self.central(f, step / 2.0)? else { return Ok(None) };
        let ratio = (whole.bend / half.bend).abs();
        let seen = half.bend.abs() > 4.0 * half.rounding;
        Ok(Some(Richardson {
            value: (4.0 * half.slope - whole.slope) / 3.0,
            truncation: (half.slope - whole.slope).abs() / 3.0,
            rounding: whole.rounding.max(half.rounding),
            still: whole.still && half.still,
            resting: half.resting,
            bend: if seen { whole.bend } else { 0.0 },
            bent: seen && !(1.5..=2.7).contains(&ratio),
        }))
    }

    /// How good the extrapolated derivative is at a step, for choosing one: what a third, shorter difference changes, and
    /// rounding. `None` where a branch changes.
    pub(crate) fn quality(&mut self, f: &mut impl Function, step: f64) -> Result<Option<f64>> {
        let Some(long) = self.pair(f, step)? else { return Ok(None) };
        let Some(short) = self.pair(f, step / 2.0)? else { return Ok(None) };
        Ok(Some((long.value - short.value).abs() + 0.25 * long.rounding))
    }

    /// How far the output lies off the straight line of a slope, at some steps below h: what rounding does to it,
    /// measured. The worst of rounding, if the output is so coarse that it stands still between two steps.
    pub(crate) fn scatter(
        &mut self,
        f: &mut impl Function,
        slope: f64,
        rounding: f64,
        step: f64,
    ) -> Result<f64> {
        let (mut off, mut seen) = (0.0_f64, Vec::new());
        // No simple fractions, at which roundings would be alike.
        for part in [0.137_1, 0.381_97, 0.618_03, 0.876_54] {
            if let Some(central) = self.central(f, part * step)? {
                off = off.max((central.rise - slope * 2.0 * part * step).abs());
                seen.push(central.rise);
            }
        }
        seen.sort_unstable_by(f64::total_cmp);
        let stands_still = seen.windows(2).any(|pair| pair[0] == pair[1]);
        Ok(if stands_still { off.max(rounding) } else { off })
    }

    /// The slopes to the right and to the left, whatever branches change; `None` where a value is not finite.
    pub(crate) fn sides(&mut self, f: &mut impl Function, step: f64) -> Result<[Option<OneSided>; 2]> {
        let mut sides = [None; 2];
        for (side, step) in sides.iter_mut().zip([step, -step]) {
            let (long, short) = (one_sided(f, step)?, one_sided(f, step / 2.0)?);
            let error = 2.0 * (long.0 - short.0).abs() + long.1;
            if error.is_finite() {
                let extrapolated = 2.0 * short.0 - long.0;
                let rise = [long.0 * step, short.0 * step / 2.0];
                let noise = long.1 * step.abs();
                *side = Some(OneSided { slope: short.0, error, extrapolated, rise, noise });
            }
        }
        Ok(sides)
    }
}

/// The size of the greater of two numbers with a weight, for what rounding and underflow do to their difference.
#[inline]
fn magnitude(weight: f64, a: f64, b: f64) -> f64 {
    weight.abs() * (a.abs().max(b.abs()) + UNDERFLOW) + UNDERFLOW
}

/// The difference to one side, and what rounding may have done to it.
fn one_sided(f: &mut impl Function, step: f64) -> Result<(f64, f64)> {
    let reached = f.at(step)?;
    let (mut sum, mut rounding) = (0.0, 0.0);
    for (i, ((&y, &base), &weight)) in f.numbers().iter().zip(f.base()).zip(f.weights()).enumerate() {
        let magnitude = magnitude(weight, y, base);
        if y.to_bits() != base.to_bits() {
            sum += weight * (y - base);
            rounding += 4.0 * magnitude;
        } else if f.depends(i) {
            rounding += magnitude;
        }
    }
    Ok((sum / reached.t, 4.0 * f.epsilon() * rounding / step.abs()))
}

impl OneSided {
    /// Whether the function jumps at the point, seen from differences at steps that are 8 times as long: it has risen by the
    /// same at all of them, and by more than rounding shows.
    pub(crate) fn jumps(&self, far: &OneSided) -> bool {
        let [_, nearest] = self.rise;
        nearest.abs() > 4.0 * self.noise
            && self.rise.iter().chain(&far.rise).all(|rise| (rise - nearest).abs() <= 0.1 * nearest.abs())
    }
}

impl Richardson {
    pub(crate) fn error(&self) -> f64 {
        self.truncation + self.rounding
    }

    /// Whether the point is stationary: the slope at it is nothing beside what it is on both sides.
    pub(crate) fn is_flat(&self) -> bool {
        !self.bent && self.value.abs() <= 4.0 * self.error() && self.error() <= 1e-3 * self.bend.abs()
    }

    /// Whether shortening the step any further would not show more: the two differences are as good as one, or apart by
    /// rounding alone.
    pub(crate) fn has_converged(&self) -> bool {
        !self.bent && self.truncation <= self.rounding.max(1e-2 * self.value.abs())
    }
}
