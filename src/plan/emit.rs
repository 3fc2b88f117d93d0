//! The steps of units: operands, results, and programs with their registers.

use super::compile::Compiler;
use super::group::Unit;
use super::parallel;
use super::refusal::Asked;
use super::step::{Head, Operand, Output, Place, Root, Step, Work};
use crate::graph::{Kind, NodeId};
use crate::shape::size;
use crate::tape::{Applied, Builder, Precision, Program, Register};
use smallvec::SmallVec;

/// Where no number of a node is in a register.
pub(super) const NO_REGISTER: Register = Register::MAX;

impl<F: Precision> Compiler<'_, F> {
    /// Records the step that computes a unit.
    pub(super) fn unit(&mut self, unit: &Unit) {
        let graph = &self.recorder.graph;
        let Some(&first) = unit.members.first().or(unit.head.as_ref()) else { return };
        let (mut operands, mut reads, mut outputs) = (Vec::new(), Vec::new(), SmallVec::new());
        let head = unit.head.map(|id| {
            let node = graph.node(id);
            for (i, &x) in node.inputs().iter().enumerate() {
                operands.push(match node.op().reads(i) {
                    true => Operand::Place(self.place(x)),
                    false => Operand::Shape(graph.node(x).shape().into()),
                });
                reads.push(x);
            }
            let op = graph.record(id).op.0 as usize;
            let indices = (node.kind() == Kind::Index).then(|| self.indices(op, id));
            indices.ok_or_else(|| Head { op, operands: operands.len(), output: self.output(id) })
        });
        let shape = graph.node(first).shape();
        let asked = self.asked(unit);
        if let Some(Ok(indices)) = head {
            let work = Work::Indices(indices);
            let step = Step {
                work,
                shape: shape.into(),
                operands,
                reads,
                outputs,
                long: false,
                asked,
                workspace: 0,
            };
            self.plan.steps.push(step.with_workspace(&self.plan.ops));
            return;
        }
        let head = head.and_then(Result::err);
        let work = if unit.members.is_empty() {
            let Some(head) = head else { return };
            outputs.push(head.output);
            Work::Kernel(head.op)
        } else {
            let program = self.program(&unit.members, &mut operands, &mut reads, &mut outputs);
            match head {
                Some(head) => Work::Fused(head, program),
                None => Work::Program(program),
            }
        };
        let step =
            Step { work, shape: shape.into(), operands, reads, outputs, long: false, asked, workspace: 0 };
        let mut step = step.with_workspace(&self.plan.ops);
        step.long = parallel::is_long(&step, &self.plan.ops);
        self.plan.steps.push(step);
    }

    /// When the ops of a unit are asked whether they take their operands.
    fn asked(&self, unit: &Unit) -> Asked {
        let graph = &self.recorder.graph;
        let by_users = |&id: &NodeId| self.applied(id).asked.is_some();
        let indices = |id: NodeId| {
            graph.node(id).read_inputs().map(|(_, x)| x).filter(|&x| graph.node(x).kind() == Kind::Index)
        };
        let reads_indices = |&id: &NodeId| indices(id).next().is_some();
        // They are not there before the run.
        let computed = |&id: &NodeId| indices(id).any(|x| !matches!(self.place(x).root, Root::Index(_)));
        if unit.head.iter().chain(&unit.members).any(by_users) || unit.head.iter().any(computed) {
            Asked::Running
        } else if unit.head.iter().any(reads_indices) {
            Asked::Before
        } else {
            Asked::Never
        }
    }

    /// What computes a node.
    pub(super) fn applied(&self, id: NodeId) -> Applied {
        let op = self.recorder.graph.record(id).op.0 as usize;
        let asked = (!self.built_in[op]).then_some(id);
        Applied { op, function: self.functions[op], asked }
    }

    /// The program of elementwise nodes, in their order.
    fn program(
        &mut self,
        members: &[NodeId],
        operands: &mut Vec<Operand>,
        reads: &mut Vec<NodeId>,
        outputs: &mut SmallVec<[Output; 1]>,
    ) -> Program {
        let recorder = self.recorder;
        let graph = &recorder.graph;
        let (shape, before) = (graph.node(members[0]).shape(), operands.len());
        if size(shape) == 1
            && let Some(program) = self.levels(members, operands, reads, outputs)
        {
            return program;
        }
        let all = self.reads;
        for x in members.iter().flat_map(|&id| all.of(id)) {
            self.uses[x.index()] += 1;
        }
        let mut builder = Builder::default();
        let mut uniform = Vec::new();
        for &id in members {
            let (mut x, mut last): (SmallVec<[Register; 4]>, SmallVec<[Register; 4]>) = Default::default();
            for &input in all.of(id) {
                let at = input.index();
                if self.registers[at] == NO_REGISTER {
                    let place = self.place(input);
                    let layout = place.layout.broadcast(shape);
                    let everywhere_the_same = size(shape) > 1 && layout.strides.iter().all(|&s| s == 0);
                    let operand = operands.len() - before;
                    self.registers[at] = if everywhere_the_same {
                        uniform.push(input);
                        // One more use than there is, so that the register is kept for the next block.
                        self.uses[at] += 1;
                        builder.load_uniform(operand)
                    } else {
                        let in_order = layout.is_contiguous() && layout.shape[..] == *shape;
                        builder.load(operand, if in_order { size(shape) } else { 0 })
                    };
                    operands.push(Operand::Place(Place { root: place.root, layout }));
                    reads.push(input);
                }
                x.push(self.registers[at]);
                self.uses[at] -= 1;
                if self.uses[at] == 0 {
                    last.push(std::mem::replace(&mut self.registers[at], NO_REGISTER));
                }
            }
            let register = builder.apply(self.applied(id), &x, &last);
            if self.kept[id.index()] {
                builder.store(register, outputs.len());
                let output = self.output(id);
                outputs.push(output);
            }
            if self.uses[id.index()] == 0 {
                builder.give(register);
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
