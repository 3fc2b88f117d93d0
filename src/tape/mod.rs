//! Recording: the tape, its vars, the contract of an op, and the values of leaves.

pub(crate) mod identity;
pub(crate) mod kernel;
mod limits;
mod loading;
pub(crate) mod op;
pub(crate) mod operands;
mod recorder;
mod recording;
mod registry;
mod request;
pub(crate) mod sample;
pub(crate) mod settings;
mod values;
mod var;

pub use limits::Limits;
pub(crate) use limits::check_elements;
pub(crate) use op::Recorder;
pub(crate) use op::call;
pub use op::{Op, Precision, Tape, Var};
pub use recorder::Scope;
pub(crate) use recorder::{OpInfo, kinds};
pub use registry::{LoadOp, Registry};
pub(crate) use registry::{LoadedStretch, Loader, WITH_VJP, loader};
pub(crate) use request::Request;
pub use values::{IntoIndices, IntoValue, Value};
pub(crate) use values::{OperandView, Operands, ValuePlaces, ValueState, Values, not_fed, shaped};
