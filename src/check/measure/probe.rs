//! A derivative along a random direction, in which all elements of a point are moved at once.

use crate::check::measure::element::Element;
use crate::check::measure::function::Moves;
use crate::check::measure::judge::Judge;
use crate::check::measure::question::{Answer, Question};
use crate::check::measure::steps::{Reach, longer};
use crate::error::Result;

/// What a direction said.
pub(crate) struct Probe {
    pub(crate) answer: Answer,
    /// By how much each element's gradient counts in it, for each unit of the direction.
    pub(crate) scales: Option<Vec<f64>>,
}

/// The verdict on the derivative along a direction that is drawn: by distances of the same size for all elements first, and
/// where that leads out of the domain or across branches, along another one, by distances in proportion to the elements.
///
/// `rms` is that of the point, and `question` makes the question of a derivative by backpropagation.
pub(crate) fn along<M: Moves>(
    judge: &mut Judge,
    f: &mut M,
    gradient: &[f64],
    rms: f64,
    mut draw: impl FnMut() -> Vec<f64>,
    question: impl Fn(f64, Reach) -> Question,
) -> Result<Probe> {
    let longer = longer(f.epsilon());
    let reach = Reach::in_proportion(rms).all_longer(longer);
    let direction = draw();
    let backprop = slope(gradient, &direction);
    f.move_along(direction);
    let mut answer = judge.judge(f, question(backprop, reach))?;
    if answer.element == Element::Fail {
        // Is it wrong at the scale of the least of the elements, too?
        let reach = Reach::all(f.point(), rms).all_longer(longer);
        answer = judge.judge(f, question(backprop, reach))?;
    }
    let open = answer.at_kink || matches!(answer.element, Element::Unresolved(_));
    if !open || !backprop.is_finite() || rms == 0.0 {
        return Ok(Probe { answer, scales: None });
    }
    let scales: Vec<f64> =
        f.point().iter().map(|&x| if x == 0.0 || !x.is_finite() { 1.0 } else { x.abs() / rms }).collect();
    let direction: Vec<f64> = draw().iter().zip(&scales).map(|(v, s)| v * s).collect();
    let backprop = slope(gradient, &direction);
    f.move_along(direction);
    let second = judge.judge(f, question(backprop, reach))?;
    match second.at_kink || matches!(second.element, Element::Unresolved(_)) {
        true => Ok(Probe { answer, scales: None }),
        false => Ok(Probe { answer: second, scales: Some(scales) }),
    }
}

/// The derivative along a direction: the sum over the elements that it moves.
fn slope(gradient: &[f64], direction: &[f64]) -> f64 {
    let sum: f64 = gradient.iter().zip(direction).map(|(g, v)| g * v).sum();
    if sum.is_finite() {
        return sum;
    }
    let moved = gradient.iter().zip(direction).filter(|(_, v)| **v != 0.0);
    moved.map(|(g, v)| g * v).sum()
}
