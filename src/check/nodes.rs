//! Every node alone: its rules against differences of its own kernel, at the recorded operands. No fault can hide behind
//! another one, or behind what the rest of the graph makes of it.

use super::bench::Bench;
use super::element::Element;
use super::fault::{Fault, Stage};
use super::function::Moves;
use super::hint;
use super::judge::{Answer, Judge, Question};
use super::locate::{Found, worst};
use super::random::{Random, positions, signed};
use super::replay::{Replay, numbers};
use super::report::{NodeReport, Verdict, Worst};
use super::steps::{rms, start};
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
/// Outputs that are looked at by themselves where operands tie.
const TIED_OUTPUTS: usize = 16;

/// Judges nodes, and keeps a bench for every op on operands of the same shapes.
pub(super) struct Nodes<'t> {
    tape: &'t Tape,
    benches: FxHashMap<Key, Bench>,
    judge: Judge,
    random: Random,
    /// The worst element of every operand is looked for, and moved by itself as well.
    pub(super) thorough: bool,
    /// The first node of which a derivative has come out otherwise when it was measured again.
    pub(super) unsteady: Option<NodeId>,
}

/// Op, shapes of the operands, and which of them are judged.
type Key = (OpIndex, SmallVec<[ShapeIndex; 4]>, SmallVec<[usize; 4]>);

