//! What is asked of a graph: outputs, and updates of parameters.

use super::op::{Tape, Var};
use crate::error::{Error, Result};
use crate::graph::{Graph, Kind, Leaf, NodeId};

/// Outputs and updates `(parameter, new value)`, all of one tape.
pub(crate) struct Request<'t> {
    pub(crate) tape: &'t Tape,
    pub(crate) outputs: Vec<NodeId>,
    pub(crate) updates: Vec<(NodeId, NodeId)>,
}

impl<'t> Request<'t> {
    /// # Errors
    ///
    /// If nothing is asked for, vars are of several tapes, or an update is [none](Self::check_updates).
    #[track_caller]
    pub(crate) fn new(
        what: &'static str,
        outputs: &[Var<'t>],
        updates: &[(Var<'t>, Var<'t>)],
    ) -> Result<Self> {
        let all: Vec<Var<'t>> =
            outputs.iter().copied().chain(updates.iter().flat_map(|&(p, v)| [p, v])).collect();
        let Some(tape) = all.first().map(|var| var.tape()) else {
            let problem = format!("there is nothing to {what}; give at least one output or update");
            return Err(Error::Argument { what, problem });
        };
        for &var in &all {
            tape.own(what, var, &all)?;
        }
        let outputs = outputs.iter().map(|var| var.id()).collect();
        let updates: Vec<_> = updates.iter().map(|(parameter, value)| (parameter.id(), value.id())).collect();
        Self::check_updates(&tape.recorder().borrow().graph, &updates)
            .map_err(|problem| Error::Argument { what, problem })?;
        Ok(Self { tape, outputs, updates })
    }

    /// That every update gives a parameter real numbers of its shape; what is wrong otherwise.
    pub(crate) fn check_updates(graph: &Graph, updates: &[(NodeId, NodeId)]) -> Result<(), String> {
        let mut ids = updates.iter().flat_map(|&(parameter, value)| [parameter, value]);
        if let Some(id) = ids.find(|&id| graph.node(id).kind() == Kind::Index) {
            return Err(format!("{} holds indices; updates are real numbers", graph.describe(id)));
        }
        for &(parameter, value) in updates {
            let (node, described) = (graph.node(parameter), graph.describe(parameter));
            if node.leaf() != Some(Leaf::Parameter) {
                return Err(format!("{described} is not a parameter; only parameters are updated"));
            }
            if node.shape() != graph.node(value).shape() {
                return Err(format!(
                    "the update of {described} has another shape: {}",
                    graph.describe(value)
                ));
            }
        }
        Ok(())
    }
}
