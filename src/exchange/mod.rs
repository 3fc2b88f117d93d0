//! Graphs for other engines: [`Export`] has what a plan would compute, written in portable primitives, and writes it as a file
//! of a format that others run.
//!
//! - **StableHLO** ([`Export::to_stablehlo`]): the language of XLA. JAX runs such a file on processors, GPUs and TPUs, on one
//!   device or sharded over many (the Python package in `python/chainrule_xla`), and IREE compiles it.
//! - **ONNX** (`Export::to_onnx`, feature `onnx`): onnxruntime and many others. The batch size may be left open
//!   ([`Export::with_open_batch`]).
//!
//! Both take the forward graph, recorded gradients, and updates: a whole training step is a function from inputs, parameters
//! and the optimiser's memory to outputs and their new values, all by name.
//!
//! An op is written with primitives by [`Op::portable`](crate::Op::portable), in its own block, and formats know primitives
//! alone. An op that has no such form is an error that names it, its node and the line that recorded it.

mod export;
mod exported;
mod numbers;
#[cfg(feature = "onnx")]
mod onnx;
mod stablehlo;
mod trace;

pub use exported::{Export, ExportPrecision, ExportedValue, ValueRole};
#[cfg(feature = "onnx")]
pub use onnx::{OnnxGraph, OnnxModel};
