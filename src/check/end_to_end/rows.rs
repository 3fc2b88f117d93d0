//! The elements of one point, judged one by one or along random directions.

use crate::base::shape::unravel;
use crate::check::end_to_end::unseen::{ProbeSight, unseen};
use crate::check::measure::calibrate::calibrate;
use crate::check::measure::element::{Compared, Element, Reason};
use crate::check::measure::function::Moves;
use crate::check::measure::judge::Judge;
use crate::check::measure::probe::along;
use crate::check::measure::question::{Answer, Question};
use crate::check::measure::steps::{Reach, longer, rms, start};
use crate::check::random::{Random, positions, signed};
use crate::check::report::hint;
use crate::check::report::hint::{Evidence, Measured, Of};
use crate::check::report::mode::Mode;
use crate::check::report::parameter::ParameterReport;
use crate::check::report::verdict::Verdict;
use crate::error::{Error, Result};
use std::thread::{Builder, ScopedJoinHandle};

/// Elements on which the steps are tried out.
const SAMPLES: usize = 5;
/// Elements that are checked one by one for each probe that meets a kink.
const ELEMENTS_FOR_PROBE: usize = 16;
/// Elements up to which a gradient that fails is looked at for what its numbers tell.
const HINTED: usize = 4096;

/// How large the numbers are that derivatives are measured on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Magnitudes {
    /// A few roundings of the greatest number on the way to the output.
    pub(crate) rounding: f64,
    /// The same of the greatest number on the way back.
    pub(crate) uncertain: f64,
    /// The greatest derivative asked for, or 1 if all are 0.
    pub(crate) slope: f64,
    /// Whether the function may have kinks.
    pub(crate) kinks: bool,
}

impl Magnitudes {
    pub(crate) fn question(self, backprop: f64, reach: Reach) -> Question {
        let Self { rounding, uncertain, slope, kinks } = self;
        Question { backprop, reach, plain: None, rounding, uncertain, slope, quantum: 0.0, kinks }
    }
}

/// A gradient to be checked, element by element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GradientRow<'a> {
    /// How messages call the point.
    pub(crate) name: &'a str,
    pub(crate) shape: &'a [usize],
    pub(crate) gradient: &'a [f64],
    pub(crate) scale: Magnitudes,
    /// Whether all that the gradient was made of is known to be right: then a derivative that rounding hides is zero
    /// within rounding, and otherwise nothing is known of it.
    pub(crate) right: bool,
}

