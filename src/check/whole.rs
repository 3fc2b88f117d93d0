//! End to end: the gradient of each leaf against differences of the output.

use super::Check;
use super::element::{Compared, Element};
use super::fault::{Fault, Stage};
use super::function::Function;
use super::judge::{Answer, Judge, Question};
use super::mode::Mode;
use super::random::{MAGNITUDE, Random, positions, signed};
use super::replay::Replay;
use super::report::ParameterReport;
use super::steps::{calibrate, rms, start};
use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::shape::unravel;
use crate::tape::Var;

/// Elements on which the steps of a leaf are tried out.
const SAMPLES: usize = 5;
/// Elements on which moving the result of a linear op is compared with computing it.
const LINEAR_SAMPLES: usize = 32;
/// Elements that are checked one by one for each probe that meets a kink.
const ELEMENTS_FOR_PROBE: usize = 16;

/// What all leaves of a check have in common.
pub(super) struct Whole<'c, 't> {
    pub(super) check: &'c Check<'t>,
    pub(super) loss: Var<'t>,
    /// The nodes that tell one branch from another.
    pub(super) comparisons: Vec<NodeId>,
    pub(super) scale: Scale,
}

/// How large the numbers are that derivatives are measured on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// A few roundings of the greatest number on the way to the loss.
    pub(super) rounding: f64,
    /// The same of the greatest number on the way back.
    pub(super) uncertain: f64,
    /// The greatest derivative asked for, or 1 if all are 0.
    pub(super) slope: f64,
}

impl Scale {
    pub(super) fn question(self, backprop: f64, step: f64) -> Question {
        let Self { rounding, uncertain, slope } = self;
        Question { backprop, step, plain: None, rounding, uncertain, slope }
    }
}

/// A leaf, and its gradient in row-major order.
pub(super) struct Leaf<'a, 't> {
    pub(super) var: Var<'t>,
    pub(super) shape: &'a [usize],
    pub(super) gradient: &'a [f64],
}

impl Whole<'_, '_> {
    /// Fills in the report of one leaf, which the loss depends on; what is wrong with an op's claim to be linear besides.
    pub(super) fn leaf(
        &self,
        leaf: &Leaf<'_, '_>,
        report: &mut ParameterReport,
        random: &mut Random,
    ) -> Result<Option<Fault>> {
        if leaf.gradient.is_empty() {
            report.close();
            return Ok(None);
        }
        let fault = match self.check.mode {
            Mode::Quick { probes } => self.probes(leaf, probes, report, random).map(|()| None),
            Mode::Chapter { .. } | Mode::Full => self.elements(leaf, report, random),
        }?;
        report.close();
        Ok(fault)
    }

    fn replay(&self, leaf: &Leaf<'_, '_>, linear: bool) -> Result<Replay> {
        Replay::new(self.loss, &[leaf.var], &self.comparisons, linear)
    }

    fn elements(
        &self,
        leaf: &Leaf<'_, '_>,
        report: &mut ParameterReport,
        random: &mut Random,
    ) -> Result<Option<Fault>> {
        let mut judge = Judge::new(self.check.tolerance);
        let mut replay = self.replay(leaf, true)?;
        let mut fault = None;
        if replay.is_linear() {
            let mut plain = self.replay(leaf, false)?;
            fault = self.untrue_claim(leaf, &mut replay, &mut plain, &mut judge, random)?;
            if fault.is_some() {
                replay = plain;
            }
        }
        let steps = self.steps(leaf, &mut replay, &mut judge, random)?;
        report.step = steps.usual;
        let row = Row { gradient: leaf.gradient, steps, scale: self.scale };
        let answers = row.answers(&replay, &judge, self.check.threads)?;
        for (element, answer) in answers.into_iter().enumerate() {
            report.count(|| unravel(element, leaf.shape), answer.compared, answer.element);
        }
        Ok(fault)
    }

