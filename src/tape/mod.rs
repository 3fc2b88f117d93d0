//! Recording: the tape, its vars, the contract of an op, and the values of leaves.

mod access;
pub(crate) mod identity;
mod limits;
mod loading;
pub(crate) mod op;
mod operators;
pub(crate) mod program;
mod recorder;
mod recording;
mod registry;
mod scope;
mod values;
mod var;

pub use limits::Limits;
pub(crate) use limits::check_elements;
pub(crate) use op::Recorder;
pub use op::{Op, Precision, Tape, Var};
pub(crate) use op::call;
pub(crate) use program::{Accesses, Applied, Builder, Instruction, Memory, Program, Register};
pub(crate) use recorder::{OpInfo, kinds};
pub use registry::{LoadOp, Registry};
pub(crate) use registry::{Loader, loader};
pub use scope::Scope;
pub(crate) use values::{ValueState, Located, Operands, Places, Values, not_fed, shaped};
pub use values::{IntoIndices, IntoValue, Value};
