//! Whether differences can be trusted to call a derivative wrong.

use crate::check::measure::differences::Richardson;
use crate::check::measure::element::Element;
use crate::check::measure::function::Function;
use crate::check::measure::judge::Judge;
use crate::check::measure::question::{Best, Question};
use crate::check::measure::steps::{AGREED, FACTOR, SHRINKS, TRIES};
use crate::error::Result;

/// How often a step is halved at the most, from any that is tried to where rounding drowns all.
const HALVINGS: usize = 8 * TRIES;

impl Judge {
    /// What fails must fail at a step of the element's own scale, and at a shorter one still, where its differences have
    /// converged: one that is far too long may see the same slope at h and at h/2, and not that of a part of the function
    /// which is flat out there, or which goes up and down many times.
    ///
    /// Whether what comes out can be trusted to say that a derivative is wrong.
    pub(crate) fn confirm(
        &mut self,
        f: &mut impl Function,
        question: Question,
        first: Best,
    ) -> Result<(Best, bool)> {
        let mut best = first;
        if !question.backprop.is_finite() {
            return Ok((best, true));
        }
        // The longest of the steps that agree shows the slope best.
        let (mut longest, mut agreed) = (None, 0);
        for _ in 0..TRIES {
            if self.verdict(&best.pair, question) != Element::Fail {
                return Ok((best, true));
            }
            let shorter = match self.nearer(f, question, &best)? {
                Ok(shorter) => shorter,
                // Nothing shorter could tell more.
                Err(drowned) => {
                    let close = best.step <= question.reach.trusted && best.pair.has_converged();
                    let trusted = agreed > 0 || drowned && (close || self.is_straight(f, &best)?);
                    let best = longest.unwrap_or(best);
                    let trusted = trusted && self.is_between(f, question, &best)?;
                    return Ok((best, trusted));
                }
            };
            let error = best.pair.error() + shorter.pair.error();
            let same = self.agree(&best.pair, &shorter.pair, error);
            if same && best.pair.has_converged() && shorter.pair.has_converged() {
                agreed = if shorter.step <= question.reach.trusted { agreed + 1 } else { 0 };
                longest = longest.or(Some(best));
            } else {
                (longest, agreed) = (None, 0);
            }
            if agreed == AGREED {
                let best = longest.unwrap_or(shorter);
                let trusted = self.is_between(f, question, &best)?;
                return Ok((best, trusted));
            }
            best = shorter;
        }
        Ok((best, false))
    }

    /// Whether a step that is no power of two times another shows the same slope: a function that repeats itself may stand
    /// still at all others.
    fn is_between(&mut self, f: &mut impl Function, question: Question, best: &Best) -> Result<bool> {
        let Some(other) = self.differences.pair(f, 0.618_034 * best.step)? else { return Ok(false) };
        let error = best.pair.error() + other.error() + 2.0 * question.hidden(best.step);
        Ok(!other.bent && self.agree(&best.pair, &other, error))
    }

    /// Whether longer steps show the same slope as the shortest that can be seen, without a bend.
    fn is_straight(&mut self, f: &mut impl Function, best: &Best) -> Result<bool> {
        for power in 1..=AGREED {
            let longer = self.differences.pair(f, best.step * FACTOR.powi(power as i32))?;
            let same = |longer: &Richardson| {
                longer.has_converged() && self.agree(&best.pair, longer, best.pair.error() + longer.error())
            };
            if !longer.as_ref().is_some_and(same) {
                return Ok(false);
            }
        }
        Ok(best.pair.has_converged())
    }

