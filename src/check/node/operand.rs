//! The rule of one operand against differences of the kernel.

use crate::check::measure::element::Element;
use crate::check::measure::function::Moves;
use crate::check::measure::probe::along;
use crate::check::measure::question::Answer;
use crate::check::measure::steps::{Reach, rms};
use crate::check::node::Nodes;
use crate::check::node::locate::worst;
use crate::check::node::tally::{Motion, RuleBounds, is_tied};
use crate::check::random::{positions, signed};
use crate::check::replay::Replay;
use crate::error::Result;

/// Elements up to which every one is moved by itself.
const SINGLE: usize = 64;
/// Directions in which larger operands are moved.
const PROBES: usize = 2;
/// Elements of a larger operand that are moved by themselves where a direction meets a tie.
const AT_TIES: usize = 256;
/// Elements of a larger operand of an elementwise op that are moved by themselves: so many of the least, of the greatest,
/// and of those with the greatest derivative. A direction shows nothing of elements that add little to it.
const NOTABLE: usize = 6;

impl Nodes<'_> {
    /// The rule of one operand against differences: how it was moved, and what that says.
    pub(super) fn answers(
        &mut self,
        replay: &mut Replay,
        measured: RuleBounds<'_>,
    ) -> Result<Vec<(Motion, Answer)>> {
        let dx = measured.dx;
        let mut answers = Vec::new();
        let elements = movable(replay);
        if elements.is_empty() {
            return Ok(answers);
        }
        if self.thorough {
            let question = |element: usize, reach: Reach| measured.element(element, reach);
            let found = worst(&mut self.judge, replay, dx, question)?;
            answers.push(self.answer(replay, measured, Motion::Element(found.element), &elements)?);
        }
        let mut singles = if dx.len() <= SINGLE { dx.len() } else { 0 };
        if singles == 0 {
            for _ in 0..PROBES {
                let along = self.answer(replay, measured, Motion::Along, &elements)?;
                // Where elements tie, moving several at once says nothing about any of them.
                match is_tied(&along.1) {
                    true => singles = AT_TIES,
                    false => answers.push(along),
                }
            }
        }
        let mut alone: Vec<usize> =
            positions(elements.len(), singles, &mut self.random).into_iter().map(|k| elements[k]).collect();
        if singles == 0 && measured.elementwise {
            alone = notable(&elements, replay.point(), dx);
        }
        for element in alone {
            answers.push(self.answer(replay, measured, Motion::Element(element), &elements)?);
        }
        Ok(answers)
    }

    /// Asks once more for the answers that do not pass, with what is known by then.
    pub(super) fn answer_again(
        &mut self,
        replay: &mut Replay,
        measured: RuleBounds<'_>,
        answers: &mut [(Motion, Answer)],
    ) -> Result<()> {
        for answer in answers {
            if matches!(answer.1.element, Element::Fail | Element::Unresolved(_)) {
                let again = self.answer(replay, measured, answer.0, &movable(replay))?;
                // Another direction may meet a tie, which says nothing.
                if matches!(answer.0, Motion::Element(_)) || !is_tied(&again.1) {
                    *answer = again;
                }
            }
        }
        Ok(())
    }

    /// The answer for an operand that is moved in some way, of which these elements can be moved.
    fn answer(
        &mut self,
        replay: &mut Replay,
        measured: RuleBounds<'_>,
        moved: Motion,
        elements: &[usize],
    ) -> Result<(Motion, Answer)> {
        let rms = rms(replay.point());
        let answer = match moved {
            Motion::Element(element) => {
                replay.move_element(element);
                let reach = Reach::element(replay.point()[element], rms);
                self.judge.judge(replay, measured.element(element, reach))?
            }
            Motion::Along => {
                let draw = || {
                    let drawn = signed(measured.dx.len(), &mut self.random);
                    let mut direction = vec![0.0; drawn.len()];
                    elements.iter().for_each(|&i| direction[i] = drawn[i]);
                    direction
                };
                let question = |g, reach| measured.along(g, reach, elements.len());
                along(&mut self.judge, replay, measured.dx, rms, draw, question)?.answer
            }
        };
        Ok((moved, answer))
    }
}

/// The elements that can be moved: not those at infinity.
fn movable(replay: &Replay) -> Vec<usize> {
    let point = replay.point();
    (0..point.len()).filter(|&i| point[i].is_finite()).collect()
}

/// The least and the greatest elements, and those of the greatest derivatives.
fn notable(elements: &[usize], point: &[f64], dx: &[f64]) -> Vec<usize> {
    let mut notable = Vec::with_capacity(3 * NOTABLE);
    let mut sorted = elements.to_vec();
    let mut take = |key: &dyn Fn(usize) -> f64| {
        let count = NOTABLE.min(sorted.len());
        if count > 0 {
            sorted.select_nth_unstable_by(count - 1, |&a, &b| key(a).total_cmp(&key(b)));
            notable.extend_from_slice(&sorted[..count]);
        }
    };
    take(&|e| if point[e] == 0.0 { f64::INFINITY } else { point[e].abs() });
    take(&|e| -point[e].abs());
    take(&|e| -dx[e].abs());
    notable.sort_unstable();
    notable.dedup();
    notable
}
