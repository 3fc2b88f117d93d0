//! The numbers of a plan's run in the place of the tape's.

use super::Draw;
use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::plan::Plan;
use crate::state::State;
use crate::tape::{Precision, Tape, Var};
use ndarray::ArrayD;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The values of nodes.
pub(super) type Values = BTreeMap<NodeId, ArrayD<f64>>;

/// What a plan is run on, and how nodes of its tape are computed from that.
#[derive(Debug, Clone)]
pub(super) struct Run {
    lineage: Arc<()>,
    inputs: BTreeMap<NodeId, ArrayD<f64>>,
    indices: BTreeMap<NodeId, ArrayD<usize>>,
    state: State<f64>,
    /// In the precision of the plan.
    compute: fn(&Self, &Tape, &[NodeId]) -> Result<Values>,
}

impl<'t> Draw<'t> {
    /// With the values of a run of `plan` instead of the tape's: on its inputs as they were last fed and on `state`, in the
    /// plan's own precision, so that what overflows in f32 alone is seen.
    ///
    /// They are computed anew for the nodes that are drawn, and gradients with them; nothing is changed.
    ///
    /// ```
    /// use chainrule::{Plan, PlanOptions, State, Tape};
    /// let tape = Tape::new();
    /// let x = tape.input("x", [2]);
    /// let loss = x.exp().ln().sum();
    /// let mut plan = Plan::<f32>::compile_with([loss], [], PlanOptions::default().check_finite(true))?;
    /// plan.feed(x, &ndarray::arr1(&[1.0, 100.0]))?;
    /// let mut state = State::new();
    /// // In f64 it is 101.
    /// assert!(plan.run(&mut state).unwrap_err().to_string().contains("exp [2] (forward, in f32; 1 of 2"));
    /// let svg = loss.draw().values_of(&plan, &state).health().picture()?.to_svg();
    /// assert!(svg.contains("1 infinite, begins here"));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Plan::run`], when the picture is made; and if the plan was compiled from another tape.
    pub fn values_of<F: Precision>(self, plan: &Plan<F>, state: &State<F>) -> Self {
        let (inputs, indices) = plan.given();
        let run = Run {
            lineage: plan.lineage(),
            inputs: inputs.map(|(id, values)| (id, values.mapv(F::wide))).collect(),
            indices: indices.collect(),
            state: state.cast(),
            compute: compute::<F>,
        };
        Self { run: Some(run), ..self }
    }

    /// The values of nodes: the tape's, or those of a run.
    #[track_caller]
    pub(super) fn numbers(&self, tape: &Tape, ids: &[NodeId]) -> Result<Values> {
        match &self.run {
            Some(run) => (run.compute)(run, tape, ids),
            None => Ok(tape.values(ids.iter().copied())?.into_iter().collect()),
        }
    }
}

/// The values of nodes in the precision `F`, widened.
fn compute<F: Precision>(run: &Run, tape: &Tape, ids: &[NodeId]) -> Result<Values> {
    let mut values = BTreeMap::new();
    let mut wanted: Vec<Var<'_>> = Vec::new();
    for &id in ids {
        match run.indices.get(&id) {
            Some(indices) => drop(values.insert(id, indices.mapv(|i| i as f64))),
            None => wanted.extend(tape.var(id)),
        }
    }
    let Some(first) = wanted.first() else { return Ok(values) };
    if !first.is_of(&run.lineage) {
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
