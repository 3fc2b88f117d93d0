//! Lowering: the step of each fusion group, and its program with its registers.

use super::fuse::FusionGroup;
use super::levels::levels;
use super::lowering::{Lowering, NO_REGISTER};
use crate::base::shape::size;
use crate::graph::{Kind, NodeId};
use crate::plan::program::{Program, ProgramBuilder, Register};
use crate::plan::split;
use crate::plan::step::{Buffer, BufferView, FusedKernel, OperandCheck, Step, StepOperand, StepOutput, Work};
use crate::tape::Precision;
use smallvec::SmallVec;
use std::sync::Arc;

impl<F: Precision> Lowering<'_, F> {
    /// Adds the step that computes a group.
    pub(super) fn lower(&mut self, group: &FusionGroup) {
        let graph = self.live.graph;
        let Some(&first) = group.elementwise.first().or(group.kernel.as_ref()) else { return };
        let (mut operands, mut reads, mut outputs) = (Vec::new(), Vec::new(), SmallVec::new());
        let kernel = group.kernel.map(|id| {
            let node = graph.node(id);
            for (i, &x) in node.inputs().iter().enumerate() {
                operands.push(match node.op().reads(i) {
                    true => StepOperand::View(self.view(x)),
                    false => StepOperand::Shape(graph.node(x).shape().into()),
                });
                reads.push(x);
            }
            (graph.record(id).op.0 as usize, id)
        });
        let work = if let Some((op, id)) = kernel.filter(|&(_, id)| graph.node(id).kind() == Kind::Index) {
            Work::IndexKernel(self.index_kernel(op, id))
        } else if group.elementwise.is_empty() {
            let Some((op, id)) = kernel else { return };
            outputs.push(self.output(id));
            Work::Kernel(op)
        } else {
            let kernel =
                kernel.map(|(op, id)| FusedKernel { op, operands: operands.len(), output: self.output(id) });
            let program = self.program(&group.elementwise, &mut operands, &mut reads, &mut outputs);
            match kernel {
                Some(kernel) => Work::Fused(kernel, program),
                None => Work::Program(program),
            }
        };
        let (shape, check) = (graph.node(first).shape().into(), self.operand_check(group));
        let step = Step { work, shape, operands, reads, outputs, long: false, check, workspace: 0 };
        let mut step = step.with_workspace(&self.plan.ops, self.plan.options.threads);
        step.long = split::is_long(&step, &self.plan.ops);
        Arc::make_mut(&mut self.plan.steps).push(step);
    }

    /// When the ops of a group are asked whether they accept their operands.
    fn operand_check(&self, group: &FusionGroup) -> OperandCheck {
        let graph = self.live.graph;
        let by_users = |&id: &NodeId| self.applied(id).checked.is_some();
        let indices = |id: NodeId| {
            graph.node(id).read_inputs().map(|(_, x)| x).filter(|&x| graph.node(x).kind() == Kind::Index)
        };
        let reads_indices = |&id: &NodeId| indices(id).next().is_some();
        // They are not there before the run.
        let computed = |&id: &NodeId| indices(id).any(|x| !matches!(self.view(x).buffer, Buffer::Index(_)));
        if group.kernel.iter().chain(&group.elementwise).any(by_users) || group.kernel.iter().any(computed) {
            OperandCheck::WhileRunning
        } else if group.kernel.iter().any(reads_indices) {
            OperandCheck::BeforeRun
        } else {
            OperandCheck::Never
        }
    }

    /// The program of elementwise nodes, in their order.
    fn program(
        &mut self,
        nodes: &[NodeId],
        operands: &mut Vec<StepOperand>,
        reads: &mut Vec<NodeId>,
        outputs: &mut SmallVec<[StepOutput; 1]>,
    ) -> Program {
        let (shape, before) = (self.live.graph.node(nodes[0]).shape(), operands.len());
        if size(shape) == 1
            && let Some(program) = levels(self, nodes, operands, reads, outputs)
        {
            return program;
        }
        let all = self.live.reads;
        for x in nodes.iter().flat_map(|&id| all.of(id)) {
            self.uses[x.index()] += 1;
        }
        let mut builder = ProgramBuilder::new(self.plan.options.flush_subnormals);
        let mut uniform = Vec::new();
        for &id in nodes {
            let (mut x, mut last): (SmallVec<[Register; 4]>, SmallVec<[Register; 4]>) = Default::default();
            for &input in all.of(id) {
                let at = input.index();
                if self.registers[at] == NO_REGISTER {
                    let view = self.view(input);
                    let layout = view.layout.broadcast(shape);
                    let everywhere_the_same = size(shape) > 1 && layout.strides.iter().all(|&s| s == 0);
                    let operand = operands.len() - before;
                    self.registers[at] = if everywhere_the_same {
                        uniform.push(input);
                        // One more use than there is, so that the register is kept for the next block.
                        self.uses[at] += 1;
                        builder.load_uniform(operand)
                    } else {
                        builder.load(operand)
                    };
                    operands.push(StepOperand::View(BufferView { buffer: view.buffer, layout }));
                    reads.push(input);
                }
                x.push(self.registers[at]);
                self.uses[at] -= 1;
                if self.uses[at] == 0 {
                    last.push(std::mem::replace(&mut self.registers[at], NO_REGISTER));
                }
            }
            let register = builder.apply(self.applied(id), &x, &last);
            if self.stored[id.index()] {
                builder.store(register, outputs.len());
                let output = self.output(id);
                outputs.push(output);
            }
            if self.uses[id.index()] == 0 {
                builder.free(register);
            } else {
                self.registers[id.index()] = register;
            }
        }
        for id in uniform {
            self.registers[id.index()] = NO_REGISTER;
            self.uses[id.index()] = 0;
        }
        builder.finish()
    }
}