    /// The steps of a leaf's elements.
    fn steps(
        &self,
        leaf: &Leaf<'_, '_>,
        replay: &mut Replay,
        judge: &mut Judge,
        random: &mut Random,
    ) -> Result<Steps> {
        let plain = match self.check.mode {
            Mode::Chapter { step } => Some(step),
            Mode::Full | Mode::Quick { .. } => None,
        };
        if let Some(step) = plain {
            self.check_step(leaf, replay.point(0), step)?;
        }
        let rms = rms(replay.point(0));
        let moving: Vec<usize> = (0..leaf.gradient.len()).filter(|&e| leaf.gradient[e] != 0.0).collect();
        let samples: Vec<usize> =
            positions(moving.len(), SAMPLES, random).into_iter().map(|k| moving[k]).collect();
        let factor = calibrate(judge, replay, samples.len(), |replay, k| {
            replay.element(0, samples[k]);
            start(replay.point(0)[samples[k]], rms)
        })?;
        Ok(Steps { rms, factor, plain, usual: plain.unwrap_or(factor * start(0.0, rms)) })
    }

    /// That the chapter's step moves every element.
    fn check_step(&self, leaf: &Leaf<'_, '_>, point: &[f64], step: f64) -> Result<()> {
        let stuck = point.iter().position(|&x| x + step == x || x - step == x);
        stuck.map_or(Ok(()), |element| {
            Err(Error::Argument {
                what: "check",
                problem: format!(
                    "the step {step:e} vanishes beside {:e}, element {:?} of {:?}; take a larger one",
                    point[element],
                    unravel(element, leaf.shape),
                    leaf.var
                ),
            })
        })
    }

    /// That moving the result of a linear op is the same as computing it, on some elements; or what is wrong.
    fn untrue_claim(
        &self,
        leaf: &Leaf<'_, '_>,
        moved: &mut Replay,
        computed: &mut Replay,
        judge: &mut Judge,
        random: &mut Random,
    ) -> Result<Option<Fault>> {
        let rms = rms(moved.point(0));
        for element in positions(leaf.gradient.len(), LINEAR_SAMPLES, random) {
            moved.element(0, element);
            computed.element(0, element);
            let step = start(moved.point(0)[element], rms);
            let (a, b) = (rise(moved, step)?, rise(computed, step)?);
            let (Some(a), Some(b)) = (a, b) else { continue };
            // Both are y(h) − y(−h), so that roundings count in full.
            let compared = Compared { backprop: a, numeric: b, error: 2.0 * self.scale.rounding };
            if judge.disagrees(compared) {
                let result = moved.linear_result();
                let graph = self.loss.tape().graph();
                let operand = graph.node(result).inputs().iter().position(|&x| x == leaf.var.id());
                let problem = format!(
                    "its `Op::column` says that moving element {:?} by {step:e} changes the output by {a:e}, and it \
                     changes by {b:e}",
                    unravel(element, leaf.shape)
                );
                return Ok(Some(Fault::new(Stage::Claim, &graph, result, operand, problem)));
            }
        }
        Ok(None)
    }

    /// Random directions instead of elements.
    fn probes(
        &self,
        leaf: &Leaf<'_, '_>,
        probes: usize,
        report: &mut ParameterReport,
        random: &mut Random,
    ) -> Result<()> {
        let mut judge = Judge::new(self.check.tolerance);
        let mut replay = self.replay(leaf, false)?;
        let rms = rms(replay.point(0));
        let count = leaf.gradient.len();
        report.step = start(0.0, rms);
        // What is surely seen of an element's gradient by each probe, at the least factor.
        let mut thresholds = Vec::new();
        let mut one_by_one = 0;
        for _ in 0..probes {
            let direction = signed(count, random);
            let backprop = leaf.gradient.iter().zip(&direction).map(|(g, v)| g * v).sum();
            replay.along(vec![direction]);
            // Roundings of many elements average out.
            let uncertain = self.scale.uncertain * (count as f64).sqrt();
            let question = Question { uncertain, ..self.scale.question(backprop, report.step) };
            let answer = judge.judge(&mut replay, question)?;
            if answer.at_kink {
                one_by_one += ELEMENTS_FOR_PROBE;
                continue;
            }
            thresholds.push(judge.threshold(answer.compared));
            report.count(Vec::new, answer.compared, answer.element);
        }
        let singles = positions(count, one_by_one, random);
        for &element in &singles {
            replay.element(0, element);
            let question = self.scale.question(leaf.gradient[element], start(replay.point(0)[element], rms));
            let answer = lenient(judge.judge(&mut replay, question)?);
            report.count(|| unravel(element, leaf.shape), answer.compared, answer.element);
        }
        report.unseen = unseen(leaf.gradient, &thresholds, singles.len());
        Ok(())
    }
}

