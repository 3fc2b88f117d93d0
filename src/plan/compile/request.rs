//! What a plan is asked for: its outputs and updates.

use super::lowering::Lowering;
use crate::base::shape::Layout;
use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::plan::step::{
    Buffer, BufferView, OperandCheck, OutputTarget, Step, StepOperand, StepOutput, Work,
};
use crate::tape::Precision;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::sync::Arc;

impl<F: Precision> Lowering<'_, F> {
    /// Keeps the outputs and the new values of parameters until the end of a run, after all steps are lowered.
    ///
    /// # Errors
    ///
    /// If a parameter has two different updates.
    pub(super) fn keep(&mut self, outputs: &[NodeId], updates: &[(NodeId, NodeId)]) -> Result<()> {
        let mut copies = Vec::new();
        for &id in outputs {
            let view = self.kept(id, &mut copies);
            self.plan.outputs.push((id, view));
            self.plan.output_names.push(self.live.graph.node(id).name().map(str::to_owned));
        }
        let mut updated = FxHashMap::default();
        for &(parameter, value) in updates {
            let Buffer::Parameter(slot) = self.view(parameter).buffer else {
                unreachable!("updates were checked")
            };
            let value = self.live.merged.of(value);
            match updated.insert(parameter, value) {
                // Two optimisers may both count the same step.
                Some(first) if first == value => continue,
                Some(_) => {
                    let described = self.live.graph.describe(parameter);
                    let problem = format!("{described} is updated twice, with different values");
                    return Err(Error::Argument { what: "compile", problem });
                }
                None => {}
            }
            let view = self.kept(value, &mut copies);
            self.plan.writes.push((view, slot));
            self.plan.parameters[slot].updated = true;
        }
        // The state is read before anything is written to it.
        Arc::make_mut(&mut self.plan.steps).splice(0..0, copies.into_iter().rev());
        Ok(())
    }

    /// A node's numbers until the next run: a copy of what is in the state, which updates change.
    fn kept(&mut self, id: NodeId, copies: &mut Vec<Step>) -> BufferView {
        let view = self.view(id);
        if !matches!(view.buffer, Buffer::Parameter(_)) {
            return view;
        }
        let shape = view.layout.shape.clone();
        let result = self.result(&shape);
        let output = StepOutput { node: id, result, target: OutputTarget::Arena(result), read: false };
        copies.push(Step {
            work: Work::Copy,
            shape: shape.clone(),
            operands: vec![StepOperand::View(view)],
            reads: vec![id],
            outputs: SmallVec::from_buf([output]),
            long: false,
            check: OperandCheck::Never,
            workspace: 0,
        });
        BufferView { buffer: Buffer::Result(result), layout: Layout::contiguous(&shape) }
    }
}
