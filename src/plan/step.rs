//! A step of a plan: one kernel call, or one fused run of elementwise ops.

use crate::graph::NodeId;
use crate::shape::{Layout, Sizes};
use crate::tape::Instruction;

/// What holds the numbers of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    /// The buffer of an input.
    Input(usize),
    /// The buffer of an index input.
    Index(usize),
    /// A parameter in the user's state.
    State(usize),
    /// A constant.
    Constant(usize),
    /// The result of a step; while compiling, this one's buffer, and afterwards a place in the arena.
    Arena(usize),
}

/// Where the numbers of a node are.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) root: Root,
    pub(super) layout: Layout,
}

/// What a step reads.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Place(Place),
    /// The target itself, in elementwise steps.
    InPlace,
    /// Only the shape of an operand.
    Shape(Sizes),
}

impl Operand {
    /// Where its numbers are, if they are read from a place of their own.
    pub(super) fn place(&self) -> Option<&Place> {
        match self {
            Self::Place(place) => Some(place),
            Self::InPlace | Self::Shape(_) => None,
        }
    }
}

/// What a step writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The arena from this place on; while compiling, a buffer.
    Arena(usize),
    /// A parameter in the user's state, after its last read.
    State(usize),
}

/// What a step does.
#[derive(Debug, Clone)]
pub(super) enum Work {
    /// Calls the kernel of an op.
    Kernel(usize),
    /// Runs elementwise ops block by block.
    Elementwise(Vec<Instruction>),
    /// Copies its operand.
    Copy,
}

#[derive(Debug, Clone)]
pub(super) struct Step {
    /// The node whose numbers it computes; of a run, the last.
    pub(super) node: NodeId,
    pub(super) work: Work,
    /// The nodes that the operands are.
    pub(super) reads: Vec<NodeId>,
    /// What holds the numbers of the operands, and its own result.
    pub(super) roots: Vec<Root>,
    pub(super) result: Root,
    pub(super) operands: Vec<Operand>,
    pub(super) target: Target,
    pub(super) shape: Sizes,
}

impl Step {
    /// The ops it runs, in order.
    pub(super) fn ops(&self) -> impl Iterator<Item = usize> {
        let (one, many) = match &self.work {
            Work::Kernel(op) => (Some(*op), &[][..]),
            Work::Elementwise(program) => (None, &program[..]),
            Work::Copy => (None, &[][..]),
        };
        one.into_iter().chain(many.iter().map(|i| i.op))
    }

    /// The places it reads, to be changed.
    pub(super) fn places_mut(&mut self) -> impl Iterator<Item = &mut Place> {
        self.operands.iter_mut().filter_map(|o| match o {
            Operand::Place(place) => Some(place),
            Operand::InPlace | Operand::Shape(_) => None,
        })
    }

    /// The places it reads.
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.operands.iter().filter_map(Operand::place)
    }
}
