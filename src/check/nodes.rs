//! Every node alone: its rules against differences of its own kernel, at the recorded operands. No fault can hide behind
//! another one, or behind what the rest of the graph makes of it.

use super::axes;
use super::bench::{Bench, Judged};
use super::element::{Element, Reason};
use super::fault::{Fault, Stage};
use super::function::Moves;
use super::hint::{self, Evidence, Of};
use super::judge::{Answer, Judge, Question};
use super::locate::{Furthest, is_flat, worst};
use super::probe::along;
use super::random::{Random, positions, signed};
use super::replay::{Replay, numbers};
use super::report::{NodeReport, Verdict, Worst, list};
use super::steps::{Reach, rms};
use crate::error::Result;
use crate::graph::{Graph, Kind, NodeId, OpIndex, ShapeIndex};
use crate::shape::unravel;
use crate::tape::Tape;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Elements up to which every one is moved by itself.
const SINGLE: usize = 64;
/// Directions in which larger operands are moved.
const PROBES: usize = 2;
/// Elements of a larger operand that are moved by themselves where a direction meets a tie.
const AT_TIES: usize = 256;
/// Elements of a larger operand of an elementwise op that are moved by themselves: so many of the least, of the greatest,
/// and of those with the greatest derivative. A direction shows nothing of elements that add little to it.
const NOTABLE: usize = 6;

/// Judges nodes, and keeps a bench for every op on operands of the same shapes.
pub(super) struct Nodes<'t> {
    tape: &'t Tape,
    benches: FxHashMap<Key, Bench>,
    pub(super) judge: Judge,
    pub(super) random: Random,
    /// The worst element of every operand is looked for, and moved by itself as well.
    pub(super) thorough: bool,
    /// The first node of which a derivative has come out otherwise when it was measured again.
    pub(super) unsteady: Option<NodeId>,
}

/// Op, shapes of the operands, and which of them are judged.
type Key = (OpIndex, SmallVec<[ShapeIndex; 4]>, SmallVec<[usize; 4]>);

/// A node as it is judged.
pub(super) struct Case<'a> {
    graph: &'a Graph,
    node: NodeId,
    elementwise: bool,
    /// A few roundings of the greatest number that has a part in y, for each unit of cotangent.
    pub(super) rounding: f64,
}

impl<'t> Nodes<'t> {
    pub(super) fn new(tape: &'t Tape, tolerance: f64, random: Random) -> Self {
        Self {
            tape,
            benches: FxHashMap::default(),
            judge: Judge::new(tolerance),
            random,
            thorough: false,
            unsteady: None,
        }
    }

    /// Judges the rules of a node for some of its operands, with a random cotangent, and the recorded one if it is known.
    pub(super) fn judge(
        &mut self,
        node: NodeId,
        judged: &[usize],
        recorded: Option<NodeId>,
    ) -> Result<Found> {
        let inputs = self.tape.graph().node(node).inputs().to_vec();
        let operands = inputs.iter().map(|&x| numbers(self.tape, x)).collect::<Result<Vec<_>>>()?;
        let key = self.key(node, judged);
        let mut bench = match self.benches.remove(&key) {
            Some(mut bench) => {
                bench.put(&operands)?;
                bench
            }
            None => Bench::new(self.tape, node, judged)?,
        };
        let mut cotangents = vec![signed(bench.y().len(), &mut self.random)];
        // What is linear in one number needs no second one.
        if let Some(recorded) = recorded.filter(|_| bench.y().len() > 1) {
            let recorded = numbers(self.tape, recorded)?;
            if recorded.iter().all(|dy| dy.is_finite()) && recorded.iter().any(|&dy| dy != 0.0) {
                cotangents.push(recorded);
            }
        }
        let tape = self.tape;
        let graph = tape.graph();
        let numbers = operands.iter().flatten().chain(bench.y()).filter(|x| x.is_finite());
        let greatest = numbers.fold(0.0_f64, |m, x| m.max(x.abs()));
        // An element of an elementwise op has no part in what the others are.
        let elementwise = tape.op(node).elementwise();
        let greatest = if elementwise { 0.0 } else { greatest };
        let case = Case { graph: &graph, node, elementwise, rounding: 4.0 * f64::EPSILON * greatest };
        let judged = self.case(&mut bench, &case, &cotangents)?;
        if self.judge.is_unsteady() {
            self.unsteady.get_or_insert(node);
        }
        // Indices are compiled into a bench.
        if inputs.iter().all(|&x| graph.node(x).kind() == Kind::Real) {
            self.benches.insert(key, bench);
        }
        Ok(judged)
    }