    /// Differences at the shortest step, of the element's own scale at the most, that could show what `best` shows. Where
    /// there are none, whether that is since rounding drowns it at all that could be taken.
    fn nearer(
        &mut self,
        f: &mut impl Function,
        question: Question,
        best: &Best,
    ) -> Result<Result<Best, bool>> {
        let wanted = 0.05 * best.pair.compared(question).difference();
        let mut step = question.reach.trusted.min(best.step / FACTOR);
        for _ in 0..SHRINKS {
            match self.differences.pair(f, step)? {
                Some(pair) if !pair.bent => break,
                _ => step /= FACTOR,
            }
        }
        let mut drowned = true;
        while step < best.step {
            match self.differences.pair(f, step)? {
                Some(pair) if pair.rounding.max(question.hidden(step)) > wanted => {}
                Some(pair) if !pair.bent => return Ok(Ok(Best { pair, step })),
                _ => drowned = false,
            }
            step *= FACTOR;
        }
        Ok(Err(drowned))
    }

    /// A longer step at which numbers of y move that stand still at this one, if there the derivative is as it is said to be,
    /// and so it is at the step before: what stands still was lost in a rounding inside. `ln(1 + Σ eˣ)` adds numbers of the
    /// size of 1, however small it is itself.
    pub(super) fn before_rest(
        &mut self,
        f: &mut impl Function,
        question: Question,
        best: &Best,
    ) -> Result<Option<Best>> {
        let gap = (best.pair.value - question.backprop).abs();
        let (mut step, mut seen, mut longest) = (best.step, 0, None);
        while best.pair.resting > 0 && FACTOR * step <= question.reach.first {
            step *= FACTOR;
            let shows = |pair: &Richardson| {
                pair.resting < best.pair.resting && (pair.value - question.backprop).abs() <= 0.05 * gap
            };
            match self.differences.pair(f, step)?.filter(shows) {
                Some(pair) => (seen, longest) = (seen + 1, Some(Best { pair, step })),
                None if seen >= AGREED => break,
                None => (seen, longest) = (0, None),
            }
        }
        Ok(longest.filter(|_| seen >= AGREED))
    }

    /// Whether shorter steps, as far as rounding lets them speak, have the slope that contradicts a derivative. A function that
    /// has gone up and down many times along a step need not: `sin πx / πx` shows no more than the size of its waves.
    pub(super) fn settles(&mut self, f: &mut impl Function, question: Question, best: &Best) -> Result<bool> {
        if is_between_numbers(f, question) {
            return Ok(false);
        }
        let slope = best.pair.value;
        let gap = (slope - question.backprop).abs();
        let mut step = best.step;
        // Halved, since between rounding and the waves there may be room for a step or two.
        for _ in 0..HALVINGS {
            step /= 2.0;
            let Some(central) = self.differences.central(f, step)? else { break };
            if central.rounding.max(question.hidden(step)) > 0.25 * gap {
                break;
            }
            if (central.slope - slope).abs() > 0.5 * gap {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether no kink at the point explains by how much a derivative is off: between slopes that differ by twice as much, any
    /// may be right. Where curvature makes them differ by more than that at every step that rounding lets speak, one may hide.
    pub(super) fn is_smooth(
        &mut self,
        f: &mut impl Function,
        question: Question,
        best: &Best,
    ) -> Result<bool> {
        if !question.kinks {
            return Ok(true);
        }
        let gap = (best.pair.value - question.backprop).abs();
        let mut step = best.step;
        for _ in 0..HALVINGS {
            let Some(central) = self.differences.central(f, step)? else { break };
            if central.rounding > gap {
                break;
            }
            if central.bend.abs() < gap {
                return Ok(true);
            }
            step /= 2.0;
        }
        Ok(false)
    }
}

/// Whether the number that is moved is so large that its neighbours are 1 or more away, and y would change by as much as it
/// is on the way to them: what it does there no step shows. `sin πx / πx` is 0 at every number from 2⁵² on.
fn is_between_numbers(f: &impl Function, question: Question) -> bool {
    let apart = f.epsilon() * question.reach.size();
    let largest = f.weights().iter().zip(f.base()).enumerate();
    let largest = largest.filter(|(i, _)| f.depends(*i)).fold(0.0_f64, |m, (_, (w, y))| m.max((w * y).abs()));
    apart >= 1.0 && question.backprop.abs() * apart >= largest
}
