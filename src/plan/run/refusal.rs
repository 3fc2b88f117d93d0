//! Ops that refuse their operands in a run.

use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use std::sync::{Arc, Mutex, PoisonError};

/// An op's refusal.
#[derive(Debug)]
struct Refusal {
    /// The first element of the result that it concerns, to tell which of several comes first.
    at: usize,
    node: NodeId,
    problem: String,
}

/// What the ops of a step have refused, in whichever thread.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<Option<Refusal>>);

impl Refusals {
    /// Keeps the refusal that comes first in the result, so that the error does not depend on which thread was quicker.
    pub(crate) fn put(&self, at: usize, node: NodeId, problem: String) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if first.as_ref().is_none_or(|first| at < first.at) {
            *first = Some(Refusal { at, node, problem });
        }
    }

    /// That no op has refused.
    pub(crate) fn none(&self, graph: &Option<Arc<Graph>>) -> Result<()> {
        let first = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        first.map_or(Ok(()), |Refusal { node, problem, .. }| Err(refused(graph, node, problem)))
    }
}

/// The error for a node that a run has to name.
pub(crate) fn refused(graph: &Option<Arc<Graph>>, node: NodeId, problem: String) -> Error {
    match graph {
        Some(graph) => graph.refused("run", node, problem),
        None => unreachable!("a plan with ops that may refuse keeps its graph"),
    }
}
