//! The verdict on a derivative, measured by differences at as many steps as it takes.

use crate::check::measure::differences::{Central, Differences, Richardson};
use crate::check::measure::element::{Compared, Element, Reason};
use crate::check::measure::function::Function;
use crate::check::measure::question::{Answer, Best, Question};
use crate::check::measure::steps::{FACTOR, Reach, SHRINKS, TRIES};
use crate::error::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// So many derivatives that fail are measured once more.
const REPEATED: usize = 64;

/// Decides on derivatives, one after another, with one relative tolerance.
#[derive(Debug, Clone)]
pub(crate) struct Judge {
    pub(crate) tolerance: f64,
    pub(crate) differences: Differences,
    /// How many derivatives that failed were measured once more.
    repeated: usize,
    /// Whether one of them has come out otherwise then; shared by the copies for threads.
    unsteady: Arc<AtomicBool>,
}

impl Judge {
    pub(crate) fn new(tolerance: f64) -> Self {
        Self { tolerance, differences: Differences::default(), repeated: 0, unsteady: Arc::default() }
    }

    /// Judges functions whose results have as much rounding in them, besides that of their last place.
    pub(crate) fn of_noisy(mut self, noise: f64) -> Self {
        self.differences.noise = noise;
        self
    }

    /// Whether two numbers are further apart than the tolerance and their error allow.
    pub(crate) fn disagrees(&self, compared: Compared) -> bool {
        compared.verdict(self.tolerance) == Element::Fail
    }

    /// How far two numbers may be apart.
    pub(crate) fn threshold(&self, compared: Compared) -> f64 {
        compared.threshold(self.tolerance)
    }

    /// How good the derivative by differences is at a step; `None` where a branch changes.
    pub(crate) fn quality(&mut self, f: &mut impl Function, step: f64) -> Result<Option<f64>> {
        self.differences.quality(f, step)
    }

    /// Whether a derivative, measured again, was another: the function is not the same from one call to the next.
    pub(crate) fn is_unsteady(&self) -> bool {
        self.unsteady.load(Ordering::Relaxed)
    }

    /// The verdict on a derivative of `f` at 0. What fails is measured once more, where it fails again, bit for bit.
    pub(crate) fn judge(&mut self, f: &mut impl Function, question: Question) -> Result<Answer> {
        let mut answer = self.once(f, question)?;
        if let Element::Unresolved(Reason::Unsettled | Reason::End) = answer.element
            && self.jumps(f, question.reach)?
        {
            answer.element = Element::Unresolved(Reason::Jump);
        }
        if answer.element != Element::Fail || self.repeated == REPEATED {
            return Ok(answer);
        }
        self.repeated += 1;
        let again = self.once(f, question)?;
        if again.compared.numeric.to_bits() != answer.compared.numeric.to_bits() {
            self.unsteady.store(true, Ordering::Relaxed);
        }
        Ok(again)
    }

    fn once(&mut self, f: &mut impl Function, question: Question) -> Result<Answer> {
        let Question { backprop, .. } = question;
        let Some(plain) = question.plain.filter(|_| backprop.is_finite()) else {
            return self.extrapolate(f, question);
        };
        let Some(central) = self.differences.central(f, plain)? else {
            // The step crosses a kink: a shorter one decides, and the element is listed.
            let reach = question.reach.within(plain / FACTOR);
            let answer = self.extrapolate(f, Question { reach, ..question })?;
            let element = match answer.element {
                Element::Pass | Element::Zero | Element::Rounding | Element::Kink => Element::Kink,
                open => open,
            };
            return Ok(Answer { element, ..answer });
        };
        let Central { slope, rounding, still, .. } = central;
        let compared = Compared { backprop, numeric: slope, error: rounding + question.uncertain };
        if compared.verdict(self.tolerance) == Element::Pass {
            return Ok(Answer::new(compared, Element::Pass));
        }
        if backprop == 0.0 && still && self.is_zero(f, question, plain)? {
            return Ok(Answer::new(compared, Element::Zero));
        }
        let answer = self.extrapolate(f, question)?;
        let again = self.differences.central(f, plain)?.map(|central| central.slope);
        self.same_again(Some(slope), again);
        Ok(Answer { compared: Compared { numeric: slope, ..answer.compared }, ..answer })
    }

