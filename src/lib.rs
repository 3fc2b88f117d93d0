//! A scalar and tensor autograd engine whose computation graph can be seen and trusted.

pub mod check;
pub mod data;
mod draw;
mod error;
mod float;
pub mod graph;
mod grad;
mod kernel;
mod location;
pub mod nn;
pub mod ops;
pub mod picture;
mod plan;
mod shape;
mod state;
mod tape;

pub use check::Check;
pub use draw::Draw;
pub use error::{Error, Result};
pub use float::Float;
pub use grad::Gradients;
pub use graph::{Graph, NodeId};
pub use location::Location;
pub use plan::{Key, Outputs, Plan, PlanOptions};
pub use state::State;
pub use tape::{IntoIndices, IntoValue, LoadOp, Op, Precision, Registry, Scope, Tape, Value, Var};

/// What the definition of an op needs.
pub mod op {
    pub use crate::graph::{Attribute, Attributes, Kind};
    pub use crate::kernel::{Input, Inputs, Output, View};
    pub use crate::shape::Layout;
    pub use crate::tape::op::{
        Derivative, Domain, Kernel, Op, Operand, Precision, Sample, Zero, reals,
    };
    pub use crate::tape::{LoadOp, Registry};
}