    fn key(&self, node: NodeId, judged: &[usize]) -> Key {
        let graph = self.tape.graph();
        let shapes = graph.node(node).inputs().iter().map(|&x| graph.record(x).shape);
        (graph.record(node).op, shapes.collect(), judged.into())
    }

    fn case(&mut self, bench: &mut Bench, case: &Case<'_>, cotangents: &[Vec<f64>]) -> Result<Found> {
        let mut verdict = Verdict::Pass;
        let mut right = true;
        let mut faults = Vec::new();
        if bench.y().iter().any(|y| !y.is_finite()) {
            let report = NodeReport { node: case.node, verdict: Verdict::Unresolved };
            return Ok(Found { report, right: false, faults });
        }
        let mut tied = None;
        let mut dx = Vec::new();
        for dy in cotangents {
            let uncertain = 4.0 * f64::EPSILON * bench.rules(dy, &mut dx)?;
            for (k, dx) in dx.iter().enumerate() {
                let measured = Measured {
                    dx,
                    rounding: case.rounding * weight(dy),
                    // What a kernel adds up on the way, as 1 + eˣ, is of the size of 1 in many.
                    quantum: f64::EPSILON * dy.iter().fold(0.0, |m: f64, dy| m.max(dy.abs())),
                    uncertain,
                    unstable: &[],
                    kinks: bench.has_kinks(),
                    elementwise: case.elementwise,
                };
                let Judged { operand, replay, .. } = &mut bench.operands()[k];
                if faults.iter().any(|f: &Fault| f.operand == Some(*operand)) {
                    continue;
                }
                replay.weigh(dy);
                let mut answers = self.answers(replay, measured)?;
                let mut found = Tally::of(&answers, dx);
                // A second look at what does not pass, with what roundings of the operands do to this rule and this kernel,
                // instead of the worst that they could do to any.
                let open =
                    matches!(found.verdict, Verdict::Fail | Verdict::Unresolved) && !answers.is_empty();
                let (mut unstable, mut rounding) = (Vec::new(), measured.rounding);
                if open {
                    unstable = bench.unstable(dy, k, &mut self.random)?;
                    rounding = rounding.min(bench.rounding(dy, &mut self.random)?);
                }
                let measured = Measured { unstable: &unstable, rounding, ..measured };
                let Judged { operand, replay, has_rule } = &mut bench.operands()[k];
                if open {
                    self.answer_again(replay, measured, &mut answers)?;
                    found = Tally::of(&answers, dx);
                }
                verdict = verdict.max(found.verdict);
                right &= found.right;
                if found.verdict == Verdict::Kink && *has_rule {
                    tied = Some(*operand);
                }
                if found.verdict == Verdict::Fail {
                    let worst = worst(&mut self.judge, replay, dx, |e, reach| measured.element(e, reach))?;
                    let flat = is_flat(replay, dx, &worst.elements)?;
                    let mut fault = self.fault(case, *operand, dx, worst);
                    if flat {
                        fault.hint = Some(hint::FLAT.to_owned());
                    }
                    faults.push(fault);
                }
            }
        }
        if faults.is_empty() {
            faults.extend(self.nonlinear(bench, case, &cotangents[0])?);
        }
        if let Some(operand) = tied.filter(|_| faults.is_empty()) {
            faults.extend(self.ties(bench, case, operand)?);
        }
        if !faults.is_empty() {
            verdict = Verdict::Fail;
        }
        right &= verdict != Verdict::Fail;
        Ok(Found { report: NodeReport { node: case.node, verdict }, right, faults })
    }

