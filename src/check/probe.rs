//! A derivative along a random direction, in which all elements of a point are moved at once.

use super::element::Element;
use super::function::Moves;
use super::judge::{Answer, Judge, Question};
use super::steps::{Reach, longer, rms};
use crate::error::Result;

/// What a direction said.
pub(super) struct Probe {
    pub(super) answer: Answer,
    /// By how much each element's gradient counts in it, for each unit of the direction.
    pub(super) scales: Option<Vec<f64>>,
}

/// The verdict on the derivative along a direction: by distances of the same size for all elements first, and where that
/// leads out of the domain or across branches, by distances in proportion to the elements.
///
/// `question` makes the question of a derivative by backpropagation along it.
pub(super) fn along<M: Moves>(
    judge: &mut Judge,
    f: &mut M,
    gradient: &[f64],
    direction: Vec<f64>,
    question: impl Fn(f64, Reach) -> Question,
) -> Result<Probe> {
    let rms = rms(f.point());
    let slope = |direction: &[f64]| gradient.iter().zip(direction).map(moved).sum::<f64>();
    let longer = longer(f.epsilon());
    let reach = Reach::all(f.point(), rms).all_longer(longer);
    let backprop = slope(&direction);
    f.move_along(direction.clone());
    let answer = judge.judge(f, question(backprop, reach))?;
    let open = answer.at_kink || matches!(answer.element, Element::Unresolved(_));
    if !open || !backprop.is_finite() || rms == 0.0 {
        return Ok(Probe { answer, scales: None });
    }
    let scales: Vec<f64> =
        f.point().iter().map(|&x| if x == 0.0 || !x.is_finite() { 1.0 } else { x.abs() / rms }).collect();
    let direction: Vec<f64> = direction.iter().zip(&scales).map(|(v, s)| v * s).collect();
    let backprop = slope(&direction);
    f.move_along(direction);
    let second = judge.judge(f, question(backprop, Reach::in_proportion(rms).all_longer(longer)))?;
    match second.at_kink || matches!(second.element, Element::Unresolved(_)) {
        true => Ok(Probe { answer, scales: None }),
        false => Ok(Probe { answer: second, scales: Some(scales) }),
    }
}

/// What an element adds to the derivative along a direction; nothing if it does not move.
fn moved((gradient, distance): (&f64, &f64)) -> f64 {
    if *distance == 0.0 { 0.0 } else { gradient * distance }
}
