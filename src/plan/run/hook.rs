//! Hooks around the steps of a run.

use super::memory::RunMemory;
use crate::error::Result;
use crate::graph::NodeId;
use crate::kernel::View;
use crate::plan::step::{Buffer, BufferView, Step, StepOperand};
use crate::tape::Precision;

/// What is called before and after each step of a run.
pub(crate) trait StepHook<F> {
    /// Before a step; whether it is to be run.
    fn before(&mut self, i: usize, step: &Step, memory: &mut RunMemory<'_, F>) -> bool;

    /// After a step that was run; an error ends the run.
    fn after(&mut self, i: usize, step: &Step, memory: &RunMemory<'_, F>) -> Result<()>;
}

/// Shows every step.
pub(crate) struct ShowHook<'l, F>(pub(crate) &'l mut dyn FnMut(Seen<'_, F>));

impl<F: Precision> StepHook<F> for ShowHook<'_, F> {
    fn before(&mut self, _: usize, step: &Step, memory: &mut RunMemory<'_, F>) -> bool {
        for (i, (operand, &node)) in step.operands.iter().zip(&step.reads).enumerate() {
            let by = step
                .fused_kernel()
                .filter(|kernel| i < kernel.operands)
                .map_or(step.node(), |k| k.output.node);
            match operand {
                StepOperand::Shape(_)
                | StepOperand::View(BufferView {
                    buffer: Buffer::Index(_) | Buffer::IndexResult(_), ..
                }) => {}
                StepOperand::View(view) if step.is_own_kernel_result(view.buffer) => {}
                StepOperand::View(view) => {
                    (self.0)(Seen::Read { by, node, numbers: memory.view(view) });
                }
            }
        }
        true
    }

    fn after(&mut self, _: usize, step: &Step, memory: &RunMemory<'_, F>) -> Result<()> {
        for output in &step.outputs {
            (self.0)(Seen::Written { node: output.node, numbers: memory.target(output.target, step.len()) });
        }
        Ok(())
    }
}

/// What a step of a run reads or has written.
pub(crate) enum Seen<'a, F> {
    /// The step that computes `by` is about to read `node`.
    Read { by: NodeId, node: NodeId, numbers: View<'a, F> },
    /// A step has computed `node`.
    Written { node: NodeId, numbers: &'a [F] },
}
