//! Ops that refuse their operands in a run: which steps are asked, and what was the answer.

use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::kernel::{Input, Inputs};
use crate::plan::Plan;
use crate::plan::step::{Operand, Place, Root};
use crate::tape::Precision;
use smallvec::SmallVec;
use std::sync::{Arc, Mutex, PoisonError};

/// When the ops of a step are asked whether they take their operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// They take all numbers, and do not panic.
    Never,
    /// Before the first step of a run: a built-in op that reads indices, and looks at nothing else.
    Before,
    /// As it runs: ops of users, which may look at everything, and may panic.
    Running,
}

/// An op's refusal.
#[derive(Debug)]
struct Refusal {
    /// Where in the result it stands, to tell which of several comes first.
    at: usize,
    node: NodeId,
    problem: String,
}

/// What the ops of a step have refused, in whichever thread.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<Option<Refusal>>);

impl Refusals {
    /// Keeps the refusal that stands first in the result, so that the answer does not depend on which thread was quicker.
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
fn refused(graph: &Option<Arc<Graph>>, node: NodeId, problem: String) -> Error {
    match graph {
        Some(graph) => graph.refused("run", node, problem),
        None => unreachable!("a plan with ops that may refuse keeps its graph"),
    }
}

impl<F: Precision> Plan<F> {
    /// Asks the built-in ops that read indices, before anything is computed.
    pub(crate) fn check_indices(&self) -> Result<()> {
        self.indexed.iter().try_for_each(|&i| {
            let step = &self.steps[i];
            let Some((op, output, operands)) = step.kernel() else { return Ok(()) };
            let inputs: SmallVec<[Input<'_, F>; 8]> = step.operands[..operands]
                .iter()
                .map(|operand| match operand {
                    Operand::Shape(shape) => Input::Shape(shape),
                    Operand::Place(Place { root: Root::Index(k), layout }) => {
                        Input::Index(super::memory::view(&self.indices[*k].values, 0, layout))
                    }
                    Operand::Place(place) => Input::Shape(&place.layout.shape),
                })
                .collect();
            let answer = F::kernel(&*self.ops[op]).check(Inputs::new(&inputs));
            answer.map_err(|problem| refused(&self.graph, output.node, problem))
        })
    }
}