/// A node as it is judged.
struct Case<'a> {
    graph: &'a Graph,
    node: NodeId,
    /// A few roundings of the greatest number that has a part in y, for each unit of cotangent.
    rounding: f64,
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
    ) -> Result<(NodeReport, Vec<Fault>)> {
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
        let case = Case { graph: &graph, node, rounding: 4.0 * f64::EPSILON * greatest };
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

    fn case(
        &mut self,
        bench: &mut Bench,
        case: &Case<'_>,
        cotangents: &[Vec<f64>],
    ) -> Result<(NodeReport, Vec<Fault>)> {
        let mut verdict = Verdict::Pass;
        let mut faults = Vec::new();
        if bench.y().iter().any(|y| !y.is_finite()) {
            return Ok((NodeReport { node: case.node, verdict: Verdict::Unresolved }, faults));
        }
        let mut tied = None;
        let mut dx = Vec::new();
        for dy in cotangents {
            let uncertain = 4.0 * f64::EPSILON * bench.rules(dy, &mut dx)?;
            for (k, dx) in dx.iter().enumerate() {
                let (operand, replay) = &mut bench.operands()[k];
                if faults.iter().any(|f: &Fault| f.operand == Some(*operand)) {
                    continue;
                }
                replay.weigh(dy);
                let found = self.operand(replay, case.rounding * weight(dy), uncertain, dx)?;
                verdict = verdict.max(found.verdict);
                if found.verdict == Verdict::Kink {
                    tied = Some(*operand);
                }
                if found.verdict == Verdict::Fail {
                    let worst = worst(&mut self.judge, replay, case.rounding * weight(dy), dx)?;
                    faults.push(self.fault(case, *operand, dx, worst));
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
        Ok((NodeReport { node: case.node, verdict }, faults))
    }

    /// The rule of one operand against differences.
    fn operand(&mut self, replay: &mut Replay, rounding: f64, uncertain: f64, dx: &[f64]) -> Result<Judged> {
        let mut judged = Judged::default();
        if dx.is_empty() {
            judged.verdict = Verdict::Pass;
            return Ok(judged);
        }
        // An element at infinity cannot be moved.
        let movable: Vec<bool> = replay.point().iter().map(|x| x.is_finite()).collect();
        let elements: Vec<usize> = (0..dx.len()).filter(|&i| movable[i]).collect();
        if elements.is_empty() {
            return Ok(judged);
        }
        let rms = rms(replay.point());
        let greatest = dx.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let question = |backprop: f64, step: f64| Question {
            backprop,
            step,
            plain: None,
            rounding,
            uncertain,
            slope: if greatest > 0.0 && greatest.is_finite() { greatest } else { 1.0 },
        };
        if self.thorough {
            let found = worst(&mut self.judge, replay, rounding, dx)?;
            replay.move_element(found.element);
            let step = start(replay.point()[found.element], rms);
            judged.take(self.judge.judge(replay, question(dx[found.element], step))?);
        }
        let mut singles = if dx.len() <= SINGLE { dx.len() } else { 0 };
        if singles == 0 {
            for _ in 0..PROBES {
                let mut direction = signed(dx.len(), &mut self.random);
                direction.iter_mut().zip(&movable).filter(|(_, m)| !**m).for_each(|(v, _)| *v = 0.0);
                let backprop = elements.iter().map(|&i| dx[i] * direction[i]).sum();
                replay.move_along(direction);
                // Roundings of many elements average out.
                let uncertain = uncertain * (elements.len() as f64).sqrt();
                let question = Question { uncertain, ..question(backprop, start(0.0, rms)) };
                let answer = self.judge.judge(replay, question)?;
                // Where elements tie, moving several at once says nothing about any of them.
                match answer.at_kink && backprop.is_finite() {
                    true => singles = AT_TIES,
                    false => judged.take(answer),
                }
            }
        }
        for place in positions(elements.len(), singles, &mut self.random) {
            let element = elements[place];
            replay.move_element(element);
            let step = start(replay.point()[element], rms);
            judged.take(self.judge.judge(replay, question(dx[element], step))?);
        }
        Ok(judged)
    }

    /// That the rules are linear in the cotangent, and say the same when asked again.
    fn nonlinear(&mut self, bench: &mut Bench, case: &Case<'_>, a: &[f64]) -> Result<Option<Fault>> {
        let b = signed(a.len(), &mut self.random);
        let both: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 3.0 * a - 2.0 * b).collect();
        let mut dx = [(); 5].map(|()| Vec::new());
        let cotangents = [a, &b, &both, &vec![0.0; a.len()], a];
        for (dy, dx) in cotangents.into_iter().zip(&mut dx) {
            bench.rules(dy, dx)?;
        }
        for (k, (operand, replay)) in bench.operands().iter().enumerate() {
            let [a, b, both, zero, again] = dx.each_ref().map(|dx| &dx[k]);
            let movable = |i: &usize| replay.point()[*i].is_finite();
            let elements: Vec<usize> = (0..a.len()).filter(movable).collect();
            let greatest = elements.iter().fold(0.0_f64, |m, &i| m.max(a[i].abs()).max(b[i].abs()));
            let apart = |i: usize| (both[i] - (3.0 * a[i] - 2.0 * b[i])).abs();
            let problem = if elements.iter().any(|&i| zero[i] != 0.0) {
                "its rule of a cotangent of zero is not zero"
            } else if elements.iter().any(|&i| a[i].to_bits() != again[i].to_bits()) {
                "its rule gives another result when it is asked again"
            } else if elements.iter().any(|&i| apart(i) > 1e-9 * greatest) {
                "its rule is not linear in the cotangent"
            } else {
                continue;
            };
            return Ok(Some(self.new_fault(case, *operand, problem.to_owned())));
        }
        Ok(None)
    }

    /// Where elements tie, each may have any share of the cotangent by itself, and yet all together may have too much:
    /// what one output says when every operand is moved alike.
    fn ties(&mut self, bench: &mut Bench, case: &Case<'_>, operand: usize) -> Result<Option<Fault>> {
        let outputs = bench.y().len();
        let ones: Vec<Vec<f64>> =
            bench.operands().iter().map(|(_, replay)| vec![1.0; replay.point().len()]).collect();
        bench.joint().move_all(ones);
        let mut dx = Vec::new();
        for output in positions(outputs, TIED_OUTPUTS, &mut self.random) {
            let mut dy = vec![0.0; outputs];
            dy[output] = 1.0;
            let uncertain = 4.0 * f64::EPSILON * bench.rules(&dy, &mut dx)?;
            let backprop: f64 = dx.iter().flatten().sum();
            let joint = bench.joint();
            joint.weigh(&dy);
            let step = start(0.0, rms(joint.point()));
            let slope = backprop.abs().max(1e-3);
            let question =
                Question { backprop, step, plain: None, rounding: case.rounding, uncertain, slope };
            let answer = self.judge.judge(joint, question)?;
            if answer.element == Element::Fail {
                let numeric = answer.compared.numeric;
                let mut fault = self.new_fault(
                    case,
                    operand,
                    format!(
                        "where elements tie, its rules hand on {backprop:.4} of a cotangent of 1 in all, and moving \
                         them together changes the result by {numeric:.4}"
                    ),
                );
                fault.hint = Some("elements that tie share the gradient".to_owned());
                return Ok(Some(fault));
            }
        }
        Ok(None)
    }

    fn new_fault(&self, case: &Case<'_>, operand: usize, problem: String) -> Fault {
        Fault::new(Stage::Node, case.graph, case.node, Some(operand), problem)
    }

    fn fault(&self, case: &Case<'_>, operand: usize, dx: &[f64], found: Found) -> Fault {
        let input = case.graph.node(case.node).inputs()[operand];
        let shape = case.graph.node(input).shape();
        let problem = if dx.iter().any(|dx| !dx.is_finite()) {
            "its rule gives NaN or an infinity, and its operands and result are finite".to_owned()
        } else {
            "its rule differs from its kernel".to_owned()
        };
        let mut fault = self.new_fault(case, operand, problem);
        fault.worst = Some(Worst {
            index: unravel(found.element, shape),
            backprop: dx[found.element],
            numeric: found.numeric,
        });
        // An elementwise op does nothing along an axis, so a ratio that equals a size is a coincidence.
        let inputs =
            case.graph.node(case.node).inputs().iter().filter(|_| !self.tape.op(case.node).elementwise());
        let shapes: Vec<&[usize]> = inputs.map(|&x| case.graph.node(x).shape()).collect();
        fault.hint = hint::of(dx, &found.elements, shape, &shapes);
        fault
    }
}

/// What differences said of one operand.
struct Judged {
    verdict: Verdict,
    passed: usize,
    unresolved: usize,
}

impl Default for Judged {
    fn default() -> Self {
        Self { verdict: Verdict::Unresolved, passed: 0, unresolved: 0 }
    }
}

impl Judged {
    fn take(&mut self, answer: Answer) {
        match answer.element {
            Element::Pass | Element::Zero => self.passed += 1,
            Element::Unresolved => self.unresolved += 1,
            Element::Kink | Element::Fail => {}
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

/// The sum of the magnitudes of a cotangent.
fn weight(dy: &[f64]) -> f64 {
    dy.iter().map(|dy| dy.abs()).sum()
}