impl GradientRow<'_> {
    /// How far the elements are to be moved: found by trying, and in the chapter's mode given.
    ///
    /// # Errors
    ///
    /// If the chapter's step vanishes beside an element.
    pub(crate) fn steps<M: Moves>(
        &self,
        mode: Mode,
        f: &mut M,
        judge: &mut Judge,
        random: &mut Random,
    ) -> Result<Steps> {
        let plain = match mode {
            Mode::Chapter { step } => Some(step),
            Mode::Full | Mode::Quick { .. } => None,
        };
        if let Some(step) = plain {
            self.check_step(f.point(), step)?;
        }
        let rms = rms(f.point());
        let moving: Vec<usize> = (0..self.gradient.len()).filter(|&e| self.gradient[e] != 0.0).collect();
        let samples: Vec<usize> =
            positions(moving.len(), SAMPLES, random).into_iter().map(|k| moving[k]).collect();
        let longer = longer(f.epsilon());
        let factor = calibrate(judge, f, samples.len(), |f, k| {
            f.move_element(samples[k]);
            (longer * start(f.point()[samples[k]].abs().max(rms)), self.gradient[samples[k]])
        })?;
        Ok(Steps { rms, longer, factor, plain })
    }

    /// That a step moves every element.
    fn check_step(&self, point: &[f64], step: f64) -> Result<()> {
        let stuck = point.iter().position(|&x| x + step == x || x - step == x);
        stuck.map_or(Ok(()), |element| {
            Err(Error::Argument {
                what: "check",
                problem: format!(
                    "the step {step:e} vanishes beside {:e}, element {:?} of {}; take a larger one",
                    point[element],
                    unravel(element, self.shape),
                    self.name
                ),
            })
        })
    }

    /// The answers of all elements, in order.
    pub(crate) fn answers<M: Moves>(
        &self,
        f: &mut M,
        judge: &mut Judge,
        steps: &Steps,
    ) -> Result<Vec<Answer>> {
        self.answers_in(0, self.gradient.len(), f, judge, steps)
    }

    /// The same by some threads, each of which has a copy of the function.
    pub(crate) fn answers_by<M: Moves + Clone + Send + Sync>(
        &self,
        threads: usize,
        f: &mut M,
        judge: &mut Judge,
        steps: &Steps,
    ) -> Result<Vec<Answer>> {
        let count = self.gradient.len();
        let block = count.div_ceil(threads.clamp(1, count.max(1)));
        if block == count {
            return self.answers(f, judge, steps);
        }
        let parts: Vec<Result<Vec<Answer>>> = std::thread::scope(|scope| {
            let (f, judge) = (&*f, &*judge);
            let part = move |first: usize| {
                let end = count.min(first + block);
                self.answers_in(first, end, &mut f.clone(), &mut judge.clone(), steps)
            };
            let spawn = |first| Builder::new().spawn_scoped(scope, move || part(first)).map_err(|_| first);
            let threads: Vec<_> = (0..count).step_by(block).map(spawn).collect();
            let join = |thread: std::result::Result<ScopedJoinHandle<'_, _>, usize>| match thread {
                Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                // The system has no thread left to give.
                Err(first) => part(first),
            };
            threads.into_iter().map(join).collect()
        });
        let mut answers = Vec::with_capacity(count);
        for part in parts {
            answers.extend(part?);
        }
        Ok(answers)
    }

    fn answers_in<M: Moves>(
        &self,
        first: usize,
        end: usize,
        f: &mut M,
        judge: &mut Judge,
        steps: &Steps,
    ) -> Result<Vec<Answer>> {
        let mut answers = Vec::with_capacity(end - first);
        for element in first..end {
            answers.push(self.answer(element, f, judge, steps)?);
        }
        Ok(answers)
    }

    fn answer<M: Moves>(
        &self,
        element: usize,
        f: &mut M,
        judge: &mut Judge,
        steps: &Steps,
    ) -> Result<Answer> {
        let backprop = self.gradient[element];
        f.move_element(element);
        if f.has_no_effect() {
            // The output cannot move, so its derivative is 0 exactly.
            let compared = Compared { backprop, numeric: 0.0, error: self.scale.uncertain };
            let element = match backprop {
                0.0 => Element::Zero,
                _ if judge.disagrees(compared) => Element::Fail,
                _ => Element::Unresolved(Reason::Rounding),
            };
            return Ok(counted(self.right, Answer { compared, element, at_kink: false }));
        }
        let reach = steps.of(f.point()[element]);
        let question = Question { plain: steps.plain, ..self.scale.question(backprop, reach) };
        Ok(counted(self.right, judge.judge(f, question)?))
    }

    /// Puts the answers of all elements into the report.
    pub(crate) fn count(&self, answers: &[Answer], report: &mut ParameterReport) {
        for (element, answer) in answers.iter().enumerate() {
            report.count(|| unravel(element, self.shape), answer.compared, answer.element);
        }
        report.close();
        if report.verdict == Verdict::Fail && answers.len() <= HINTED {
            let measured = |(element, answer): (usize, &Answer)| Measured {
                element,
                compared: answer.compared,
                verdict: answer.element,
            };
            let measured: Vec<Measured> = answers.iter().enumerate().map(measured).collect();
            report.hint = hint::of(&Evidence {
                of: Of::Gradient,
                given: self.gradient,
                shape: self.shape,
                measured: &measured,
                axes: &[],
            });
        }
    }

    /// Random directions instead of elements; `rule` may soften an answer.
    pub(crate) fn probes<M: Moves>(
        &self,
        probes: usize,
        f: &mut M,
        judge: &mut Judge,
        report: &mut ParameterReport,
        random: &mut Random,
        rule: impl Fn(Answer) -> Answer,
    ) -> Result<()> {
        let rms = rms(f.point());
        let count = self.gradient.len();
        let longer = longer(f.epsilon());
        report.step = longer * start(rms);
        // What is surely seen of an element's gradient by each probe, at the least factor.
        let mut seen = Vec::new();
        let mut one_by_one = 0;
        for _ in 0..probes {
            // Roundings of many elements average out.
            let uncertain = self.scale.uncertain * (count as f64).sqrt();
            let question = |g, reach| Question { uncertain, ..self.scale.question(g, reach) };
            let probe = along(judge, f, self.gradient, rms, || signed(count, random), question)?;
            let answer = probe.answer;
            if answer.at_kink {
                one_by_one += ELEMENTS_FOR_PROBE;
                continue;
            }
            seen.push(ProbeSight { threshold: judge.threshold(answer.compared), scales: probe.scales });
            let answer = rule(counted(self.right, answer));
            report.count(Vec::new, answer.compared, answer.element);
        }
        let singles = positions(count, one_by_one, random);
        for &element in &singles {
            f.move_element(element);
            let reach = Reach::element(f.point()[element], rms).all_longer(longer);
            let question = self.scale.question(self.gradient[element], reach);
            let answer = rule(counted(self.right, judge.judge(f, question)?));
            report.count(|| unravel(element, self.shape), answer.compared, answer.element);
        }
        report.unseen = unseen(self.gradient, &seen, singles.len());
        report.close();
        Ok(())
    }
}

/// What an answer counts as, with what is known of all that the gradient was made of.
pub(crate) fn counted(right: bool, answer: Answer) -> Answer {
    /// By how many times its error a difference is off before it contradicts what every node and the engine say.
    const CONTRADICTS: f64 = 64.0;
    let Compared { backprop, error, .. } = answer.compared;
    let within = answer.compared.difference() <= CONTRADICTS * error && backprop.is_finite();
    let element = match answer.element {
        Element::Rounding if !right => Element::Unresolved(Reason::Rounding),
        Element::Unresolved(_) | Element::Rounding if !backprop.is_finite() => Element::Fail,
        Element::Unresolved(Reason::Rounding) if right => Element::Rounding,
        Element::Fail if right && within => Element::Rounding,
        element => element,
    };
    Answer { element, ..answer }
}

/// How far elements are moved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steps {
    rms: f64,
    /// By how much all steps are longer than those of f64.
    longer: f64,
    factor: f64,
    /// The chapter's step, if it is asked for.
    plain: Option<f64>,
}

impl Steps {
    /// The step of most elements.
    pub(crate) fn usual(&self) -> f64 {
        self.plain.unwrap_or(self.of(0.0).first)
    }

    fn of(&self, x: f64) -> Reach {
        Reach::element(x, self.rms).all_longer(self.longer).times(self.factor)
    }
}