    /// Notes whether what was measured at one step, and then again, is the same, bit for bit.
    fn same_again(&self, first: Option<f64>, again: Option<f64>) {
        if first.map(f64::to_bits) != again.map(f64::to_bits) {
            self.unsteady.store(true, Ordering::Relaxed);
        }
    }

    /// A derivative of `f` at 0, without anything to hold it against; NaN if it cannot be had.
    pub(crate) fn measure(&mut self, f: &mut impl Function, reach: Reach) -> Result<f64> {
        let mut step = reach.first;
        for _ in 0..TRIES {
            if let Some(pair) = self.differences.pair(f, step)? {
                return Ok(pair.value);
            }
            step /= FACTOR;
        }
        Ok(f64::NAN)
    }

    fn extrapolate(&mut self, f: &mut impl Function, question: Question) -> Result<Answer> {
        // A function without kinks looks as if it had one where a step is too long for it, and nowhere else.
        let shrinks = if question.kinks { SHRINKS } else { TRIES as i32 };
        let shortest = question.reach.own * FACTOR.powi(-shrinks);
        let mut step = question.reach.first;
        let (mut first, mut far, mut bent) = (None, None, None::<Best>);
        let mut branches = false;
        while step >= shortest {
            let mut pair = self.differences.pair(f, step)?;
            let decides = |pair: &Richardson| pair.still || self.verdict(pair, question) == Element::Pass;
            // Where the first step does not decide, it is measured again: it may be off by an accident that the others
            // are not.
            if step == question.reach.first && !pair.as_ref().is_some_and(decides) {
                let again = self.differences.pair(f, step)?;
                self.same_again(pair.map(|pair| pair.value), again.as_ref().map(|pair| pair.value));
                pair = again;
            }
            branches = pair.is_none();
            if let Some(pair) = pair {
                // A bend that no comparison tells of counts only against a derivative that does not pass, and passes only
                // where no step of the element's own scale says otherwise.
                let passes = pair.bent && self.verdict(&pair, question) == Element::Pass;
                if !pair.bent || passes && step <= question.reach.own {
                    first = Some(Best { pair, step });
                    break;
                }
                if passes && far.is_none() {
                    far = Some(pair.compared(question));
                }
                if bent.as_ref().is_none_or(|least| pair.error() < least.pair.error()) {
                    bent = Some(Best { pair, step });
                }
            }
            step = self.shorter(step, question);
        }
        let answer = match first.or(bent.filter(|_| !question.kinks)) {
            Some(first) => self.decide(f, question, first)?,
            None => match self.at_a_kink(f, question, branches)? {
                // No derivative is wrong for a kink that is only near.
                wrong if branches && wrong.element == Element::Fail && question.backprop.is_finite() => {
                    self.nearest(f, question, shortest)?.unwrap_or(wrong)
                }
                answer => answer,
            },
        };
        match (far, answer.element) {
            (_, Element::Fail) | (None, _) => Ok(answer),
            (Some(compared), _) => Ok(Answer::new(compared, Element::Pass)),
        }
    }

