//! A step of a plan, as data: one kernel call, one program of elementwise ops, or a kernel with a program as its epilogue.

use super::program::Program;
use crate::base::shape::{Layout, Sizes, size};
use crate::graph::NodeId;
use crate::kernel::MOST_THREADS;
use crate::tape::Op;
use smallvec::SmallVec;
use std::sync::Arc;

/// A buffer that holds numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Buffer {
    /// That of an input, by its slot.
    Input(usize),
    /// That of an index input, by its slot.
    Index(usize),
    /// That of a parameter in the user's state, by its slot.
    Parameter(usize),
    /// That of a constant.
    Constant(usize),
    /// A step's result, by its number. The layout of a view of it counts from the start of the arena.
    Result(usize),
    /// That of indices that a step computes, or that are held, by its number among these.
    IndexResult(usize),
}

/// Some elements of a buffer.
#[derive(Debug, Clone)]
pub(crate) struct BufferView {
    pub(crate) buffer: Buffer,
    pub(crate) layout: Layout,
}

impl BufferView {
    /// Whether its elements are in row-major order from the start of the buffer.
    pub(crate) fn is_packed(&self) -> bool {
        self.layout.offset == 0 && self.layout.is_contiguous()
    }
}

/// What a step reads.
#[derive(Debug, Clone)]
pub(crate) enum StepOperand {
    View(BufferView),
    /// Only the shape of an operand.
    Shape(Sizes),
}

impl StepOperand {
    /// Its elements, if they are read.
    pub(crate) fn view(&self) -> Option<&BufferView> {
        match self {
            Self::View(view) => Some(view),
            Self::Shape(_) => None,
        }
    }
}

/// Where a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputTarget {
    /// The arena from this element on; before buffers are assigned, the number of the result.
    Arena(usize),
    /// A parameter in the user's state, by its slot, after its last read.
    Parameter(usize),
}

/// A result of a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepOutput {
    /// The node whose numbers it is.
    pub(crate) node: NodeId,
    /// The number of the result.
    pub(crate) result: usize,
    pub(crate) target: OutputTarget,
    /// Whether a step reads it.
    pub(crate) read: bool,
}

/// A kernel whose result only the program of the same step reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FusedKernel {
    pub(crate) op: usize,
    /// How many operands the kernel has: the first ones of the step.
    pub(crate) operands: usize,
    pub(crate) output: StepOutput,
}

/// What a step does.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// Calls the kernel of an op.
    Kernel(usize),
    /// Runs elementwise ops block by block.
    Program(Program),
    /// A kernel, and elementwise ops on its result as an epilogue.
    Fused(FusedKernel, Program),
    /// Copies its operand.
    Copy,
    /// Calls the kernel of an op whose result is indices.
    IndexKernel(IndexKernel),
}

/// A kernel that computes indices. They have a buffer of their own, outside of the arena.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexKernel {
    pub(crate) op: usize,
    pub(crate) node: NodeId,
    /// The number of its buffer among those of indices.
    pub(crate) buffer: usize,
    /// The number of the result.
    pub(crate) result: usize,
}

/// When the ops of a step are asked whether they accept their operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OperandCheck {
    /// They accept all numbers, and do not panic.
    Never,
    /// Before the first step of a run: a built-in op that reads indices, and nothing else that could be refused.
    BeforeRun,
    /// As the step runs: ops of users, which may look at everything, and may panic.
    WhileRunning,
}

/// A step.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) work: Work,
    /// The shape of the results.
    pub(crate) shape: Sizes,
    pub(crate) operands: Vec<StepOperand>,
    /// The node of each operand.
    pub(crate) reads: Vec<NodeId>,
    pub(crate) outputs: SmallVec<[StepOutput; 1]>,
    /// Whether it is long enough to pay for handing parts of it to other threads.
    pub(crate) long: bool,
    pub(crate) check: OperandCheck,
    /// How many elements of workspace its kernel asks for.
    pub(crate) workspace: usize,
}

impl Step {
    /// The node whose numbers it computes; of several, the last.
    pub(crate) fn node(&self) -> NodeId {
        self.index_kernel().map(|k| k.node).or(self.outputs.last().map(|o| o.node)).unwrap_or_default()
    }

