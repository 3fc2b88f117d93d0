//! What an export is asked for: outputs, updates, and inputs whose batch size is left open.

use super::exported::Export;
use super::trace::trace;
use crate::error::{Error, Result};
use crate::graph::{Leaf, NodeId};
use crate::plan::{check_kinds, check_updates};
use crate::tape::Var;

/// Batch sizes for which a graph is written to find what depends on the size, and how: odd and even, and between other powers of
/// 2, so that what depends on these is seen.
const BATCH_SIZES: [usize; 3] = [101, 210, 431];

impl Export {
    /// Outputs and updates `(parameter, new value)`, as for [`Plan::compile`](crate::Plan::compile).
    ///
    /// # Errors
    ///
    /// If there is nothing to export, vars are of several tapes, an update does not name a parameter and a value of its shape,
    /// a parameter has two different updates, two arguments have one name, or an op has no form in portable primitives.
    #[track_caller]
    pub fn new<'t>(
        outputs: impl IntoIterator<Item = Var<'t>>,
        updates: impl IntoIterator<Item = (Var<'t>, Var<'t>)>,
    ) -> Result<Self> {
        let outputs: Vec<Var<'t>> = outputs.into_iter().collect();
        let updates: Vec<(Var<'t>, Var<'t>)> = updates.into_iter().collect();
        let all: Vec<Var<'_>> =
            outputs.iter().copied().chain(updates.iter().flat_map(|&(p, v)| [p, v])).collect();
        let Some(first) = all.first() else {
            let problem = "there is nothing to export; give at least one output or update".to_owned();
            return Err(Error::Argument { what: "export", problem });
        };
        for &var in &all {
            first.tape().own("export", var, &all)?;
        }
        let recorder = first.tape().recorder().borrow();
        check_kinds(&recorder.graph, &updates)?;
        check_updates(&recorder.graph, &updates)?;
        let outputs: Vec<NodeId> = outputs.iter().map(|v| v.id()).collect();
        let updates: Vec<(NodeId, NodeId)> = updates.iter().map(|(p, v)| (p.id(), v.id())).collect();
        trace(&recorder, &outputs, &updates, &|_| None)
    }

    /// As [`new`](Self::new), with the size of the first axis of some inputs left open: in ONNX it is the symbol `batch`.
    /// StableHLO is written in the sizes of the tape.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); and if the graph does not fit other batch sizes.
    #[track_caller]
    pub fn with_open_batch<'t>(
        outputs: impl IntoIterator<Item = Var<'t>>,
        updates: impl IntoIterator<Item = (Var<'t>, Var<'t>)>,
        inputs: impl IntoIterator<Item = Var<'t>>,
    ) -> Result<Self> {
        let outputs: Vec<Var<'t>> = outputs.into_iter().collect();
        let updates: Vec<(Var<'t>, Var<'t>)> = updates.into_iter().collect();
        let inputs: Vec<Var<'t>> = inputs.into_iter().collect();
        let mut export = Self::new(outputs.iter().copied(), updates.iter().copied())?;
        let Some(tape) = outputs.first().or(updates.first().map(|(p, _)| p)).map(|v| v.tape()) else {
            return Ok(export);
        };
        for &var in &inputs {
            tape.own("export", var, &inputs)?;
        }
        let recorder = tape.recorder().borrow();
        let inputs: Vec<NodeId> = inputs.iter().map(|v| v.id()).collect();
        let outputs: Vec<NodeId> = outputs.iter().map(|v| v.id()).collect();
        let updates: Vec<(NodeId, NodeId)> = updates.iter().map(|(p, v)| (p.id(), v.id())).collect();
        for &input in &inputs {
            let node = recorder.graph.node(input);
            let is_input = matches!(node.leaf(), Some(Leaf::Input | Leaf::Index));
            if !is_input || node.shape().is_empty() {
                let problem = format!("{} is no input with a first axis", recorder.graph.describe(input));
                return Err(Error::Argument { what: "export", problem });
            }
        }
        for size in BATCH_SIZES {
            let sized = |id: NodeId| {
                inputs.contains(&id).then(|| {
                    let mut shape = recorder.graph.node(id).shape().to_vec();
                    shape[0] = size;
                    shape
                })
            };
            let other = trace(&recorder, &outputs, &updates, &sized)?;
            export.sized.push((size, other.program));
        }
        Ok(export)
    }
}
