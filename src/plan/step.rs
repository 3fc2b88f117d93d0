//! A step of a plan: one kernel call, one program of elementwise ops, or a kernel with a program behind it.

use crate::graph::NodeId;
use crate::plan::program::Program;
use crate::plan::run::refusal::Asked;
use crate::shape::{Layout, Sizes, size};
use smallvec::SmallVec;

/// What holds the numbers of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Root {
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
}

/// Where the numbers of a node are.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) root: Root,
    pub(crate) layout: Layout,
}

impl Place {
    /// Whether its elements lie in row-major order from the start of what holds them.
    pub(crate) fn is_whole(&self) -> bool {
        self.layout.offset == 0 && self.layout.is_contiguous()
    }
}

/// What a step reads.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    Place(Place),
    /// Only the shape of an operand.
    Shape(Sizes),
}

impl Operand {
    /// Where its numbers are, if they are read.
    pub(crate) fn place(&self) -> Option<&Place> {
        match self {
            Self::Place(place) => Some(place),
            Self::Shape(_) => None,
        }
    }
}

/// Where a result goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// The arena from this place on; while compiling, the number of the result.
    Arena(usize),
    /// A parameter in the user's state, after its last read.
    State(usize),
}

/// What a step computes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// The node whose numbers it is.
    pub(crate) node: NodeId,
    /// The number of the result.
    pub(crate) result: usize,
    pub(crate) target: Target,
    /// Whether a step reads it.
    pub(crate) read: bool,
}

/// A kernel whose result the program of the same step reads, and nothing else does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) op: usize,
    /// The number of the kernel's operands: the step's first ones.
    pub(crate) operands: usize,
    pub(crate) output: Output,
}

/// What a step does.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// Calls the kernel of an op.
    Kernel(usize),
    /// Runs elementwise ops block by block.
    Program(Program),
    /// A kernel, and behind it elementwise ops on its result.
    Fused(Head, Program),
    /// Copies its operand.
    Copy,
}

#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) work: Work,
    /// The shape of the results.
    pub(crate) shape: Sizes,
    pub(crate) operands: Vec<Operand>,
    /// The nodes that the operands are.
    pub(crate) reads: Vec<NodeId>,
    pub(crate) outputs: SmallVec<[Output; 1]>,
    /// Whether it is long enough to be worth the time that it takes to hand parts of it to other threads.
    pub(crate) long: bool,
    pub(crate) asked: Asked,
}

impl Step {
    /// The node whose numbers it computes; of several, the last.
    pub(crate) fn node(&self) -> NodeId {
        self.outputs.last().map(|o| o.node).unwrap_or_default()
    }

    /// The number of elements of each result.
    pub(crate) fn len(&self) -> usize {
        size(&self.shape)
    }

    /// The program, if it has one.
    pub(crate) fn program(&self) -> Option<&Program> {
        match &self.work {
            Work::Program(program) | Work::Fused(_, program) => Some(program),
            Work::Kernel(_) | Work::Copy => None,
        }
    }

    /// The op of its kernel, if it has one, what that writes, and the number of operands that it takes.
    pub(crate) fn kernel(&self) -> Option<(usize, &Output, usize)> {
        match &self.work {
            Work::Kernel(op) => Some((*op, &self.outputs[0], self.operands.len())),
            Work::Fused(head, _) => Some((head.op, &head.output, head.operands)),
            Work::Program(_) | Work::Copy => None,
        }
    }

    /// The kernel that runs before the program.
    pub(crate) fn head(&self) -> Option<&Head> {
        match &self.work {
            Work::Fused(head, _) => Some(head),
            _ => None,
        }
    }

    /// As [`head`](Self::head), to be changed.
    pub(crate) fn head_mut(&mut self) -> Option<&mut Head> {
        match &mut self.work {
            Work::Fused(head, _) => Some(head),
            _ => None,
        }
    }

    /// The number of operands that come before those of the program.
    pub(crate) fn before_program(&self) -> usize {
        self.head().map_or(0, |head| head.operands)
    }

    /// The place that the program reads as this operand.
    #[inline]
    pub(crate) fn read_by_program(&self, operand: usize) -> &Place {
        let operand = &self.operands[self.before_program() + operand];
        operand.place().unwrap_or_else(|| unreachable!("elementwise ops read all operands"))
    }

    /// The places it reads, to be changed.
    pub(crate) fn places_mut(&mut self) -> impl Iterator<Item = &mut Place> {
        self.operands.iter_mut().filter_map(|o| match o {
            Operand::Place(place) => Some(place),
            Operand::Shape(_) => None,
        })
    }

    /// The places it reads.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        self.operands.iter().filter_map(Operand::place)
    }

    /// Whether it is the result of the step's own kernel that its program reads.
    pub(crate) fn is_own(&self, root: Root) -> bool {
        self.head().is_some_and(|head| root == Root::Arena(head.output.result))
    }

    /// What holds the numbers that it reads and does not compute itself.
    pub(crate) fn roots(&self) -> impl Iterator<Item = Root> {
        self.places().map(|p| p.root).filter(|&root| !self.is_own(root))
    }
}
