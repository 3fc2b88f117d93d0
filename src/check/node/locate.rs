//! The element that differs most.

use crate::check::measure::element::Element;
use crate::check::measure::function::{Function, Moves};
use crate::check::measure::judge::Judge;
use crate::check::measure::question::Question;
use crate::check::measure::steps::{Reach, rms};
use crate::check::replay::Replay;
use crate::check::report::hint::Measured;
use crate::error::Result;

/// Elements up to which every one is measured.
const ALL: usize = 4096;

/// What was found of an operand whose rule is wrong.
pub(crate) struct Furthest {
    /// The element that differs most.
    pub(crate) element: usize,
    /// Its derivative by differences.
    pub(crate) numeric: f64,
    /// Every element, or one that was found among many.
    pub(crate) elements: Vec<Measured>,
}

/// Finds the element whose derivative is furthest from `dx`, of those that fail if any does. Among many, the half that is
/// further off along a common direction is halved again: O(log n) differences.
pub(crate) fn worst(
    judge: &mut Judge,
    replay: &mut Replay,
    dx: &[f64],
    question: impl Fn(usize, Reach) -> Question,
) -> Result<Furthest> {
    let rms = rms(replay.point());
    let places = if dx.len() <= ALL { 0..dx.len() } else { halved(judge, replay, dx, rms)? };
    let mut elements = Vec::with_capacity(places.len());
    for element in places {
        replay.move_element(element);
        let reach = Reach::element(replay.point()[element], rms);
        let answer = judge.judge(replay, question(element, reach))?;
        elements.push(Measured { element, compared: answer.compared, verdict: answer.element });
    }
    // What fails before what does not; NaN is worse than anything.
    let off = |m: &Measured| {
        let difference = m.compared.difference();
        (m.verdict == Element::Fail, if difference.is_nan() { f64::INFINITY } else { difference })
    };
    let further = |a: &&Measured, b: &&Measured| {
        let (a, b) = (off(a), off(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    };
    // Of several that are equally far off, the first.
    let furthest = elements.iter().rev().max_by(further);
    let (element, numeric) = furthest.map_or((0, f64::NAN), |m| (m.element, m.compared.numeric));
    Ok(Furthest { element, numeric, elements })
}

/// Whether the function stands still, bit for bit, wherever an element that fails is moved by little, and is said to move so
/// far that it would be seen: as one with steps does, to which a rule was given by hand.
pub(crate) fn is_flat(replay: &mut Replay, dx: &[f64], elements: &[Measured]) -> Result<bool> {
    /// Elements that are tried.
    const TRIED: usize = 16;
    /// The parts of an element by which it is moved. Some may meet a step.
    const PARTS: [f64; 3] = [1.0 / (1 << 20) as f64, 1.0 / (1 << 24) as f64, 1.0 / (1 << 28) as f64];
    let rms = rms(replay.point());
    let output: f64 = replay.base().iter().zip(replay.weights()).map(|(y, dy)| (y * dy).abs()).sum();
    let (mut still, mut tried) = (0, 0);
    for m in elements.iter().filter(|m| m.verdict == Element::Fail).take(TRIED) {
        replay.move_element(m.element);
        let x = replay.point()[m.element].abs();
        let scale = if x > 0.0 { x } else { rms };
        for t in PARTS.iter().flat_map(|part| [part * scale, -part * scale]) {
            let seen = (dx[m.element] * t).abs() > 64.0 * f64::EPSILON * output;
            if !seen || !replay.at(t)?.smooth {
                continue;
            }
            tried += 1;
            let mut numbers = replay.numbers().iter().zip(replay.base());
            still += usize::from(numbers.all(|(now, base)| now.to_bits() == base.to_bits()));
        }
    }
    Ok(tried > 0 && 10 * still >= 9 * tried)
}

/// The one element of many that halving leaves.
fn halved(judge: &mut Judge, replay: &mut Replay, dx: &[f64], rms: f64) -> Result<std::ops::Range<usize>> {
    if let Some(broken) = dx.iter().position(|dx| !dx.is_finite()) {
        return Ok(broken..broken + 1);
    }
    let (mut start, mut end) = (0, dx.len());
    while end - start > 1 {
        let middle = start + (end - start) / 2;
        let mut off = |from: usize, to: usize| -> Result<f64> {
            let mut direction = vec![0.0; dx.len()];
            direction[from..to].fill(1.0);
            replay.move_along(direction);
            let numeric = judge.measure(replay, Reach::in_proportion(rms))?;
            Ok((dx[from..to].iter().sum::<f64>() - numeric).abs())
        };
        if off(start, middle)? >= off(middle, end)? {
            end = middle;
        } else {
            start = middle;
        }
    }
    Ok(start..end)
}
