//! The order of work: preflight, node by node, engine, end to end.

use crate::check::end_to_end::output::EndToEnd;
use crate::check::end_to_end::roundoff::roundoff;
use crate::check::end_to_end::rows::Magnitudes;
use crate::check::end_to_end::unseen::unseen_of_all;
use crate::check::node::Nodes;
use crate::check::node::kernels::judge::Kernels;
use crate::check::random::{generator, signed};
use crate::check::replay::flow::{Flow, branches};
use crate::check::replay::values::{numbers, value};
use crate::check::report::Report;
use crate::check::report::fault::{Fault, Stage};
use crate::check::report::mode::{argument, check_settings};
use crate::check::report::parameter::ParameterReport;
use crate::check::report::verdict::{NodeReport, Verdict, must_fail};
use crate::check::report::worst::Source;
use crate::check::settings::Check;
use crate::check::{engine, preflight};
use crate::error::Result;
use crate::graph::{Kind, NodeId, Origin};
use crate::tape::{Tape, Var};
use ndarray::{ArrayD, IxDyn};
use rustc_hash::FxHashMap;
use std::cell::Cell;
use std::collections::hash_map::Entry;

impl Check<'_> {
    /// Runs the check.
    ///
    /// # Errors
    ///
    /// If the output is not one number, something asked for is not a leaf of real numbers with a value, the output is
    /// not finite, an op refuses its operands, or the step vanishes beside an element.
    #[track_caller]
    pub fn run(&self) -> Result<Report> {
        run(self)
    }

    /// Runs the check as a negative control: of a gradient that is known to be wrong, so that the check must fail.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); and if the check passes.
    #[track_caller]
    pub fn must_fail(&self) -> Result<Report> {
        let report = self.run()?;
        must_fail(report.passed(), report)
    }
}

#[track_caller]
fn run(check: &Check<'_>) -> Result<Report> {
    let tape = check.loss.tape();
    for &var in check.leaves.iter().chain(check.gradients.iter().flatten()) {
        tape.own("check", var, &[check.loss])?;
    }
    tape.free("check")?;
    check.leaves.iter().try_for_each(|leaf| preflight::check_leaf(&tape.graph(), leaf.id()))?;
    check_arguments(check)?;
    let gradients = match &check.gradients {
        Some(gradients) => gradients.clone(),
        None => check.loss.try_grad(&check.leaves)?,
    };
    let mut orders = Vec::new();
    let mut judged = FxHashMap::default();
    let mut kernels = Kernels::new(tape, generator(check.seed, 5));
    let (mut loss, mut gradients) = (check.loss, gradients);
    for order in 1..=check.order {
        if order > 1 {
            loss = contract(check, &gradients, order)?;
            // What is not finite has no derivative; the order before says where that comes from.
            if !numbers(tape, loss.id())?.iter().all(|x| x.is_finite()) {
                break;
            }
            gradients = loss.try_grad(&check.leaves)?;
        }
        orders.push(OrderCheck { check, order, loss, gradients: &gradients }.run(&mut judged, &mut kernels)?);
    }
    let mut report = None;
    while let Some(mut order) = orders.pop() {
        order.next = report.take().map(Box::new);
        report = Some(order);
    }
    report.ok_or_else(|| argument("there is no order to check; the first is 1".to_owned()))
}

fn check_arguments(check: &Check<'_>) -> Result<()> {
    if check.leaves.is_empty() {
        return Err(argument("there is no leaf to check; give at least one".to_owned()));
    }
    check_settings(check.mode, check.tolerance)?;
    let Some(gradients) = &check.gradients else { return Ok(()) };
    if gradients.len() != check.leaves.len() {
        let (given, wanted) = (gradients.len(), check.leaves.len());
        return Err(argument(format!("{given} gradients were given for {wanted} leaves; give one for each")));
    }
    for (gradient, leaf) in gradients.iter().zip(&check.leaves) {
        if gradient.shape() != leaf.shape() || gradient.tape().kind(gradient.id()) != Kind::Real {
            return Err(argument(format!(
                "{gradient:?} was given for the gradient of {leaf:?}; it wants real numbers of the same shape"
            )));
        }
    }
    Ok(())
}

/// One number whose gradient is the next derivative: the gradients, each contracted with a random cotangent.
#[track_caller]
fn contract<'t>(check: &Check<'t>, gradients: &[Var<'t>], order: usize) -> Result<Var<'t>> {
    let tape = check.loss.tape();
    let mut random = generator(check.seed, 100 + order as u64);
    let mut sum: Option<Var<'t>> = None;
    for gradient in gradients {
        let shape = gradient.shape();
        let numbers = signed(crate::base::shape::size(&shape), &mut random);
        let cotangent = ArrayD::from_shape_vec(IxDyn(&shape), numbers)
            .unwrap_or_else(|e| unreachable!("there is a number for each element: {e}"));
        let part = tape.try_apply(crate::ops::Mul, &[*gradient, tape.constant(cotangent)])?.sum();
        sum = Some(sum.map_or(part, |sum| sum + part));
    }
    sum.ok_or_else(|| argument("there is no leaf to check; give at least one".to_owned()))
}

/// A check of derivatives of one order.
struct OrderCheck<'c, 't> {
    check: &'c Check<'t>,
    order: usize,
    loss: Var<'t>,
    gradients: &'c [Var<'t>],
}