    /// The rule of one operand against differences: how it was moved, and what that says.
    fn answers(&mut self, replay: &mut Replay, measured: Measured<'_>) -> Result<Vec<(Moved, Answer)>> {
        let dx = measured.dx;
        let mut answers = Vec::new();
        let elements = movable(replay);
        if elements.is_empty() {
            return Ok(answers);
        }
        if self.thorough {
            let question = |element: usize, reach: Reach| measured.element(element, reach);
            let found = worst(&mut self.judge, replay, dx, question)?;
            answers.push(self.answer(replay, measured, Moved::Element(found.element))?);
        }
        let mut singles = if dx.len() <= SINGLE { dx.len() } else { 0 };
        if singles == 0 {
            for _ in 0..PROBES {
                let along = self.answer(replay, measured, Moved::Along)?;
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
            answers.push(self.answer(replay, measured, Moved::Element(element))?);
        }
        Ok(answers)
    }

    /// Asks once more for the answers that do not pass, with what is known by then.
    fn answer_again(
        &mut self,
        replay: &mut Replay,
        measured: Measured<'_>,
        answers: &mut [(Moved, Answer)],
    ) -> Result<()> {
        for answer in answers {
            if matches!(answer.1.element, Element::Fail | Element::Unresolved(_)) {
                let again = self.answer(replay, measured, answer.0)?;
                // Another direction may meet a tie, which says nothing.
                if matches!(answer.0, Moved::Element(_)) || !is_tied(&again.1) {
                    *answer = again;
                }
            }
        }
        Ok(())
    }

    /// The answer for an operand that is moved in some way.
    fn answer(
        &mut self,
        replay: &mut Replay,
        measured: Measured<'_>,
        moved: Moved,
    ) -> Result<(Moved, Answer)> {
        let rms = rms(replay.point());
        let answer = match moved {
            Moved::Element(element) => {
                replay.move_element(element);
                let reach = Reach::element(replay.point()[element], rms);
                self.judge.judge(replay, measured.element(element, reach))?
            }
            Moved::Along => {
                let elements = movable(replay);
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

    pub(super) fn new_fault(&self, case: &Case<'_>, operand: usize, problem: String) -> Fault {
        Fault::new(Stage::Node, case.graph, case.node, Some(operand), problem)
    }

    fn fault(&self, case: &Case<'_>, operand: usize, dx: &[f64], found: Furthest) -> Fault {
        let input = case.graph.node(case.node).inputs()[operand];
        let shape = case.graph.node(input).shape();
        let problem = if dx.iter().any(|dx| !dx.is_finite()) {
            "its rule gives NaN or an infinity, and its operands and result are finite".to_owned()
        } else {
            "its rule differs from its kernel".to_owned()
        };
        let mut fault = self.new_fault(case, operand, problem);
        let worst = |element: usize, numeric| Worst {
            index: unravel(element, shape),
            backprop: dx[element],
            numeric,
        };
        for m in found.elements.iter().filter(|m| m.verdict == Element::Fail) {
            fault.failed += 1;
            list(&mut fault.failing, worst(m.element, m.compared.numeric));
        }
        // What is within its error may be further off than what fails, if it is much larger.
        let furthest = || worst(found.element, found.numeric);
        fault.worst = Some(fault.failing.first().cloned().unwrap_or_else(furthest));
        // An elementwise op does nothing along an axis, so a ratio that equals a size is a coincidence.
        let axes = match self.tape.op(case.node).elementwise() {
            true => Vec::new(),
            false => axes::between(shape, case.graph.node(case.node).shape()),
        };
        let (measured, axes) = (&found.elements[..], &axes[..]);
        fault.hint = hint::of(&Evidence { of: Of::Rule, given: dx, shape, measured, axes });
        fault
    }
}

/// What all derivatives of one operand are measured with.
#[derive(Clone, Copy)]
struct Measured<'a> {
    dx: &'a [f64],
    rounding: f64,
    uncertain: f64,
    quantum: f64,
    /// By how much each of `dx` is uncertain besides, if that has been looked at.
    unstable: &'a [f64],
    kinks: bool,
    elementwise: bool,
}

impl Measured<'_> {
    fn question(self, backprop: f64, reach: Reach, uncertain: f64) -> Question {
        let Self { rounding, quantum, kinks, .. } = self;
        let greatest = self.dx.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let slope = if greatest > 0.0 && greatest.is_finite() { greatest } else { 1.0 };
        Question { backprop, reach, plain: None, rounding, uncertain, slope, quantum, kinks }
    }

    /// The question of one of the derivatives.
    fn element(self, element: usize, reach: Reach) -> Question {
        let unstable = self.unstable.get(element).copied().unwrap_or(0.0);
        self.question(self.dx[element], reach, self.uncertain + unstable)
    }

    /// The question of the derivative along a direction of so many elements, whose roundings average out.
    fn along(self, backprop: f64, reach: Reach, count: usize) -> Question {
        let unstable = self.unstable.iter().map(|u| u * u).sum::<f64>().sqrt();
        self.question(backprop, reach, self.uncertain * (count as f64).sqrt() + 2.0 * unstable)
    }
}

/// What was found of a node.
pub(super) struct Found {
    pub(super) report: NodeReport,
    /// Whether its rules agree with differences wherever these can be trusted, as far as rounding lets them be seen.
    pub(super) right: bool,
    pub(super) faults: Vec<Fault>,
}

/// What differences said of one operand.
struct Tally {
    verdict: Verdict,
    passed: usize,
    unresolved: usize,
    /// Whether nothing fails, and what is unresolved is hidden by rounding.
    right: bool,
}

/// How an operand is moved.
#[derive(Debug, Clone, Copy)]
enum Moved {
    /// One element by itself.
    Element(usize),
    /// All elements, along a random direction.
    Along,
}

/// The elements that can be moved: not those at infinity.
fn movable(replay: &Replay) -> Vec<usize> {
    let point = replay.point();
    (0..point.len()).filter(|&i| point[i].is_finite()).collect()
}

/// Whether an answer is only that elements tie.
fn is_tied(answer: &Answer) -> bool {
    answer.at_kink && answer.compared.backprop.is_finite()
}

impl Default for Tally {
    fn default() -> Self {
        Self { verdict: Verdict::Unresolved, passed: 0, unresolved: 0, right: true }
    }
}

impl Tally {
    /// What all answers say of an operand with so many derivatives.
    fn of(answers: &[(Moved, Answer)], dx: &[f64]) -> Self {
        let mut tally = Self::default();
        if dx.is_empty() {
            tally.verdict = Verdict::Pass;
        }
        answers.iter().for_each(|&(_, answer)| tally.take(answer));
        tally
    }

    fn take(&mut self, answer: Answer) {
        match answer.element {
            Element::Pass | Element::Zero | Element::Rounding => self.passed += 1,
            Element::Unresolved(reason) => {
                self.unresolved += 1;
                self.right &= reason == Reason::Rounding;
            }
            Element::Kink => {}
            Element::Fail => self.right = false,
        }
        self.verdict = match answer.element {
            Element::Fail => Verdict::Fail,
            _ if self.verdict == Verdict::Fail => Verdict::Fail,
            Element::Kink => Verdict::Kink,
            _ if self.verdict == Verdict::Kink => Verdict::Kink,
            // As for a leaf: too little is too little.
            _ if self.unresolved * 5 > self.passed + self.unresolved => Verdict::Unresolved,
            _ => Verdict::Pass,
        };
    }
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

/// The sum of the magnitudes of a cotangent.
fn weight(dy: &[f64]) -> f64 {
    dy.iter().map(|dy| dy.abs()).sum()
}