    /// The number of elements of each result.
    pub(crate) fn len(&self) -> usize {
        size(&self.shape)
    }

    /// The program, if it has one.
    pub(crate) fn program(&self) -> Option<&Program> {
        match &self.work {
            Work::Program(program) | Work::Fused(_, program) => Some(program),
            Work::Kernel(_) | Work::Copy | Work::IndexKernel(_) => None,
        }
    }

    /// The op of its kernel, if it has one that computes real numbers, the kernel's result, and the number of its operands.
    pub(crate) fn kernel(&self) -> Option<(usize, &StepOutput, usize)> {
        match &self.work {
            Work::Kernel(op) => Some((*op, &self.outputs[0], self.operands.len())),
            Work::Fused(kernel, _) => Some((kernel.op, &kernel.output, kernel.operands)),
            Work::Program(_) | Work::Copy | Work::IndexKernel(_) => None,
        }
    }

    /// The kernel that computes indices, if it has one.
    pub(crate) fn index_kernel(&self) -> Option<&IndexKernel> {
        match &self.work {
            Work::IndexKernel(kernel) => Some(kernel),
            _ => None,
        }
    }

    /// With the workspace that its kernel asks for, for each of so many threads.
    pub(crate) fn with_workspace(mut self, ops: &[Arc<dyn Op>], threads: usize) -> Self {
        let kernel = self.kernel().map(|(op, _, operands)| (op, operands));
        let indices = self.index_kernel().map(|kernel| (kernel.op, self.operands.len()));
        if let Some((op, operands)) = kernel.or(indices) {
            let layout = |operand: &StepOperand| match operand {
                StepOperand::View(view) => view.layout.clone(),
                StepOperand::Shape(shape) => Layout::contiguous(shape),
            };
            let layouts: SmallVec<[Layout; 4]> = self.operands[..operands].iter().map(layout).collect();
            let layouts: SmallVec<[&Layout; 4]> = layouts.iter().collect();
            let parts = if ops[op].threaded() { threads.clamp(1, MOST_THREADS) } else { 1 };
            self.workspace = ops[op].scratch(&layouts, &self.shape).saturating_mul(parts);
        }
        self
    }

    /// The kernel whose epilogue the program is.
    pub(crate) fn fused_kernel(&self) -> Option<&FusedKernel> {
        match &self.work {
            Work::Fused(kernel, _) => Some(kernel),
            _ => None,
        }
    }

    /// As [`fused_kernel`](Self::fused_kernel), to be changed.
    pub(crate) fn fused_kernel_mut(&mut self) -> Option<&mut FusedKernel> {
        match &mut self.work {
            Work::Fused(kernel, _) => Some(kernel),
            _ => None,
        }
    }

    /// The number of operands of the fused kernel; those of the program follow.
    pub(crate) fn kernel_operands(&self) -> usize {
        self.fused_kernel().map_or(0, |kernel| kernel.operands)
    }

    /// What the program reads as this operand.
    #[inline]
    pub(crate) fn read_by_program(&self, operand: usize) -> &BufferView {
        let operand = &self.operands[self.kernel_operands() + operand];
        operand.view().unwrap_or_else(|| unreachable!("elementwise ops read all operands"))
    }

    /// The views that it reads.
    pub(crate) fn views(&self) -> impl Iterator<Item = &BufferView> {
        self.operands.iter().filter_map(StepOperand::view)
    }

    /// The views that it reads, to be changed.
    pub(crate) fn views_mut(&mut self) -> impl Iterator<Item = &mut BufferView> {
        self.operands.iter_mut().filter_map(|o| match o {
            StepOperand::View(view) => Some(view),
            StepOperand::Shape(_) => None,
        })
    }

    /// Whether a buffer is the result of its fused kernel.
    pub(crate) fn is_own_kernel_result(&self, buffer: Buffer) -> bool {
        self.fused_kernel().is_some_and(|kernel| buffer == Buffer::Result(kernel.output.result))
    }

    /// The buffers that it reads, but for the result of its fused kernel.
    pub(crate) fn buffers_read(&self) -> impl Iterator<Item = Buffer> {
        self.views().map(|view| view.buffer).filter(|&buffer| !self.is_own_kernel_result(buffer))
    }
}
