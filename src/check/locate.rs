//! The element that differs most.

use super::function::Moves;
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
    /// The derivative of every element, or of one that was found among many.
    pub(super) elements: Vec<(usize, f64)>,
}

/// Finds the element whose derivative is furthest from `dx`. Among many, the half that is further off along a common
/// direction is halved again: O(log n) differences.
pub(super) fn worst(judge: &mut Judge, replay: &mut Replay, rounding: f64, dx: &[f64]) -> Result<Found> {
    let rms = rms(replay.point());
    let mut elements = Vec::new();
    if dx.len() <= ALL {
        for element in 0..dx.len() {
            replay.move_element(element);
            let step = start(replay.point()[element], rms);
            elements.push((element, judge.measure(replay, step, rounding)?));
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
                let numeric = judge.measure(replay, start(0.0, rms), rounding)?;
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
        elements.push((start_at, judge.measure(replay, step, rounding)?));
    }
    let off = |&(element, numeric): &(usize, f64)| {
        let difference = (dx[element] - numeric).abs();
        // NaN is worse than anything.
        if difference.is_nan() { f64::INFINITY } else { difference }
    };
    // Of several that are equally far off, the first.
    let furthest = elements.iter().copied().rev().max_by(|a, b| off(a).total_cmp(&off(b)));
    let (element, numeric) = furthest.unwrap_or((0, f64::NAN));
    Ok(Found { element, numeric, elements })
}
