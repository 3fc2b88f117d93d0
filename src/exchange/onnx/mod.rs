//! ONNX as protobuf: <https://onnx.ai/onnx/operators/>.

mod attributes;
mod dims;
mod messages;
mod model;
mod names;
mod nodes;
mod products;
mod read;
mod writer;

pub use model::OnnxModel;
pub use read::OnnxGraph;
