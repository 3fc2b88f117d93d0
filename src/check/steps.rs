//! How far elements are moved.

use super::function::Function;
use super::judge::Judge;
use crate::error::Result;

/// The root of the mean square of the finite numbers; 0 of nothing.
pub(super) fn rms(numbers: &[f64]) -> f64 {
    let (sum, count) =
        numbers.iter().filter(|x| x.is_finite()).fold((0.0, 0.0), |(s, n), x| (s + x * x, n + 1.0));
    f64::sqrt(sum / f64::max(count, 1.0))
}

/// The step to begin with at an element: ε^(1/5) · s, the best for an error of h⁴ beside one of ε/h, where s is the
/// greater of |x| and the rms of its array, or 1 if both are 0; rounded to a power of two, so that x ± h are exact more
/// often than not.
pub(super) fn start(x: f64, rms: f64) -> f64 {
    let scale = x.abs().max(rms);
    let scale = if scale > 0.0 && scale.is_finite() { scale } else { 1.0 };
    (f64::EPSILON.powf(0.2) * scale).log2().round().clamp(-900.0, 900.0).exp2()
}

/// By how much steps are longer for a function in another precision than f64: the ratio of ε^(1/5), as a power of two.
pub(super) fn longer(epsilon: f64) -> f64 {
    (epsilon / f64::EPSILON).powf(0.2).log2().round().exp2()
}

/// The relative error at which a step is long enough: a longer one might leave behind a part of the function that varies
/// over short distances.
const GOOD: f64 = 1e-9;
/// The most powers of 8 by which steps are made longer or shorter: to half of s at the most.
const POWERS: i32 = 3;

/// By which power of 8 the steps of an array are better made longer or shorter: found on a few of its elements, longer
/// while rounding dominates, shorter while curvature does.
///
/// `to(f, k)` moves the k-th sample from then on, and gives its step and its derivative by backpropagation.
pub(super) fn calibrate<F: Function>(
    judge: &mut Judge,
    f: &mut F,
    samples: usize,
    mut to: impl FnMut(&mut F, usize) -> (f64, f64),
) -> Result<f64> {
    // The middle of the samples' relative errors, if most of them are not cut short by a kink.
    let mut error = |f: &mut F, factor: f64| -> Result<Option<f64>> {
        let mut errors = Vec::with_capacity(samples);
        for k in 0..samples {
            let (step, backprop) = to(f, k);
            errors.extend(judge.quality(f, step * factor)?.map(|error| error / backprop.abs()));
        }
        errors.sort_unstable_by(f64::total_cmp);
        Ok((2 * errors.len() > samples).then(|| errors[errors.len() / 2]))
    };
    let mut best = (1.0, error(f, 1.0)?);
    for way in [8.0, 0.125] {
        for power in 1..=POWERS {
            if best.1.is_some_and(|error| error <= GOOD) {
                return Ok(best.0);
            }
            let factor = f64::powi(way, power);
            match (error(f, factor)?, best.1) {
                (Some(new), Some(old)) if new < old => best = (factor, Some(new)),
                (Some(new), None) => best = (factor, Some(new)),
                _ => break,
            }
        }
        if best.0 != 1.0 {
            break;
        }
    }
    Ok(best.0)
}
