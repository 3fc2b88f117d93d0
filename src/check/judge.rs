//! Measuring a derivative by differences, and the verdict on it.

use super::element::{Compared, Element};
use super::function::Function;
use crate::error::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// By how much a step is made longer or shorter.
const FACTOR: f64 = 8.0;
/// How often it is made shorter to get between kinks, before the point itself counts as one.
const SHRINKS: i32 = 5;
/// How often it is made longer, or shorter, to get away from rounding, or from the function's curvature.
const TRIES: usize = 4;
/// So many derivatives that fail are measured once more.
const REPEATED: usize = 64;

/// A derivative to be judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    /// What backpropagation says.
    pub(super) backprop: f64,
    /// The step to begin with.
    pub(super) step: f64,
    /// The plain difference at this step is to be given as the numeric derivative, as the chapter does.
    pub(super) plain: Option<f64>,
    /// A few roundings of the greatest number that has a part in y: where it cancels, its roundings stay.
    pub(super) rounding: f64,
    /// A few roundings of the greatest number that has a part in what backpropagation says.
    pub(super) uncertain: f64,
    /// The greatest derivative in sight: what is a thousandth of it must be seen, before anything counts as zero.
    pub(super) slope: f64,
}

/// The verdict on a derivative, and what it rests on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) compared: Compared,
    pub(super) element: Element,
    /// Whether the point itself lies at a kink, so that only the slopes to both sides could be had.
    pub(super) at_kink: bool,
}

/// Two central differences, h and h/2, and what they say together.
struct Pair {
    /// Richardson's extrapolation, (4 D(h/2) − D(h)) / 3.
    value: f64,
    /// What the function's curvature may have left: |D(h/2) − D(h)| / 3.
    truncation: f64,
    rounding: f64,
    /// Whether y stood still, bit for bit.
    still: bool,
    /// The slope to the right less that to the left, if that stands out of rounding.
    bend: f64,
    /// Whether these differ as they would at a kink.
    bent: bool,
}

/// One central difference.
struct Central {
    /// By how much y rose from left to right.
    rise: f64,
    slope: f64,
    rounding: f64,
    still: bool,
    /// The slope to the right less that to the left.
    bend: f64,
}

/// Decides on derivatives, one after another, with one relative tolerance.
#[derive(Debug, Clone)]
pub(super) struct Judge {
    tolerance: f64,
    right: Vec<f64>,
    /// How many derivatives that failed were measured once more.
    repeated: usize,
    /// Whether one of them has come out otherwise then; shared by the copies for threads.
    unsteady: Arc<AtomicBool>,
}

impl Judge {
    pub(super) fn new(tolerance: f64) -> Self {
        Self { tolerance, right: Vec::new(), repeated: 0, unsteady: Arc::default() }
    }

    /// Whether two numbers are further apart than the tolerance and their error allow.
    pub(super) fn disagrees(&self, compared: Compared) -> bool {
        compared.verdict(self.tolerance) == Element::Fail
    }

    /// How far two numbers may be apart.
    pub(super) fn threshold(&self, compared: Compared) -> f64 {
        compared.threshold(self.tolerance)
    }

    /// Whether a derivative, measured again, was another: the function is not the same from one call to the next.
    pub(super) fn is_unsteady(&self) -> bool {
        self.unsteady.load(Ordering::Relaxed)
    }

    /// The verdict on a derivative of `f` at 0. What fails is measured once more, where it fails again, bit for bit.
    pub(super) fn judge(&mut self, f: &mut impl Function, question: Question) -> Result<Answer> {
        let answer = self.once(f, question)?;
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
        let Some(central) = self.central(f, plain)? else {
            // The step crosses a kink: a shorter one decides, and the element is listed.
            let answer =
                self.extrapolate(f, Question { step: question.step.min(plain / FACTOR), ..question })?;
            let element = match answer.element {
                Element::Pass | Element::Zero | Element::Kink => Element::Kink,
                open => open,
            };
            return Ok(Answer { element, ..answer });
        };
        let error = central.rounding + question.uncertain;
        let compared = Compared { backprop, numeric: central.slope, error };
        if compared.verdict(self.tolerance) == Element::Pass {
            return Ok(Answer { compared, element: Element::Pass, at_kink: false });
        }
        if backprop == 0.0 && central.still && self.is_zero(f, question, plain)? {
            return Ok(Answer { compared, element: Element::Zero, at_kink: false });
        }
        let answer = self.extrapolate(f, question)?;
        let again = self.central(f, plain)?.map(|central| central.slope);
        self.same_again(Some(central.slope), again);
        Ok(Answer { compared: Compared { numeric: central.slope, ..answer.compared }, ..answer })
    }

