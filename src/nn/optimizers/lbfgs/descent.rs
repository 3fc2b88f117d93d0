//! The iteration of L-BFGS on vectors of numbers.

use super::line_search::{PointAlong, SearchLimits, search};
use super::settings::{LbfgsSettings, Minimum, StopReason};
use crate::Result;
use std::collections::VecDeque;

/// The most evaluations along one direction.
const ALONG: usize = 25;

/// The least `s · y` of a pair that is kept, as in PyTorch: below it, the curvature may be no more than rounding.
const LEAST_CURVATURE: f64 = 1e-10;

/// A step, and by how much it changed the gradient.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    /// `1 / (s · y)`.
    weight: f64,
}

/// A function that writes its gradient and returns its value.
type Objective<'f> = dyn FnMut(&[f64], &mut [f64]) -> Result<f64> + 'f;

/// Minimises a function, which writes its gradient and returns its value, from x on.
pub(super) fn minimize(
    settings: &LbfgsSettings,
    x: &mut [f64],
    function: &mut Objective<'_>,
) -> Result<Minimum> {
    let mut gradient = vec![0.0; x.len()];
    let mut value = function(x, &mut gradient)?;
    let mut minimum = Minimum {
        value,
        gradient: largest(&gradient),
        iterations: 0,
        evaluations: 1,
        reason: StopReason::Iterations,
    };
    if !value.is_finite() || !gradient.iter().all(|g| g.is_finite()) {
        minimum.reason = StopReason::NotFinite;
        return Ok(minimum);
    }
    if minimum.gradient <= settings.gradient_tolerance {
        minimum.reason = StopReason::Gradient;
        return Ok(minimum);
    }
    let mut pairs: VecDeque<Pair> = VecDeque::new();
    let mut trial = x.to_vec();
    while minimum.iterations < settings.iterations {
        let direction = direction(&gradient, &pairs);
        let slope = dot(&gradient, &direction);
        // A direction that is no number ends here too.
        if slope.is_nan() || slope > -settings.change_tolerance {
            minimum.reason = StopReason::Change;
            break;
        }
        let size: f64 = gradient.iter().map(|g| g.abs()).sum();
        let first = if minimum.iterations == 0 { (1.0 / size).min(1.0) } else { 1.0 };
        minimum.iterations += 1;
        let limits = SearchLimits {
            change: settings.change_tolerance,
            direction: largest(&direction),
            evaluations: ALONG,
        };
        let start = PointAlong { step: 0.0, value, gradient: gradient.clone(), slope };
        let found = search(start, first * settings.rate, &limits, &mut |step| {
            moved(&mut trial, x, step, &direction);
            minimum.evaluations += 1;
            let mut gradient = vec![0.0; trial.len()];
            let value = function(&trial, &mut gradient)?;
            let slope = dot(&gradient, &direction);
            let value = if value.is_nan() { f64::INFINITY } else { value };
            Ok(PointAlong { step, value, gradient, slope })
        })?;
        if found.step == 0.0 {
            minimum.reason = StopReason::LineSearch;
            break;
        }
        moved(&mut trial, x, found.step, &direction);
        x.copy_from_slice(&trial);
        let step: Vec<f64> = direction.iter().map(|d| d * found.step).collect();
        let change: Vec<f64> = found.gradient.iter().zip(&gradient).map(|(new, old)| new - old).collect();
        let (before, moved) = (value, largest(&step));
        (value, gradient) = (found.value, found.gradient);
        (minimum.value, minimum.gradient) = (value, largest(&gradient));
        let curvature = dot(&change, &step);
        if curvature > LEAST_CURVATURE {
            if pairs.len() == settings.history {
                pairs.pop_front();
            }
            pairs.push_back(Pair { step, change, weight: 1.0 / curvature });
        }
        if minimum.gradient <= settings.gradient_tolerance {
            minimum.reason = StopReason::Gradient;
            break;
        }
        if moved <= settings.change_tolerance || (value - before).abs() < settings.change_tolerance {
            minimum.reason = StopReason::Change;
            break;
        }
    }
    Ok(minimum)
}

/// The direction of descent: minus the inverse Hessian that the pairs imply, times the gradient. The two loops of Nocedal and Wright's
/// algorithm 7.4, with the scale of their eq. 7.20.
fn direction(gradient: &[f64], pairs: &VecDeque<Pair>) -> Vec<f64> {
    let mut d: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut factors = Vec::with_capacity(pairs.len());
    for pair in pairs.iter().rev() {
        let factor = dot(&pair.step, &d) * pair.weight;
        add(&mut d, -factor, &pair.change);
        factors.push(factor);
    }
    if let Some(last) = pairs.back() {
        let scale = 1.0 / last.weight / dot(&last.change, &last.change);
        d.iter_mut().for_each(|d| *d *= scale);
    }
    for (pair, factor) in pairs.iter().zip(factors.into_iter().rev()) {
        let back = dot(&pair.change, &d) * pair.weight;
        add(&mut d, factor - back, &pair.step);
    }
    d
}

fn moved(into: &mut [f64], x: &[f64], step: f64, direction: &[f64]) {
    for ((into, x), d) in into.iter_mut().zip(x).zip(direction) {
        *into = x + step * d;
    }
}

fn add(into: &mut [f64], factor: f64, x: &[f64]) {
    for (into, x) in into.iter_mut().zip(x) {
        *into += factor * x;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |largest, x| x.abs().max(largest))
}
