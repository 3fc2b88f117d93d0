//! A step length that satisfies the strong Wolfe conditions.

use crate::Result;

/// The factor of sufficient decrease c₁, and that of curvature c₂: Nocedal and Wright 2006, *Numerical optimization*, section 3.1.
const DECREASE: f64 = 1e-4;
const CURVATURE: f64 = 0.9;

/// A point along a direction.
#[derive(Debug, Clone)]
pub(super) struct PointAlong {
    /// How many times the direction it is away.
    pub(super) step: f64,
    /// The value; infinite for one that is no number.
    pub(super) value: f64,
    pub(super) gradient: Vec<f64>,
    /// The derivative along the direction.
    pub(super) slope: f64,
}

/// What ends a search besides its conditions.
pub(super) struct SearchLimits {
    /// The size of a bracket, and the largest element of the direction.
    pub(super) change: f64,
    pub(super) direction: f64,
    pub(super) evaluations: usize,
}

/// Searches along a direction from a point whose slope is negative: the point that was found, which may be the start itself.
///
/// Brackets a step and interpolates by cubics, as Nocedal and Wright's algorithms 3.5 and 3.6 do; the safeguards and the order of
/// trials are those of Schmidt's *minFunc*, which PyTorch has too.
pub(super) fn search(
    start: PointAlong,
    first: f64,
    limits: &SearchLimits,
    at: &mut dyn FnMut(f64) -> Result<PointAlong>,
) -> Result<PointAlong> {
    let (value, slope) = (start.value, start.slope);
    let is_high = |point: &PointAlong| point.value > value + DECREASE * point.step * slope;
    let is_flat = |point: &PointAlong| point.slope.abs() <= -CURVATURE * slope;
    let mut trials = 0;
    let mut previous = start.clone();
    let mut current = at(first)?;
    let mut bracket = loop {
        if trials >= limits.evaluations {
            return Ok(if current.value < start.value { current } else { start });
        }
        if is_high(&current) || (trials > 1 && current.value >= previous.value) {
            break [previous, current];
        }
        if is_flat(&current) {
            return Ok(current);
        }
        // A slope that is no number is none to go on with.
        if current.slope.is_nan() || current.slope >= 0.0 {
            break [previous, current];
        }
        let bounds = [current.step + 0.01 * (current.step - previous.step), current.step * 10.0];
        let next = at(interpolate(&previous, &current, bounds))?;
        previous = std::mem::replace(&mut current, next);
        trials += 1;
    };
    let mut low = usize::from(bracket[1].value < bracket[0].value);
    let mut is_stuck = false;
    while trials < limits.evaluations {
        let [least, most] = ends(&bracket);
        if (most - least) * limits.direction < limits.change {
            break;
        }
        let mut step = interpolate(&bracket[0], &bracket[1], [least, most]);
        // Close to an end twice, or at it: a tenth of the bracket away from it.
        let tenth = 0.1 * (most - least);
        let is_close = (most - step).min(step - least) < tenth;
        if is_close && (is_stuck || step >= most || step <= least) {
            step = if (step - most).abs() < (step - least).abs() { most - tenth } else { least + tenth };
            is_stuck = false;
        } else {
            is_stuck = is_close;
        }
        let point = at(step)?;
        trials += 1;
        let high = 1 - low;
        if is_high(&point) || point.value >= bracket[low].value {
            bracket[high] = point;
            low = usize::from(bracket[1].value < bracket[0].value);
            continue;
        }
        let is_done = is_flat(&point);
        let turns = point.slope * (bracket[high].step - bracket[low].step) >= 0.0;
        let old = std::mem::replace(&mut bracket[low], point);
        if is_done {
            break;
        }
        if turns {
            bracket[high] = old;
        }
    }
    let [first, second] = bracket;
    Ok(if low == 0 { first } else { second })
}

/// The ends of a bracket in order.
fn ends([a, b]: &[PointAlong; 2]) -> [f64; 2] {
    [a.step.min(b.step), a.step.max(b.step)]
}

/// The least point, within bounds, of the cubic through two points with their slopes (Nocedal and Wright, eq. 3.59); the middle
/// of the bounds if there is none.
fn interpolate(a: &PointAlong, b: &PointAlong, [least, most]: [f64; 2]) -> f64 {
    let (a, b) = if a.step <= b.step { (a, b) } else { (b, a) };
    let d1 = a.slope + b.slope - 3.0 * (a.value - b.value) / (a.step - b.step);
    let d2 = (d1 * d1 - a.slope * b.slope).sqrt();
    let step = b.step - (b.step - a.step) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2));
    if step.is_finite() { step.max(least).min(most) } else { (least + most) / 2.0 }
}