    /// Notes whether what was measured at one step, and then again, is the same, bit for bit.
    fn same_again(&self, first: Option<f64>, again: Option<f64>) {
        if first.map(f64::to_bits) != again.map(f64::to_bits) {
            self.unsteady.store(true, Ordering::Relaxed);
        }
    }

    /// A derivative of `f` at 0, without anything to hold it against.
    pub(super) fn measure(&mut self, f: &mut impl Function, step: f64, rounding: f64) -> Result<f64> {
        // What is compared with does not matter but for where the search for a step ends.
        let question = Question { backprop: 0.0, step, plain: None, rounding, uncertain: 0.0, slope: 1.0 };
        let shortest = step * FACTOR.powi(-SHRINKS);
        let mut step = step;
        while step >= shortest {
            if let Some(pair) = self.pair(f, step)? {
                return Ok(pair.value);
            }
            step /= FACTOR;
        }
        Ok(self.at_a_kink(f, question, shortest)?.compared.numeric)
    }

    fn extrapolate(&mut self, f: &mut impl Function, question: Question) -> Result<Answer> {
        let shortest = question.step * FACTOR.powi(-SHRINKS);
        let mut step = question.step;
        let mut first = None;
        let mut pair = self.pair(f, step)?;
        // Where the first step does not decide, it is measured again: it may be off by an accident that the others are not.
        if !pair.as_ref().is_some_and(|pair| pair.still || self.verdict(pair, question) == Element::Pass) {
            let again = self.pair(f, step)?;
            self.same_again(pair.map(|pair| pair.value), again.as_ref().map(|pair| pair.value));
            pair = again;
        }
        loop {
            match pair {
                // A bend that no comparison tells of counts only against a derivative that does not pass.
                Some(pair) if !pair.bent || self.verdict(&pair, question) == Element::Pass => {
                    first = Some(pair);
                    break;
                }
                _ => step /= FACTOR,
            }
            if step < shortest {
                break;
            }
            pair = self.pair(f, step)?;
        }
        let Some(first) = first else { return self.at_a_kink(f, question, shortest) };
        if question.backprop == 0.0 && first.still && self.is_zero(f, question, step)? {
            let compared = Compared { backprop: 0.0, numeric: 0.0, error: 0.0 };
            return Ok(Answer { compared, element: Element::Zero, at_kink: false });
        }
        if question.backprop == 0.0 && first.is_flat() {
            return Ok(Answer { compared: first.compared(question), element: Element::Zero, at_kink: false });
        }
        let (best, step) = self.settle(f, question, first, step)?;
        let (best, step) = self.confirm(f, question, best, step)?;
        let mut compared = best.compared(question);
        let mut element = compared.verdict(self.tolerance);
        // Is it rounding on the way to y? No, if it is far above the worst of that.
        if element == Element::Fail && compared.difference() <= 16.0 * question.rounding / step {
            compared.error += self.scatter(f, best.value, question.rounding, step)? / step;
            element = compared.verdict(self.tolerance);
        }
        Ok(Answer { compared, element, at_kink: false })
    }

    fn verdict(&self, pair: &Pair, question: Question) -> Element {
        pair.compared(question).verdict(self.tolerance)
    }

