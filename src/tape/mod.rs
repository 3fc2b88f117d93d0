//! Recording: the tape, its vars, the contract of an op, and the values of leaves.

mod access;
pub(crate) mod identity;
pub(crate) mod kernel;
mod limits;
mod loading;
pub(crate) mod op;
pub(crate) mod operands;
mod operators;
pub(crate) mod program;
mod recorder;
mod recording;
mod registry;
pub(crate) mod sample;
mod scope;
pub(crate) mod settings;
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
