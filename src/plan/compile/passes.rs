//! The passes of the compiler, in their order.

use super::classify::{Class, Classes};
use super::fold::FoldedConstants;
use super::fuse::FusionGroups;
use super::live::{LiveGraph, ReadOperands};
use super::lowering::Lowering;
use super::merge::{Held, Merged};
use super::order::order;
use super::place::{assign_buffers, write_in_place};
use crate::base::alloc;
use crate::base::shape::Layout;
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::plan::compiled::Plan;
use crate::plan::instances::instance;
use crate::plan::options::PlanOptions;
use crate::plan::split;
use crate::plan::step::{Buffer, OperandCheck, Step};
use crate::tape::{Op, Precision, Recorder, Request, Var, check_elements};
use std::sync::Arc;

impl<F: Precision> Plan<F> {
    /// Compiles outputs and updates `(parameter, new value)`. Inputs that have a value on the tape start with it.
    ///
    /// Passes over the nodes of the tape cost O(|V| + |E|), assigning buffers to results O(steps · results alive at
    /// once): about half a microsecond for each node.
    ///
    /// # Errors
    ///
    /// If there is nothing to compile, vars are of several tapes, an update does not name a parameter
    /// and a value of its shape, a parameter has two different updates, a constant is infinite in this precision, an op
    /// refuses constants, a node has more elements than [`PlanOptions::max_elements`], or there is no room for an array.
    #[track_caller]
    pub fn compile<'t>(
        outputs: impl IntoIterator<Item = Var<'t>>,
        updates: impl IntoIterator<Item = (Var<'t>, Var<'t>)>,
    ) -> Result<Self> {
        Self::compile_with(outputs, updates, PlanOptions::default())
    }

    /// As [`compile`](Self::compile), with options.
    ///
    /// # Errors
    ///
    /// As [`compile`](Self::compile).
    #[track_caller]
    pub fn compile_with<'t>(
        outputs: impl IntoIterator<Item = Var<'t>>,
        updates: impl IntoIterator<Item = (Var<'t>, Var<'t>)>,
        options: PlanOptions,
    ) -> Result<Self> {
        compile(
            &outputs.into_iter().collect::<Vec<_>>(),
            &updates.into_iter().collect::<Vec<_>>(),
            options,
            &Held::default(),
        )
    }

    /// Compiles outputs as a function of nodes that are held: inputs with these numbers, to be moved through
    /// [`Plan::slot`].
    #[track_caller]
    pub(crate) fn holding(outputs: &[Var<'_>], held: &Held, options: PlanOptions) -> Result<Self> {
        compile(outputs, &[], options, held)
    }
}

#[track_caller]
fn compile<'t, F: Precision>(
    outputs: &[Var<'t>],
    updates: &[(Var<'t>, Var<'t>)],
    options: PlanOptions,
    held: &Held,
) -> Result<Plan<F>> {
    let Request { tape, outputs, updates } = Request::new("compile", outputs, updates)?;
    let recorder = tape.recorder().borrow();
    (instance::<F>().compile)(&recorder, &outputs, &updates, options, held)
}

impl<F: Precision> Plan<F> {
    /// Runs the passes for outputs and updates that were checked.
    pub(crate) fn of_nodes(
        recorder: &Recorder,
        outputs: &[NodeId],
        updates: &[(NodeId, NodeId)],
        options: PlanOptions,
        held: &Held,
    ) -> Result<Self> {
        let (graph, ops) = (&recorder.graph, &recorder.ops[..]);
        // A result that is looked at has an array of its own.
        let fuse = options.fuse && !options.check_finite;
        let elementwise: Vec<bool> = ops.iter().map(|op| op.elementwise()).collect();
        let wanted = outputs.iter().copied().chain(updates.iter().flat_map(|&(p, v)| [p, v]));
        let merged = Merged::new(graph, wanted, held, |id| fuse && is_identity(graph, ops, &elementwise, id));
        for &id in &merged.nodes {
            let fits = check_elements(graph.node(id), options.max_elements, "PlanOptions::max_elements");
            fits.map_err(|problem| Error::Argument { what: "compile", problem })?;
        }
        let folded = FoldedConstants::new(graph, ops, &merged, held, fuse, options.flush_subnormals)?;
        let classes = Classes::new(graph, ops, &elementwise, &merged, held, |id| folded.get(id).is_some());
        let pinned = pinned(graph, &merged, &classes, outputs, updates);
        let reads = ReadOperands::new(graph, &merged, &classes);
        let live =
            LiveGraph { graph, ops, merged: &merged, classes: &classes, reads: &reads, pinned: &pinned };
        let groups = FusionGroups::new(live, fuse);
        let order = order(live, &groups);

        let plan = Plan::new(ops.into(), options, recorder.tape_id.clone());
        let mut lowering = Lowering::new(live, &groups, plan);
        for &id in merged.nodes.iter().filter(|&&id| classes.of(id) == Class::Source) {
            lowering.source(id, recorder, held, &folded)?;
        }
        for g in order {
            lowering.lower(&groups.groups[g as usize]);
        }
        lowering.keep(outputs, updates)?;
        let Lowering { mut plan, results, .. } = lowering;
        write_in_place(&mut plan, results.len());
        assign_buffers(&mut plan, &results)?;
        finish(&mut plan, results.len(), graph)?;
        Ok(plan)
    }
}