    /// Tries longer steps while rounding is the trouble, and shorter ones while curvature is, until the derivative passes
    /// or the error grows again.
    fn settle(
        &mut self,
        f: &mut impl Function,
        question: Question,
        first: Pair,
        step: f64,
    ) -> Result<(Pair, f64)> {
        let mut best = (first, step);
        let open = |judge: &Self, pair: &Pair| {
            let compared = pair.compared(question);
            // What is wrong beyond any doubt needs no second look.
            let hopeless = compared.difference() > 0.1 * compared.magnitude()
                && compared.magnitude() > 100.0 * compared.error.max(question.rounding / step);
            judge.verdict(pair, question) != Element::Pass && !hopeless
        };
        for factor in [FACTOR, 1.0 / FACTOR] {
            let mut step = step;
            for _ in 0..TRIES {
                if !open(self, &best.0) {
                    return Ok(best);
                }
                step *= factor;
                match self.pair(f, step)? {
                    Some(pair) if !pair.bent && pair.error() < best.0.error() => {
                        // A longer step may be out of sight of a part of the function; it only counts where it says
                        // what the shorter one says, as far as that could tell.
                        let blurred = best.0.error() + question.rounding / best.1;
                        if factor > 1.0 && !self.agree(&best.0, &pair, blurred) {
                            break;
                        }
                        best = (pair, step);
                    }
                    _ => break,
                }
            }
        }
        Ok(best)
    }

    /// Whether two numeric derivatives are the same, but for an error.
    fn agree(&self, a: &Pair, b: &Pair, error: f64) -> bool {
        !self.disagrees(Compared { backprop: a.value, numeric: b.value, error })
    }

    /// What fails must fail at a shorter step too: one that is far too long may see the same slope at h and at h/2, and
    /// not that of a part of the function which is flat out there.
    fn confirm(
        &mut self,
        f: &mut impl Function,
        question: Question,
        first: Pair,
        step: f64,
    ) -> Result<(Pair, f64)> {
        let mut best = (first, step);
        let shortest = step * FACTOR.powi(-SHRINKS);
        while self.verdict(&best.0, question) == Element::Fail && best.1 > shortest {
            let step = best.1 / FACTOR;
            let Some(shorter) = self.pair(f, step)? else { break };
            if self.agree(&best.0, &shorter, best.0.error() + shorter.error()) {
                break;
            }
            best = (shorter, step);
        }
        Ok(best)
    }

    /// Whether y stands still at 8h as well, and could not have moved without being seen.
    fn is_zero(&mut self, f: &mut impl Function, question: Question, step: f64) -> Result<bool> {
        let far = FACTOR * step;
        let fine = question.rounding / far <= 1e-3 * question.slope;
        // Beyond a kink the function may well move.
        Ok(fine && self.central(f, far)?.is_none_or(|central| central.still))
    }

    /// The central difference at a step, unless a branch changes on the way.
    fn central(&mut self, f: &mut impl Function, step: f64) -> Result<Option<Central>> {
        let right = f.at(step)?;
        if !right.smooth {
            return Ok(None);
        }
        self.right.clear();
        self.right.extend_from_slice(f.numbers());
        let left = f.at(-step)?;
        if !left.smooth {
            return Ok(None);
        }
        let (mut sum, mut bend, mut moved, mut greatest) = (0.0, 0.0, 0.0, 0.0_f64);
        let mut still = true;
        let sides = self.right.iter().zip(f.numbers()).zip(f.base()).zip(f.weights());
        for (((&right, &left), &base), &weight) in sides {
            greatest = greatest.max(right.abs()).max(left.abs());
            let same = right.to_bits() == left.to_bits();
            still &= same && right.to_bits() == base.to_bits();
            if !same {
                sum += weight * (right - left);
                moved += weight.abs();
            }
            bend += weight * ((right - base) + (left - base));
        }
        let distance = right.t - left.t;
        Ok(Some(Central {
            rise: sum,
            slope: sum / distance,
            rounding: 4.0 * f64::EPSILON * greatest * moved / step,
            still,
            bend: bend / step,
        }))
    }

    fn pair(&mut self, f: &mut impl Function, step: f64) -> Result<Option<Pair>> {
        let Some(whole) = self.central(f, step)? else { return Ok(None) };
        let Some(half) = self.central(f, step / 2.0)? else { return Ok(None) };
        let ratio = (whole.bend / half.bend).abs();
        let seen = half.bend.abs() > 4.0 * half.rounding;
        Ok(Some(Pair {
            value: (4.0 * half.slope - whole.slope) / 3.0,
            truncation: (half.slope - whole.slope).abs() / 3.0,
            rounding: whole.rounding.max(half.rounding),
            still: whole.still && half.still,
            bend: if seen { whole.bend } else { 0.0 },
            bent: seen && !(1.5..=2.7).contains(&ratio),
        }))
    }

