//! Nodes and ops as they are stored, a node in 24 bytes.

use super::attributes::Attributes;
use super::ids::{NodeId, OpId, ShapeId, SiteId};
use chainrule_base::fields;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a node without inputs stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Leaf {
    /// Fed per run.
    Input,
    /// Class labels or positions, fed per run.
    Index,
    /// Named trained state.
    Parameter,
    /// A fixed array of numbers.
    Constant,
}

impl Leaf {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Input, "input"),
        (Self::Index, "index"),
        (Self::Parameter, "parameter"),
        (Self::Constant, "constant"),
    ];

    /// Leaves stand at the start of every graph's table of ops, in the order of the enum.
    #[inline]
    pub(crate) const fn op(self) -> OpId {
        OpId(self as u32)
    }

    pub(crate) fn of_op(op: OpId) -> Option<Self> {
        Self::ALL.get(op.0 as usize).map(|&(leaf, _)| leaf)
    }

    /// `"input"`, `"index"`, `"parameter"` or `"constant"`.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// Why a node was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// By the user's own call.
    #[default]
    Forward,
    /// By the reverse pass, at this node.
    Backward(NodeId),
    /// By an optimiser.
    Update,
}

impl Origin {
    const UPDATE: u32 = u32::MAX;

    #[inline]
    pub(super) fn pack(self) -> u32 {
        match self {
            Self::Forward => 0,
            Self::Backward(node) => node.0 + 1,
            Self::Update => Self::UPDATE,
        }
    }

    fn unpack(packed: u32) -> Self {
        match packed {
            0 => Self::Forward,
            Self::UPDATE => Self::Update,
            k => Self::Backward(NodeId(k - 1)),
        }
    }
}

/// What of an op tells on which branch of a piecewise function a point lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Branch {
    /// Its result, which stands still on a branch: that of a comparison, or of rounding.
    Result,
    /// An operand, as the condition of a choice.
    Operand(usize),
}

/// An op with its attributes as the graph keeps it: names for drawing and for finding the op again when loading.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct OpRecord {
    /// The op's name in a registry, such as `matmul`.
    pub name: String,
    /// How it is drawn, such as `×`.
    pub symbol: String,
    /// What it computes, such as `y = x0 · x1`.
    pub formula: String,
    /// Its settings.
    #[serde(default)]
    pub attributes: Attributes,
    /// Its number of operands.
    pub arity: usize,
    /// The operands of which it takes the shape and reads no element.
    #[serde(default)]
    pub shape_only: Vec<usize>,
    /// Whether it is a [gate](crate::Op::gates): zero, with derivative zero, wherever its operand is negative.
    #[serde(default)]
    pub gates: bool,
    /// What of it tells [on which branch](crate::Op::branches) of a piecewise function a point lies.
    #[serde(default)]
    pub branches: Option<Branch>,
}

fields! {
    OpRecord {
        name,
        symbol,
        formula,
        attributes unless Attributes::is_empty,
        arity,
        shape_only unless Vec::is_empty,
        gates unless is_false,
        branches unless Option::is_none,
    }
}

fn is_false(x: &bool) -> bool {
    !x
}

impl OpRecord {
    pub(super) fn leaves() -> Vec<Self> {
        Leaf::ALL
            .iter()
            .map(|(_, name)| Self {
                name: (*name).to_owned(),
                symbol: (*name).to_owned(),
                formula: String::new(),
                attributes: Attributes::new(),
                arity: 0,
                shape_only: Vec::new(),
                gates: false,
                branches: None,
            })
            .collect()
    }
}

impl OpRecord {
    /// Whether it reads the elements of an operand, and not its shape alone.
    pub fn reads(&self, operand: usize) -> bool {
        !self.shape_only.contains(&operand)
    }
}

impl fmt::Display for OpRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.attributes.is_empty() {
            write!(f, "({})", self.attributes)?;
        }
        Ok(())
    }
}

/// A node as stored; by default an input, for places that are to be written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Record {
    pub(crate) op: OpId,
    pub(crate) shape: ShapeId,
    /// The inputs, or the start of a run: of inputs in `wide_inputs`, or of a constant's values in `constants`.
    pub(super) inputs: [NodeId; 2],
    pub(crate) site: SiteId,
    pub(super) origin: u32,
}

// What a graph costs is mostly this.
const _: () = assert!(size_of::<Record>() == 24);

impl Record {
    #[inline]
    pub(super) fn new(stamp: Stamp, inputs: [NodeId; 2]) -> Self {
        let Stamp { op, shape, site, origin } = stamp;
        Self { op, shape, inputs, site, origin: origin.pack() }
    }

    /// The inputs of a node that has one or two; of one, that input twice, so that loops need not ask.
    #[inline]
    pub(crate) fn pair(&self) -> [NodeId; 2] {
        self.inputs
    }

    pub(super) fn set_shape(&mut self, shape: ShapeId) {
        self.shape = shape;
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::unpack(self.origin)
    }
}

/// What a node to be appended consists of besides its inputs; all of it interned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    pub(crate) op: OpId,
    pub(crate) shape: ShapeId,
    pub(crate) site: SiteId,
    pub(crate) origin: Origin,
}

/// The scope and the source line that a node was recorded in, by their places in the graph's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Site {
    pub(crate) scope: u32,
    pub(crate) location: u32,
}
