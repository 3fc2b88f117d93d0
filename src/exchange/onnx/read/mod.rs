//! Models of ONNX as graphs of a tape.
//!
//! What is read is untrusted: every size is checked, and an op is recorded by what returns an error.

mod elementwise;
mod graph;
mod layers;
mod node;
mod reduce;
mod shapes;
mod tensor;
mod value;
mod whole;

pub use graph::OnnxGraph;