    /// How good the extrapolated derivative is at a step, for choosing one: what a third, shorter difference changes, and
    /// rounding. `None` where a branch changes.
    pub(super) fn quality(&mut self, f: &mut impl Function, step: f64) -> Result<Option<f64>> {
        let Some(long) = self.pair(f, step)? else { return Ok(None) };
        let Some(short) = self.pair(f, step / 2.0)? else { return Ok(None) };
        Ok(Some((long.value - short.value).abs() + 0.25 * long.rounding))
    }

    /// How far the output lies off the straight line of a slope, at some steps below h: what rounding does to it,
    /// measured. The worst of rounding, if the output is so coarse that it stands still between two steps.
    fn scatter(&mut self, f: &mut impl Function, slope: f64, rounding: f64, step: f64) -> Result<f64> {
        let (mut off, mut seen) = (0.0_f64, Vec::new());
        // No simple fractions, at which roundings would be alike.
        for part in [0.137_1, 0.381_97, 0.618_03, 0.876_54] {
            if let Some(central) = self.central(f, part * step)? {
                off = off.max((central.rise - slope * 2.0 * part * step).abs());
                seen.push(central.rise);
            }
        }
        seen.sort_unstable_by(f64::total_cmp);
        let stands_still = seen.windows(2).any(|pair| pair[0] == pair[1]);
        Ok(if stands_still { off.max(rounding) } else { off })
    }

    /// At a kink: any derivative between those of both sides is accepted, and told to be one.
    fn at_a_kink(&mut self, f: &mut impl Function, question: Question, step: f64) -> Result<Answer> {
        let Question { backprop, .. } = question;
        let mut hull: Option<(f64, f64)> = None;
        let mut slopes = [f64::NAN; 2];
        for (slope, side) in slopes.iter_mut().zip([step, -step]) {
            let (long, short) = (one_sided(f, side)?, one_sided(f, side / 2.0)?);
            let uncertain = 2.0 * (long.0 - short.0).abs() + long.1;
            if uncertain.is_finite() {
                *slope = short.0;
                let (low, high) = hull.unwrap_or((short.0, short.0));
                hull = Some((low.min(short.0 - uncertain), high.max(short.0 + uncertain)));
            }
        }
        let Some((low, high)) = hull else {
            let compared = Compared { backprop, numeric: f64::NAN, error: f64::INFINITY };
            let element = if backprop.is_finite() { Element::Unresolved } else { Element::Fail };
            return Ok(Answer { compared, element, at_kink: true });
        };
        let slack = self.tolerance * backprop.abs().max(low.abs()).max(high.abs());
        let inside = backprop.is_finite() && low - slack <= backprop && backprop <= high + slack;
        // What is compared with is the nearest of the derivatives between.
        let (left, right) = (slopes[0].min(slopes[1]), slopes[0].max(slopes[1]));
        let numeric = if backprop.is_nan() { left } else { backprop.max(left).min(right) };
        let compared = Compared { backprop, numeric, error: 0.0 };
        Ok(Answer { compared, element: if inside { Element::Kink } else { Element::Fail }, at_kink: true })
    }
}

/// The difference to one side, and what rounding may have done to it.
fn one_sided(f: &mut impl Function, step: f64) -> Result<(f64, f64)> {
    let reached = f.at(step)?;
    let (mut sum, mut rounding) = (0.0, 0.0);
    for ((&y, &base), &weight) in f.numbers().iter().zip(f.base()).zip(f.weights()) {
        if y.to_bits() != base.to_bits() {
            sum += weight * (y - base);
            rounding += 4.0 * f64::EPSILON * weight.abs() * y.abs().max(base.abs());
        }
    }
    Ok((sum / reached.t, 4.0 * rounding / step.abs()))
}

impl Pair {
    fn error(&self) -> f64 {
        self.truncation + self.rounding
    }

    /// Whether the point is stationary: the slope at it is nothing beside what it is on both sides.
    fn is_flat(&self) -> bool {
        !self.bent && self.value.abs() <= 4.0 * self.error() && self.error() <= 1e-3 * self.bend.abs()
    }

    fn compared(&self, question: Question) -> Compared {
        let error = self.error() + question.uncertain;
        Compared { backprop: question.backprop, numeric: self.value, error }
    }
}