    /// The verdict at the longest step, as short as it may be, at which no branch changes: none at a kink.
    pub(crate) fn nearest(
        &mut self,
        f: &mut impl Function,
        question: Question,
        shortest: f64,
    ) -> Result<Option<Answer>> {
        let mut step = shortest;
        for _ in 0..2 * TRIES {
            step /= FACTOR;
            match self.differences.pair(f, step)? {
                Some(pair) if !pair.bent => {
                    return self.decide(f, question, Best { pair, step }).map(Some);
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// The next step where one has met a branch, or the end of the domain: an eighth, a few times, since longer ones are
    /// further above rounding; then that of the element's own scale, and from there on an eighth again.
    fn shorter(&self, step: f64, question: Question) -> f64 {
        let Reach { first, own, .. } = question.reach;
        let many = step < first * FACTOR.powi(1 - SHRINKS);
        if many && step > FACTOR * own { own } else { step / FACTOR }
    }

    /// The verdict, from the first step at which the function is smooth on.
    pub(crate) fn decide(
        &mut self,
        f: &mut impl Function,
        question: Question,
        first: Best,
    ) -> Result<Answer> {
        let Best { pair, step } = &first;
        if question.backprop == 0.0 && pair.still && self.is_zero(f, question, *step)? {
            let compared = Compared { backprop: 0.0, numeric: 0.0, error: 0.0 };
            return Ok(Answer::new(compared, Element::Zero));
        }
        if question.backprop == 0.0 && pair.is_flat() {
            return Ok(Answer::new(pair.compared(question), Element::Zero));
        }
        let mut best = self.refine(f, question, first)?;
        let step = best.step;
        let mut trusted;
        (best, trusted) = self.confirm(f, question, best)?;
        if best.step != step && trusted {
            // A step that was too long has hidden what the shorter one shows.
            best = self.refine(f, question, best)?;
            (best, trusted) = self.confirm(f, question, best)?;
        }
        let mut compared = best.pair.compared(question);
        let mut element = compared.verdict(self.tolerance);
        if element == Element::Fail && compared.is_number() {
            if let Some(longer) = self.before_rest(f, question, &best)? {
                best = longer;
            }
            compared = self.scattered(f, question, &best)?;
            element = compared.verdict(self.tolerance);
            if element == Element::Fail {
                trusted =
                    trusted && self.settles(f, question, &best)? && self.is_smooth(f, question, &best)?;
            }
            if element == Element::Fail && !trusted {
                element = Element::Unresolved(Reason::Unsettled);
            }
        }
        if let Element::Unresolved(_) = element {
            element = match trusted {
                true if best.hides(compared, question) => Element::Rounding,
                true => Element::Unresolved(Reason::Rounding),
                false => Element::Unresolved(Reason::Unsettled),
            };
        }
        Ok(Answer::new(compared, element))
    }

    /// What is compared, with all that rounding on the way to y may have done, as far as it can be measured or told.
    fn scattered(&mut self, f: &mut impl Function, question: Question, best: &Best) -> Result<Compared> {
        let Best { pair, step } = best;
        let mut compared = pair.compared(question);
        let off = self.differences.scatter(f, pair.value, question.rounding, *step)?;
        let size = question.reach.size().max(1.0);
        let quantum = if pair.still { question.quantum * size / step } else { 0.0 };
        compared.error += (off / step).max(question.hidden(*step)).max(quantum);
        Ok(compared)
    }

    pub(crate) fn verdict(&self, pair: &Richardson, question: Question) -> Element {
        pair.compared(question).verdict(self.tolerance)
    }

    /// Tries longer steps while rounding is the trouble, and shorter ones while curvature is, until the derivative passes
    /// or the error grows again.
    fn refine(&mut self, f: &mut impl Function, question: Question, first: Best) -> Result<Best> {
        let start = first.step;
        let mut best = first;
        for factor in [FACTOR, 1.0 / FACTOR] {
            let mut step = start;
            for _ in 0..TRIES {
                if !self.is_open(&best, question) {
                    return Ok(best);
                }
                step *= factor;
                if step > question.reach.longest {
                    break;
                }
                match self.differences.pair(f, step)? {
                    Some(pair) if !pair.bent && pair.blur(question, step) < best.blur(question) => {
                        // A longer step may be out of sight of a part of the function; it only counts where it says
                        // what the shorter one says, as far as that could tell.
                        let blurred = best.pair.error() + question.rounding / best.step;
                        if factor > 1.0 && !self.agree(&best.pair, &pair, blurred) {
                            break;
                        }
                        best = Best { pair, step };
                    }
                    _ => break,
                }
            }
        }
        Ok(best)
    }

    /// Whether a better step could change the verdict: not of what passes, and not of what is wrong beyond any doubt.
    fn is_open(&self, best: &Best, question: Question) -> bool {
        let compared = best.pair.compared(question);
        let hopeless = compared.difference() > 0.1 * compared.magnitude()
            && compared.magnitude() > 100.0 * compared.error.max(question.rounding / best.step);
        compared.verdict(self.tolerance) != Element::Pass && !hopeless
    }

    /// Whether two numeric derivatives are the same, but for an error.
    pub(crate) fn agree(&self, a: &Richardson, b: &Richardson, error: f64) -> bool {
        !self.disagrees(Compared { backprop: a.value, numeric: b.value, error })
    }

    /// Whether y stands still at 8h as well, and could not have moved without being seen.
    fn is_zero(&mut self, f: &mut impl Function, question: Question, step: f64) -> Result<bool> {
        let far = FACTOR * step;
        let fine = question.rounding / far <= 1e-3 * question.slope;
        // Beyond a kink the function may well move.
        Ok(fine && self.differences.central(f, far)?.is_none_or(|central| central.still))
    }
}
