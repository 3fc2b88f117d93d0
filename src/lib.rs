//! A scalar and tensor autograd engine whose computation graph can be seen and trusted.

pub mod data;
mod error;
mod float;
pub mod graph;
mod grad;
mod kernel;
mod location;
pub mod ops;
mod shape;
mod state;
mod tape;

pub use error::{Error, Result};
pub use float::Float;
pub use graph::{Graph, NodeId};
pub use location::Location;
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
