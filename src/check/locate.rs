//! The element that differs most.

use super::element::{Compared, Element};
use super::function::Moves;
use super::hint::Measured;
use super::judge::Judge;
use super::replay::Replay;
use super::steps::{rms, start};
use crate::error::Result;

/// Elements up to which every one is measured.
const ALL: usize = 4096;

/// What was found of an operand whose rule is wrong.
pub(super) struct Found {
    /// The element that differs most.
    pub(super) element: usize,
    /// Its derivative by differences.
    pub(super) numeric: f64,
    /// Every element, or one that was found among many.
    pub(super) elements: Vec<Measured>,
}

/// Finds the element whose derivative is furthest from `dx`. Among many, the half that is further off along a common
/// direction is halved again: O(log n) differences.
pub(super) fn worst(judge: &mut Judge, replay: &mut Replay, rounding: f64, dx: &[f64]) -> Result<Found> {
    let rms = rms(replay.point());
    let mut elements = Vec::new();
    if dx.len() <= ALL {
        for (element, &given) in dx.iter().enumerate() {
            replay.move_element(element);
            let step = start(replay.point()[element], rms);
            elements.push(measured(element, given, judge.measure(replay, step, rounding)?, judge));
        }
    } else {
        let (mut start_at, mut end) = (0, dx.len());
        let broken = dx.iter().position(|dx| !dx.is_finite());
        if let Some(element) = broken {
            (start_at, end) = (element, element + 1);
        }
        while end - start_at > 1 {
            let middle = start_at + (end - start_at) / 2;
            let mut off = |from: usize, to: usize| -> Result<f64> {
                let mut direction = vec![0.0; dx.len()];
                direction[from..to].fill(1.0);
                replay.move_along(direction);
                let (numeric, _) = judge.measure(replay, start(0.0, rms), rounding)?;
                Ok((dx[from..to].iter().sum::<f64>() - numeric).abs())
            };
            if off(start_at, middle)? >= off(middle, end)? {
                end = middle;
            } else {
                start_at = middle;
            }
        }
        replay.move_element(start_at);
        let step = start(replay.point()[start_at], rms);
        elements.push(measured(start_at, dx[start_at], judge.measure(replay, step, rounding)?, judge));
    }
    let off = |m: &Measured| {
        let difference = m.compared.difference();
        // NaN is worse than anything.
        if difference.is_nan() { f64::INFINITY } else { difference }
    };
    // Of several that are equally far off, the first.
    let furthest = elements.iter().rev().max_by(|a, b| off(a).total_cmp(&off(b)));
    let (element, numeric) = furthest.map_or((0, f64::NAN), |m| (m.element, m.compared.numeric));
    Ok(Found { element, numeric, elements })
}

/// An element with both its derivatives; `numeric` comes with its error, which is infinite at a kink.
fn measured(element: usize, given: f64, (numeric, error): (f64, f64), judge: &Judge) -> Measured {
    let compared = Compared { backprop: given, numeric, error };
    let verdict =
        if error == f64::INFINITY && given.is_finite() { Element::Kink } else { judge.compare(compared) };
    Measured { element, compared, verdict }
}
