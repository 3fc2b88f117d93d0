//! A step of a plan: one kernel call, one program of elementwise ops, or a kernel with a program behind it.

use super::refusal::Asked;
use crate::graph::NodeId;
use crate::shape::{Layout, Sizes, size};
use crate::tape::{Op, Program};
use smallvec::SmallVec;
use std::sync::Arc;

/// What holds the numbers of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Root {
    /// The buffer of an input.
    Input(usize),
    /// The buffer of an index input.
    Index(usize),
    /// A parameter in the user's state.
    State(usize),
    /// A constant.
    Constant(usize),
    /// The result of a step, by its number; the layout then says where in the arena it is.
    Arena(usize),
    /// A result of indices, by its place among these.
    IndexResult(usize),
}

/// Where the numbers of a node are.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) root: Root,
    pub(super) layout: Layout,
}

impl Place {
    /// Whether its elements lie in row-major order from the start of what holds them.
    pub(super) fn is_whole(&self) -> bool {
        self.layout.offset == 0 && self.layout.is_contiguous()
    }
}

/// What a step reads.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Place(Place),
    /// Only the shape of an operand.
    Shape(Sizes),
}

impl Operand {
    /// Where its numbers are, if they are read.
    pub(super) fn place(&self) -> Option<&Place> {
        match self {
            Self::Place(place) => Some(place),
            Self::Shape(_) => None,
        }
    }
}

/// Where a result goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The arena from this place on; while compiling, the number of the result.
    Arena(usize),
    /// A parameter in the user's state, after its last read.
    State(usize),
}

/// What a step computes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    /// The node whose numbers it is.
    pub(super) node: NodeId,
    /// The number of the result.
    pub(super) result: usize,
    pub(super) target: Target,
    /// Whether a step reads it.
    pub(super) read: bool,
}

/// A kernel whose result the program of the same step reads, and nothing else does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) op: usize,
    /// The number of the kernel's operands: the step's first ones.
    pub(super) operands: usize,
    pub(super) output: Output,
}

/// What a step does.
#[derive(Debug, Clone)]
pub(super) enum Work {
    /// Calls the kernel of an op.
    Kernel(usize),
    /// Runs elementwise ops block by block.
    Program(Program),
    /// A kernel, and behind it elementwise ops on its result.
    Fused(Head, Program),
    /// Copies its operand.
    Copy,
    /// Calls the kernel of an op whose result is of indices.
    Indices(Indices),
}

/// A kernel that computes indices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Indices {
    pub(super) op: usize,
    pub(super) node: NodeId,
    /// Which of the results of indices it is, and its number among all results.
    pub(super) place: usize,
    pub(super) result: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) work: Work,
    /// The shape of the results.
    pub(super) shape: Sizes,
    pub(super) operands: Vec<Operand>,
    /// The nodes that the operands are.
    pub(super) reads: Vec<NodeId>,
    pub(super) outputs: SmallVec<[Output; 1]>,
    /// Whether it is long enough to be worth the time that it takes to hand parts of it to other threads.
    pub(super) long: bool,
    pub(super) asked: Asked,
    /// How many numbers of workspace its kernel asks for.
    pub(super) workspace: usize,
}

impl Step {
    /// The node whose numbers it computes; of several, the last.
    pub(super) fn node(&self) -> NodeId {
        self.indices().map(|x| x.node).or(self.outputs.last().map(|o| o.node)).unwrap_or_default()
    }

    /// The number of elements of each result.
    pub(super) fn len(&self) -> usize {
        size(&self.shape)
    }

    /// The program, if it has one.
    pub(super) fn program(&self) -> Option<&Program> {
        match &self.work {
            Work::Program(program) | Work::Fused(_, program) => Some(program),
            Work::Kernel(_) | Work::Copy | Work::Indices(_) => None,
        }
    }

    /// The op of its kernel, if it has one, what that writes, and the number of operands that it takes.
    pub(super) fn kernel(&self) -> Option<(usize, &Output, usize)> {
        match &self.work {
            Work::Kernel(op) => Some((*op, &self.outputs[0], self.operands.len())),
            Work::Fused(head, _) => Some((head.op, &head.output, head.operands)),
            Work::Program(_) | Work::Copy | Work::Indices(_) => None,
        }
    }

    /// What it computes, if that is indices.
    pub(super) fn indices(&self) -> Option<&Indices> {
        match &self.work {
            Work::Indices(indices) => Some(indices),
            _ => None,
        }
    }

    /// With the workspace that its kernel asks for.
    pub(super) fn with_workspace(mut self, ops: &[Arc<dyn Op>]) -> Self {
        let kernel = self.kernel().map(|(op, _, operands)| (op, operands));
        let indices = self.indices().map(|indices| (indices.op, self.operands.len()));
        if let Some((op, operands)) = kernel.or(indices) {
            let layout = |operand: &Operand| match operand {
                Operand::Place(place) => place.layout.clone(),
                Operand::Shape(shape) => Layout::contiguous(shape),
            };
            let layouts: SmallVec<[Layout; 4]> = self.operands[..operands].iter().map(layout).collect();
            let layouts: SmallVec<[&Layout; 4]> = layouts.iter().collect();
            self.workspace = ops[op].scratch(&layouts, &self.shape);
        }
        self
    }

    /// The kernel that runs before the program.
    pub(super) fn head(&self) -> Option<&Head> {
        match &self.work {
            Work::Fused(head, _) => Some(head),
            _ => None,
        }
    }

    /// As [`head`](Self::head), to be changed.
    pub(super) fn head_mut(&mut self) -> Option<&mut Head> {
        match &mut self.work {
            Work::Fused(head, _) => Some(head),
            _ => None,
        }
    }

    /// The number of operands that come before those of the program.
    pub(super) fn before_program(&self) -> usize {
        self.head().map_or(0, |head| head.operands)
    }

    /// The place that the program reads as this operand.
    #[inline]
    pub(super) fn read_by_program(&self, operand: usize) -> &Place {
        let operand = &self.operands[self.before_program() + operand];
        operand.place().unwrap_or_else(|| unreachable!("elementwise ops read all operands"))
    }

    /// The places it reads, to be changed.
    pub(super) fn places_mut(&mut self) -> impl Iterator<Item = &mut Place> {
        self.operands.iter_mut().filter_map(|o| match o {
            Operand::Place(place) => Some(place),
            Operand::Shape(_) => None,
        })
    }

    /// The places it reads.
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.operands.iter().filter_map(Operand::place)
    }

    /// Whether it is the result of the step's own kernel that its program reads.
    pub(super) fn is_own(&self, root: Root) -> bool {
        self.head().is_some_and(|head| root == Root::Arena(head.output.result))
    }

    /// What holds the numbers that it reads and does not compute itself.
    pub(super) fn roots(&self) -> impl Iterator<Item = Root> {
        self.places().map(|p| p.root).filter(|&root| !self.is_own(root))
    }
}
