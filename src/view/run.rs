//! The values of a plan's run in place of the tape's.

use crate::base::state::State;
use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::plan::Plan;
use crate::tape::{Precision, Tape, Var};
use ndarray::ArrayD;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The values of nodes.
pub(in crate::view) type NodeValues = BTreeMap<NodeId, ArrayD<f64>>;

/// The inputs and state of a plan's run, and the function that computes nodes of its tape from them.
#[derive(Debug, Clone)]
pub(in crate::view) struct PlanRun {
    tape_id: Arc<()>,
    inputs: BTreeMap<NodeId, ArrayD<f64>>,
    indices: BTreeMap<NodeId, ArrayD<usize>>,
    state: State<f64>,
    /// `compute` in the precision of the plan.
    compute: fn(&Self, &Tape, &[NodeId]) -> Result<NodeValues>,
}

impl PlanRun {
    /// A run of a plan on its last fed inputs and a state.
    pub(in crate::view) fn of<F: Precision>(plan: &Plan<F>, state: &State<F>) -> Self {
        let (inputs, indices) = plan.given();
        PlanRun {
            tape_id: plan.tape_id(),
            inputs: inputs.map(|(id, values)| (id, values.mapv(F::wide))).collect(),
            indices: indices.collect(),
            state: state.cast(),
            compute: compute::<F>,
        }
    }

    /// The values of nodes of the tape in this run.
    pub(in crate::view) fn values(&self, tape: &Tape, ids: &[NodeId]) -> Result<NodeValues> {
        (self.compute)(self, tape, ids)
    }
}

/// The values of nodes in the precision `F`, widened.
fn compute<F: Precision>(run: &PlanRun, tape: &Tape, ids: &[NodeId]) -> Result<NodeValues> {
    let mut values = BTreeMap::new();
    let mut wanted: Vec<Var<'_>> = Vec::new();
    for &id in ids {
        match run.indices.get(&id) {
            Some(indices) => drop(values.insert(id, indices.mapv(|i| i as f64))),
            None => wanted.extend(tape.var(id)),
        }
    }
    let Some(first) = wanted.first() else { return Ok(values) };
    if !first.is_of(&run.tape_id) {
        return Err(Error::Argument {
            what: "draw",
            problem: "the plan of `values_of` was compiled from another tape than the one that is drawn"
                .to_owned(),
        });
    }
    let mut plan = Plan::<F>::compile(wanted.iter().copied(), [])?;
    for (&id, numbers) in &run.inputs {
        if let (Some(_), Some(var)) = (plan.slot(id), tape.var(id)) {
            plan.feed(var, &numbers.mapv(F::of))?;
        }
    }
    for (&id, indices) in &run.indices {
        if let (true, Some(var)) = (plan.reads_indices(id), tape.var(id)) {
            plan.feed_indices(var, indices)?;
        }
    }
    let mut state = run.state.cast();
    let computed = plan.run(&mut state)?;
    let value = |&var: &Var<'_>| {
        let numbers = computed.get(var).map(|numbers| numbers.mapv(F::wide));
        let indices = || computed.indices(var).map(|indices| indices.mapv(|i| i as f64));
        Some((var.id(), numbers.or_else(indices)?))
    };
    values.extend(wanted.iter().filter_map(value));
    Ok(values)
}
