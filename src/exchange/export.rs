//! What an export is asked for: outputs, updates, and inputs whose batch size is left open.

use super::exported::Export;
use super::trace::trace;
use crate::error::{Error, Result};
use crate::graph::{Leaf, NodeId};
use crate::tape::{Request, Var};

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
        let (outputs, updates): (Vec<_>, Vec<_>) =
            (outputs.into_iter().collect(), updates.into_iter().collect());
        let Request { tape, outputs, updates } = Request::new("export", &outputs, &updates)?;
        trace(&tape.recorder().borrow(), &outputs, &updates, &|_| None)
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
        let (outputs, updates): (Vec<_>, Vec<_>) =
            (outputs.into_iter().collect(), updates.into_iter().collect());
        let inputs: Vec<Var<'t>> = inputs.into_iter().collect();
        let Request { tape, outputs, updates } = Request::new("export", &outputs, &updates)?;
        let recorder = tape.recorder().borrow();
        let mut export = trace(&recorder, &outputs, &updates, &|_| None)?;
        for &var in &inputs {
            tape.own("export", var, &inputs)?;
        }
        let inputs: Vec<NodeId> = inputs.iter().map(|v| v.id()).collect();
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