impl<'t> OrderCheck<'_, 't> {
    fn tape(&self) -> &'t Tape {
        self.loss.tape()
    }

    fn run(&self, judged: &mut FxHashMap<NodeId, bool>, kernels: &mut Kernels<'t>) -> Result<Report> {
        let (tape, leaves) = (self.tape(), &self.check.leaves);
        let output = value(tape, self.loss.id())?;
        let output = output.iter().copied().next().unwrap_or(f64::NAN);
        preflight::finite_output(self.loss, output)?;
        let mut faults = Vec::new();
        faults.extend(preflight::reproduced(self.loss, self.check.tamper)?);
        let reproducible = faults.is_empty();
        let mut report = Report {
            mode: self.check.mode,
            order: self.order,
            tolerance: self.check.tolerance,
            source: Source::Backprop,
            output,
            parameters: Vec::new(),
            held: Vec::new(),
            nodes: Vec::new(),
            faults,
            unseen: None,
            next: None,
        };
        let flow = Flow::new(self.loss, leaves);
        let of_output = match self.order {
            1 => flow.reaches.clone(),
            _ => Flow::new(self.check.loss, leaves).reaches,
        };
        {
            let graph = tape.graph();
            let held = flow
                .held
                .iter()
                .map(|&id| format!("{}, recorded at {}", graph.describe(id), graph.node(id).place()));
            report.held = held.collect();
        }
        for leaf in leaves {
            let name = leaf.name().unwrap_or_else(|| leaf.id().to_string());
            report.parameters.push(ParameterReport::new(leaf.id(), name, leaf.shape()));
        }
        if !reproducible {
            return Ok(unrepeatable(report));
        }
        let ids: Vec<NodeId> = self.gradients.iter().map(|g| g.id()).collect();
        let gradients = ids.iter().map(|&id| numbers(tape, id)).collect::<Result<Vec<_>>>()?;
        let finite = gradients.iter().flatten().all(|g| g.is_finite());
        let on_the_way = tape.graph().read_by(ids.iter().copied().chain([self.loss.id()]));
        report.faults.extend(kernels.judge(&on_the_way));
        if report.faults.iter().any(|fault| fault.stage == Stage::Preflight) {
            return Ok(unrepeatable(report));
        }
        if self.check.kernels_only {
            report.parameters.clear();
            return Ok(report);
        }

        let backward = engine::follow(self.loss, leaves, self.gradients)?;
        if !backward.by_rules && self.order == 1 && self.check.gradients.is_some() {
            report.source = Source::Analytic;
        }
        let mut nodes = Nodes::new(tape, self.check.tolerance, generator(self.check.seed, 1));
        judged.extend(kernels.coarse.iter().map(|&id| (id, false)));
        self.nodes(&mut nodes, &flow, &backward.cotangents, judged, &mut report)?;
        if !finite && report.faults.is_empty() {
            report.faults.extend(preflight::finite_gradients(tape, &ids)?);
        }

        let by_rules = backward.by_rules && backward.fault.is_none();
        let right = report.faults.is_empty() && by_rules && judged.values().all(|&right| right);
        let known = right.then_some(&backward.cotangents[..]);
        let end_to_end = self.end_to_end(&flow, known, &ids, &gradients, output)?;
        let mut random = generator(self.check.seed, 2);
        let (mut reached, mut theirs, mut reports) = (Vec::new(), Vec::new(), Vec::new());
        for ((leaf, gradient), parameter) in leaves.iter().zip(&gradients).zip(&mut report.parameters) {
            if flow.reaches[leaf.id().index()] {
                reached.push(*leaf);
                theirs.push(&gradient[..]);
                reports.push(parameter);
            } else if self.order > 1 && of_output[leaf.id().index()] {
                // The output depends on the leaf, and its gradients do not.
                parameter.zeros = gradient.len();
                parameter.passed = gradient.len();
                parameter.note =
                    Some(format!("zero: the derivatives of order {} do not depend on it", self.order - 1));
                parameter.close();
            }
        }
        report.faults.extend(end_to_end.leaves(&reached, &theirs, &mut reports, &mut random)?);
        report.unseen = unseen_of_all(&report.parameters, &gradients);
        let failed = report.parameters.iter().any(|p| p.verdict == Verdict::Fail);
        if failed && report.faults.is_empty() {
            // The whole is wrong, and no part was found to be: the worst element of every operand, then.
            nodes.thorough = true;
            judged.clear();
            judged.extend(kernels.coarse.iter().map(|&id| (id, false)));
            self.nodes(&mut nodes, &flow, &backward.cotangents, judged, &mut report)?;
        }
        if failed && report.faults.is_empty() {
            report.faults.extend(if backward.by_rules { backward.fault } else { self.by_hand(&report) });
        }
        let unsteady = nodes.unsteady.or_else(|| end_to_end.unsteady.get().then(|| self.loss.id()));
        let changed = kernels.again(&on_the_way, unsteady);
        if !changed.is_empty() {
            report.faults.retain(|fault| changed.iter().all(|changed| changed.node != fault.node));
            report.faults.extend(changed);
            report.parameters.iter_mut().for_each(|p| p.verdict = p.verdict.max(Verdict::Unresolved));
        }
        if by_rules && report.faults.is_empty() {
            report.parameters.iter_mut().for_each(ParameterReport::contradict);
        }
        report.faults.sort_by_key(|fault| (fault.stage, fault.node));
        Ok(report)
    }

    /// The fault of a gradient that the reverse pass has no part in.
    fn by_hand(&self, report: &Report) -> Option<Fault> {
        let wrong = report.parameters.iter().find(|p| p.verdict == Verdict::Fail)?;
        let problem = "its gradient was not recorded by the reverse pass, and is wrong; the rules of all nodes are right";
        Some(Fault::new(Stage::Engine, &self.tape().graph(), wrong.node, None, problem.to_owned()))
    }

    /// Judges every node between the leaves and the loss, on the operands that lead there.
    fn nodes(
        &self,
        nodes: &mut Nodes<'_>,
        flow: &Flow,
        cotangents: &[Option<NodeId>],
        judged: &mut FxHashMap<NodeId, bool>,
        report: &mut Report,
    ) -> Result<()> {
        let mut verdicts: Vec<NodeReport> = Vec::new();
        for (id, operands) in &flow.judged {
            let Entry::Vacant(place) = judged.entry(*id) else { continue };
            let found = nodes.judge(*id, operands, cotangents[id.index()])?;
            place.insert(found.right);
            verdicts.push(found.report);
            report.faults.extend(found.faults);
        }
        report.nodes = verdicts;
        Ok(())
    }

    /// What all leaves have in common; `known` are the cotangents of all nodes, if every node is right and the backward graph
    /// is made of their rules.
    fn end_to_end(
        &self,
        flow: &Flow,
        known: Option<&[Option<NodeId>]>,
        ids: &[NodeId],
        gradients: &[Vec<f64>],
        output: f64,
    ) -> Result<EndToEnd<'_, 't>> {
        /// Roundings that an output may have gone through without their averaging out.
        const ROUNDINGS: f64 = 4.0;
        let tape = self.tape();
        let comparisons = branches(tape, ids.iter().copied().chain([self.loss.id()]));
        let on_the_way: Vec<NodeId> = {
            let graph = tape.graph();
            let read = graph.read_by([self.loss.id()]);
            let on_the_way = graph.nodes().filter(|n| read[n.id().index()] && n.kind() == Kind::Real);
            on_the_way.map(|n| n.id()).collect()
        };
        let on_the_way_back = {
            let graph = tape.graph();
            let read = graph.read_by(ids.iter().copied());
            let back =
                graph.nodes().filter(|n| read[n.id().index()] && matches!(n.origin(), Origin::Backward(_)));
            back.map(|n| n.id()).collect::<Vec<_>>()
        };
        let greatest = |ids: Vec<NodeId>| {
            ids.into_iter().try_fold(0.0_f64, |greatest, id| {
                let value = value(tape, id)?;
                Ok(value.iter().filter(|x| x.is_finite()).fold(greatest, |m, x| m.max(x.abs())))
            })
        };
        let forward = f64::max(greatest(on_the_way)?, output.abs());
        let backward: f64 = greatest(on_the_way_back)?;
        let slope = gradients.iter().flatten().filter(|g| g.is_finite()).fold(0.0_f64, |m, g| m.max(g.abs()));
        Ok(EndToEnd {
            check: self.check,
            loss: self.loss,
            comparisons,
            scale: Magnitudes {
                rounding: ROUNDINGS * f64::EPSILON * forward,
                uncertain: ROUNDINGS * f64::EPSILON * backward,
                slope: if slope > 0.0 { slope } else { 1.0 },
                kinks: flow.kinks,
            },
            roundoff: known.map_or(Ok(0.0), |cotangents| roundoff(tape, cotangents))?,
            right: known.is_some(),
            unsteady: Cell::new(false),
        })
    }
}

/// What cannot be repeated cannot be differentiated by repeating it.
fn unrepeatable(mut report: Report) -> Report {
    report.parameters.iter_mut().for_each(|p| p.verdict = Verdict::Unresolved);
    report
}
