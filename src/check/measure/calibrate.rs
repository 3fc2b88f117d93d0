//! How long the steps of an array are, found on a few of its elements.

use crate::check::measure::function::Function;
use crate::check::measure::judge::Judge;
use crate::error::Result;

/// The relative error at which a step is long enough: a longer one might leave behind a part of the function that varies
/// over short distances.
const GOOD: f64 = 1e-9;
/// The most powers of 8 by which steps are made longer, to half of s, and shorter.
const LONGER: i32 = 3;
const SHORTER: i32 = 8;

/// By which power of 8 the steps of an array are better made longer or shorter: found on a few of its elements, longer
/// while rounding dominates, shorter while curvature does.
///
/// `to(f, k)` moves the k-th sample from then on, and gives its step and its derivative by backpropagation.
pub(crate) fn calibrate<F: Function>(
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
    for (way, powers) in [(8.0, LONGER), (0.125, SHORTER)] {
        for power in 1..=powers {
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