/// Whether an op does nothing to its first operand.
fn is_identity(graph: &Graph, ops: &[Arc<dyn Op>], elementwise: &[bool], id: NodeId) -> bool {
    let (node, op) = (graph.node(id), graph.record(id).op.0 as usize);
    let same = |&x: &NodeId| graph.record(x).shape == graph.record(id).shape;
    if elementwise[op] || !node.inputs().first().is_some_and(same) {
        return false;
    }
    let entire = Layout::contiguous(node.shape());
    ops[op].view(&entire, node.shape()).is_some_and(|view| view == entire)
}

/// For each node, whether it must have an array of its own: outputs, new values, and what holds the elements of those that
/// are views.
fn pinned(
    graph: &Graph,
    merged: &Merged,
    classes: &Classes,
    outputs: &[NodeId],
    updates: &[(NodeId, NodeId)],
) -> Vec<bool> {
    let mut pinned = vec![false; graph.len()];
    for &id in outputs.iter().chain(updates.iter().map(|(_, v)| v)) {
        let id = merged.of(id);
        pinned[id.index()] = true;
        pinned[classes.root(id).index()] = true;
    }
    pinned
}

/// Writes down what runs ask of the steps, and makes room for registers and workspaces.
fn finish<F: Precision>(plan: &mut Plan<F>, results: usize, graph: &Graph) -> Result<()> {
    plan.results = results;
    let mut results = vec![false; results];
    for buffer in plan.steps.iter().flat_map(Step::buffers_read) {
        match buffer {
            Buffer::Result(result) => results[result] = true,
            Buffer::Parameter(slot) => plan.parameters[slot].read = true,
            Buffer::Input(_) | Buffer::Index(_) | Buffer::Constant(_) | Buffer::IndexResult(_) => {}
        }
    }
    Arc::make_mut(&mut plan.steps)
        .iter_mut()
        .flat_map(|s| &mut s.outputs)
        .for_each(|o| o.read = results[o.result]);
    let mut read = vec![false; plan.constants.len()];
    for view in plan.steps.iter().flat_map(Step::views).chain(plan.kept()) {
        if let Buffer::Constant(k) = view.buffer {
            read[k] = true;
        }
    }
    // Constants that only others were computed from.
    Arc::make_mut(&mut plan.constants)
        .iter_mut()
        .zip(read)
        .filter(|(_, read)| !read)
        .for_each(|(c, _)| *c = Vec::new());
    plan.checked_before =
        (0..plan.steps.len()).filter(|&i| plan.steps[i].check == OperandCheck::BeforeRun).collect();
    if plan.options.check_finite || plan.steps.iter().any(|step| step.check != OperandCheck::Never) {
        plan.graph = Some(Arc::new(graph.clone()));
    }
    plan.uses_threads =
        plan.options.threads > 1 && plan.steps.iter().any(|step| split::uses_threads(step, &plan.ops));
    // The registers of the longest program, or the largest workspace of a kernel, so that no run allocates them.
    let threads = plan.options.threads;
    let scratch = |step: &Step| {
        let registers = step.program().map_or(0, |p| split::scratch::<F>(p, step, threads));
        registers.max(step.workspace)
    };
    let scratch = plan.steps.iter().map(scratch).max().unwrap_or(0);
    plan.scratch = alloc::filled("compile", scratch, F::zero())?;
    Ok(())
}
