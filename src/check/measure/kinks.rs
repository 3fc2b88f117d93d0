//! The verdict at a kink, and at an end of the domain, where a derivative has one side or two.

use crate::check::measure::differences::OneSided;
use crate::check::measure::element::{Compared, Element, Reason};
use crate::check::measure::function::Function;
use crate::check::measure::judge::Judge;
use crate::check::measure::question::{Answer, Question};
use crate::check::measure::steps::{AGREED, FACTOR, Reach, TRIES};
use crate::error::Result;

impl Judge {
    /// At a kink: any derivative between those of both sides is accepted, and told to be one. A kink has a slope on either
    /// side, which is the same near the point as further away; where no branch changes, these alone tell it from rounding.
    pub(crate) fn at_a_kink(
        &mut self,
        f: &mut impl Function,
        question: Question,
        branches: bool,
    ) -> Result<Answer> {
        let Question { backprop, .. } = question;
        let [near, far] = self.near_and_far(f, question.reach)?;
        let unresolved = |numeric: f64, reason: Reason| {
            let compared = Compared { backprop, numeric, error: f64::INFINITY };
            let element = if backprop.is_finite() { Element::Unresolved(reason) } else { Element::Fail };
            Answer { compared, element, at_kink: true }
        };
        let (left, right) = match near {
            [Some(right), Some(left)] => (left, right),
            [Some(side), None] | [None, Some(side)] => return Ok(self.at_an_end(question, side)),
            [None, None] => return Ok(unresolved(f64::NAN, Reason::End)),
        };
        let jump = (left.slope - right.slope).abs();
        let settled = |near: OneSided, far: Option<OneSided>| {
            far.is_some_and(|far| (near.slope - far.slope).abs() <= near.error + far.error + 0.2 * jump)
        };
        let seen = branches || left.error + right.error <= 0.3 * jump;
        if !question.kinks || !seen || !settled(right, far[0]) || !settled(left, far[1]) {
            return Ok(unresolved((left.slope + right.slope) / 2.0, Reason::Unsettled));
        }
        let low = (left.slope - left.error).min(right.slope - right.error);
        let high = (left.slope + left.error).max(right.slope + right.error);
        // Where no comparison tells which side of a kink the rule takes, its roundings may.
        let uncertain = if branches { 0.0 } else { 4.0 * question.uncertain };
        let slack = self.tolerance * backprop.abs().max(low.abs()).max(high.abs()) + uncertain;
        let inside = backprop.is_finite() && low - slack <= backprop && backprop <= high + slack;
        // What is compared with is the nearest of the derivatives between.
        let (least, most) = (left.slope.min(right.slope), left.slope.max(right.slope));
        let numeric = if backprop.is_nan() { least } else { backprop.max(least).min(most) };
        let compared = Compared { backprop, numeric, error: 0.0 };
        let element = match inside {
            true => Element::Kink,
            _ if !backprop.is_finite() => Element::Fail,
            // Its slopes are those of several pieces together.
            _ if self.nearly_ties(f, question.reach)? => Element::Unresolved(Reason::Tie),
            _ if !branches && !self.stays(f, question, [left, right])? => {
                Element::Unresolved(Reason::Unsettled)
            }
            _ => Element::Fail,
        };
        Ok(Answer { compared, element, at_kink: true })
    }

    /// Whether the slopes to both sides are those at shorter steps too, at two at least before rounding drowns them: what looks
    /// like a kink, and no comparison tells of, may be a bend over a shorter distance still.
    fn stays(&mut self, f: &mut impl Function, question: Question, sides: [OneSided; 2]) -> Result<bool> {
        let jump = (sides[0].slope - sides[1].slope).abs();
        let mut step = question.reach.shortest();
        for agreed in 0..TRIES {
            step /= FACTOR;
            let [Some(right), Some(left)] = self.differences.sides(f, step)? else { return Ok(false) };
            if (left.noise + right.noise) / step + 2.0 * question.hidden(step) > 0.3 * jump {
                return Ok(agreed >= AGREED);
            }
            let same = |near: OneSided, far: OneSided| (near.slope - far.slope).abs() <= 0.5 * jump;
            if !same(left, sides[0]) || !same(right, sides[1]) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether comparisons come out otherwise at the shortest step than a rounding away from the point: numbers that differ by so
    /// little are tied to every difference, and not to a rule.
    fn nearly_ties(&mut self, f: &mut impl Function, reach: Reach) -> Result<bool> {
        for side in [1.0, -1.0] {
            let far = f.at(side * reach.shortest())?;
            // The shorter of these that is not lost.
            for roundings in [0.5, 1.0] {
                let near = f.at(side * roundings * f.epsilon() * reach.size())?;
                if near.t != 0.0 {
                    if near.changed != far.changed {
                        return Ok(true);
                    }
                    break;
                }
            }
        }
        Ok(false)
    }

    /// At the end of the domain: the slope to one side can confirm a derivative, and alone cannot refute it.
    fn at_an_end(&self, question: Question, side: OneSided) -> Answer {
        let compared =
            Compared { backprop: question.backprop, numeric: side.extrapolated, error: side.error };
        let element = match compared.verdict(self.tolerance) {
            _ if !question.backprop.is_finite() => Element::Fail,
            Element::Pass => Element::Pass,
            _ => Element::Unresolved(Reason::End),
        };
        Answer { compared, element, at_kink: true }
    }

    /// Whether the function jumps at the point: to one side it has risen by the same at ever shorter steps.
    pub(crate) fn jumps(&mut self, f: &mut impl Function, reach: Reach) -> Result<bool> {
        let [near, far] = self.near_and_far(f, reach)?;
        let jumps = |sides: (Option<OneSided>, Option<OneSided>)| match sides {
            (Some(near), Some(far)) => near.jumps(&far),
            _ => false,
        };
        Ok(near.into_iter().zip(far).any(jumps))
    }

    /// The slopes to both sides at the shortest step, and at the one before it.
    fn near_and_far(&mut self, f: &mut impl Function, reach: Reach) -> Result<[[Option<OneSided>; 2]; 2]> {
        let step = reach.shortest();
        Ok([self.differences.sides(f, step)?, self.differences.sides(f, FACTOR * step)?])
    }
}
