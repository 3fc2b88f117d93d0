//! Every node alone: its rules against differences of its own kernel, at the recorded operands. No fault can hide behind
//! another one, or behind what the rest of the graph makes of it.

pub(crate) mod bench;
pub(crate) mod kernels;
mod laws;
mod locate;
mod operand;
mod tally;

use super::report::hint;
use crate::base::shape::unravel;
use crate::check::measure::element::Element;
use crate::check::measure::judge::Judge;
use crate::check::random::{Random, signed};
use crate::check::replay::values::numbers;
use crate::check::report::axes;
use crate::check::report::fault::{Fault, Stage};
use crate::check::report::hint::{Evidence, Of};
use crate::check::report::verdict::{NodeReport, Verdict};
use crate::check::report::worst::{Worst, list};
use crate::error::Result;
use crate::graph::{Graph, Kind, NodeId, OpIndex, ShapeIndex};
use crate::tape::Tape;
use bench::{Bench, Judged, roundoff};
use locate::{Furthest, is_flat, worst};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use tally::{RuleBounds, Tally};

/// Judges nodes, and keeps a bench for every op on operands of the same shapes.
pub(crate) struct Nodes<'t> {
    tape: &'t Tape,
    benches: FxHashMap<BenchKey, Bench>,
    pub(crate) judge: Judge,
    pub(crate) random: Random,
    /// The worst element of every operand is looked for, and moved by itself as well.
    pub(crate) thorough: bool,
    /// The first node of which a derivative has come out otherwise when it was measured again.
    pub(crate) unsteady: Option<NodeId>,
}

/// Op, shapes of the operands, and which of them are judged.
type BenchKey = (OpIndex, SmallVec<[ShapeIndex; 4]>, SmallVec<[usize; 4]>);

/// A node as it is judged.
pub(crate) struct NodeCase<'a> {
    graph: &'a Graph,
    node: NodeId,
    elementwise: bool,
    /// A few roundings of the greatest number that has a part in y, for each unit of cotangent.
    pub(crate) rounding: f64,
}

impl<'t> Nodes<'t> {
    pub(crate) fn new(tape: &'t Tape, tolerance: f64, random: Random) -> Self {
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
    pub(crate) fn judge(
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
        let case = NodeCase { graph: &graph, node, elementwise, rounding: 4.0 * f64::EPSILON * greatest };
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

    fn key(&self, node: NodeId, judged: &[usize]) -> BenchKey {
        let graph = self.tape.graph();
        let shapes = graph.node(node).inputs().iter().map(|&x| graph.record(x).shape);
        (graph.record(node).op, shapes.collect(), judged.into())
    }

    fn case(&mut self, bench: &mut Bench, case: &NodeCase<'_>, cotangents: &[Vec<f64>]) -> Result<Found> {
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
            let uncertain = roundoff(bench.rules(dy, &mut dx)?);
            for (k, dx) in dx.iter().enumerate() {
                let measured = RuleBounds {
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
                replay.set_cotangent(dy);
                let mut answers = self.answers(replay, measured)?;
                let mut found = Tally::of(&answers, dx);
                // A second look at what does not pass, with what roundings of the operands do to this rule and this kernel,
                // instead of the worst that they could do to any.
                let open =
                    matches!(found.verdict, Verdict::Fail | Verdict::Unresolved) && !answers.is_empty();
                let (mut unstable, mut rounding) = (Vec::new(), measured.rounding);
                if open {
                    unstable = bench.unstable(dy, k, &mut self.random)?;
                    if !case.elementwise {
                        rounding = bench.rounding(dy, &mut self.random)?;
                    }
                }
                let measured = RuleBounds { unstable: &unstable, rounding, ..measured };
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

    pub(crate) fn new_fault(&self, case: &NodeCase<'_>, operand: usize, problem: String) -> Fault {
        Fault::new(Stage::Node, case.graph, case.node, Some(operand), problem)
    }

    fn fault(&self, case: &NodeCase<'_>, operand: usize, dx: &[f64], found: Furthest) -> Fault {
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

/// What was found of a node.
pub(crate) struct Found {
    pub(crate) report: NodeReport,
    /// Whether its rules agree with differences wherever these can be trusted, as far as rounding lets them be seen.
    pub(crate) right: bool,
    pub(crate) faults: Vec<Fault>,
}

/// The sum of the magnitudes of a cotangent.
fn weight(dy: &[f64]) -> f64 {
    dy.iter().map(|dy| dy.abs()).sum()
}