/// How likely it is that no probe sees that one element, any that is not 0, has been lost.
///
/// A probe moves an element of gradient g by a factor r, uniform in [0.5, 1.5], so that losing it changes the
/// directional derivative by r |g|; it is seen above the probe's threshold. Elements checked one by one are seen.
fn unseen(gradient: &[f64], thresholds: &[f64], singles: usize) -> Option<f64> {
    let [least, greatest] = MAGNITUDE;
    let missed = |g: f64| -> f64 {
        let by = |threshold: &f64| ((threshold / g.abs() - least) / (greatest - least)).clamp(0.0, 1.0);
        thresholds.iter().map(by).product()
    };
    let present: Vec<f64> = gradient.iter().copied().filter(|&g| g != 0.0).collect();
    let looked_at = singles as f64 / gradient.len() as f64;
    let mean = present.iter().map(|&g| missed(g)).sum::<f64>() / present.len() as f64;
    (!present.is_empty()).then(|| mean * (1.0 - looked_at).max(0.0))
}

/// At a tie several pieces may meet, and what the chain rule makes of their subgradients need not lie between the slopes
/// to both sides (Kakade and Lee, 'Provably correct automatic subdifferentiation', 2018): that is no proof of a fault.
/// Each node is judged on its own.
fn lenient(answer: Answer) -> Answer {
    match answer.element {
        Element::Fail if answer.at_kink && answer.compared.backprop.is_finite() => {
            Answer { element: Element::Unresolved, ..answer }
        }
        _ => answer,
    }
}

/// By how much the output rises from −h to h, unless a branch changes.
fn rise(f: &mut Replay, step: f64) -> Result<Option<f64>> {
    let right = f.at(step)?;
    let above = f.numbers()[0];
    let left = f.at(-step)?;
    Ok((right.smooth && left.smooth).then(|| above - f.numbers()[0]))
}

/// The elements of a leaf, to be judged one by one.
struct Row<'a> {
    gradient: &'a [f64],
    steps: Steps,
    scale: Scale,
}

impl Row<'_> {
    /// The answers of all elements, in order, by some threads; each has a replay of its own.
    fn answers(&self, replay: &Replay, judge: &Judge, threads: usize) -> Result<Vec<Answer>> {
        let count = self.gradient.len();
        let stretch = count.div_ceil(threads.clamp(1, count));
        let part = |first: usize| {
            let (mut replay, mut judge) = (replay.clone(), judge.clone());
            let end = count.min(first + stretch);
            (first..end).map(|e| self.answer(e, &mut replay, &mut judge)).collect::<Result<Vec<_>>>()
        };
        if stretch == count {
            return part(0);
        }
        let parts: Vec<Result<Vec<Answer>>> = std::thread::scope(|scope| {
            let part = &part;
            let threads: Vec<_> =
                (0..count).step_by(stretch).map(|first| scope.spawn(move || part(first))).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, _>| match thread.join() {
                Ok(answers) => answers,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            threads.into_iter().map(join).collect()
        });
        let mut answers = Vec::with_capacity(count);
        for part in parts {
            answers.extend(part?);
        }
        Ok(answers)
    }

    fn answer(&self, element: usize, replay: &mut Replay, judge: &mut Judge) -> Result<Answer> {
        let backprop = self.gradient[element];
        if replay.is_idle(0, element) {
            // The loss cannot move, so its derivative is 0 exactly.
            let compared = Compared { backprop, numeric: 0.0, error: 0.0 };
            let element = if backprop == 0.0 { Element::Zero } else { Element::Fail };
            return Ok(Answer { compared, element, at_kink: false });
        }
        replay.element(0, element);
        let step = self.steps.of(replay.point(0)[element]);
        let question = Question { plain: self.steps.plain, ..self.scale.question(backprop, step) };
        Ok(lenient(judge.judge(replay, question)?))
    }
}

/// How far the elements of a leaf are moved.
#[derive(Debug, Clone, Copy)]
struct Steps {
    rms: f64,
    factor: f64,
    /// The chapter's step, if it is asked for.
    plain: Option<f64>,
    usual: f64,
}

impl Steps {
    fn of(&self, x: f64) -> f64 {
        self.factor * start(x, self.rms)
    }
}
