//! The messages of ONNX that are used, as in `onnx.proto` (<https://onnx.ai/onnx/api/classes.html>).

use prost::{Message, Oneof};

#[derive(Clone, PartialEq, Message)]
pub(in crate::exchange::onnx) struct ModelProto {
    #[prost(int64, tag = "1")]
    pub(in crate::exchange::onnx) ir_version: i64,
    #[prost(string, tag = "2")]
    pub(in crate::exchange::onnx) producer_name: String,
    #[prost(string, tag = "3")]
    pub(in crate::exchange::onnx) producer_version: String,
    #[prost(message, optional, tag = "7")]
    pub(in crate::exchange::onnx) graph: Option<GraphProto>,
    #[prost(message, repeated, tag = "8")]
    pub(in crate::exchange::onnx) opset_import: Vec<OperatorSetIdProto>,
    #[prost(message, repeated, tag = "14")]
    pub(in crate::exchange::onnx) metadata_props: Vec<StringStringEntryProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::exchange::onnx) struct OperatorSetIdProto {
    #[prost(string, tag = "1")]
    pub(in crate::exchange::onnx) domain: String,
    #[prost(int64, tag = "2")]
    pub(in crate::exchange::onnx) version: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::exchange::onnx) struct StringStringEntryProto {
    #[prost(string, tag = "1")]
    pub(in crate::exchange::onnx) key: String,
    #[prost(string, tag = "2")]
    pub(in crate::exchange::onnx) value: String,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::exchange::onnx) struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::exchange::onnx) node: Vec<NodeProto>,
    #[prost(string, tag = "2")]
    pub(in crate::exchange::onnx) name: String,
    #[prost(message, repeated, tag = "5")]
    pub(in crate::exchange::onnx) initializer: Vec<TensorProto>,
    #[prost(message, repeated, tag = "11")]
    pub(in crate::exchange::onnx) input: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "12")]
    pub(in crate::exchange::onnx) output: Vec<ValueInfoProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::exchange::onnx) struct NodeProto {
    #[prost(string, repeated, tag = "1")]
    pub(in crate::exchange::onnx) input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub(in crate::exchange::onnx) output: Vec<String>,
    #[prost(string, tag = "3")]
    pub(in crate::exchange::onnx) name: String,
    #[prost(string, tag = "4")]
    pub(in crate::exchange::onnx) op_type: String,
    #[prost(message, repeated, tag = "5")]
    pub(in crate::exchange::onnx) attribute: Vec<AttributeProto>,
    #[prost(string, tag = "7")]
    pub(in crate::exchange::onnx) domain: String,
}

/// Of the types FLOAT 1, INT 2, STRING 3, TENSOR 4, FLOATS 6, INTS 7.
#[derive(Clone, PartialEq, Message)]
pub(in crate::exchange::onnx) struct AttributeProto {
    #[prost(string, tag = "1")]
    pub(in crate::exchange::onnx) name: String,
    #[prost(float, optional, tag = "2")]
    pub(in crate::exchange::onnx) f: Option<f32>,
    #[prost(int64, optional, tag = "3")]
    pub(in crate::exchange::onnx) i: Option<i64>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub(in crate::exchange::onnx) s: Option<Vec<u8>>,
    #[prost(message, optional, tag = "5")]
    pub(in crate::exchange::onnx) t: Option<TensorProto>,
    #[prost(float, repeated, packed = "false", tag = "7")]
    pub(in crate::exchange::onnx) floats: Vec<f32>,
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub(in crate::exchange::onnx) ints: Vec<i64>,
    #[prost(int32, tag = "20")]
    pub(in crate::exchange::onnx) r#type: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::exchange::onnx) struct TensorProto {
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub(in crate::exchange::onnx) dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    pub(in crate::exchange::onnx) data_type: i32,
    #[prost(float, repeated, tag = "4")]
    pub(in crate::exchange::onnx) float_data: Vec<f32>,
    #[prost(int32, repeated, tag = "5")]
    pub(in crate::exchange::onnx) int32_data: Vec<i32>,
    #[prost(int64, repeated, tag = "7")]
    pub(in crate::exchange::onnx) int64_data: Vec<i64>,
    #[prost(string, tag = "8")]
    pub(in crate::exchange::onnx) name: String,
    #[prost(bytes = "vec", optional, tag = "9")]
    pub(in crate::exchange::onnx) raw_data: Option<Vec<u8>>,
    #[prost(double, repeated, tag = "10")]
    pub(in crate::exchange::onnx) double_data: Vec<f64>,
    #[prost(message, repeated, tag = "13")]
    pub(in crate::exchange::onnx) external_data: Vec<StringStringEntryProto>,
    /// 1 where the numbers are in a file beside.
    #[prost(int32, optional, tag = "14")]
    pub(in crate::exchange::onnx) data_location: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::exchange::onnx) struct ValueInfoProto {
    #[prost(string, tag = "1")]
    pub(in crate::exchange::onnx) name: String,
    #[prost(message, optional, tag = "2")]
    pub(in crate::exchange::onnx) r#type: Option<TypeProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::exchange::onnx) struct TypeProto {
    #[prost(message, optional, tag = "1")]
    pub(in crate::exchange::onnx) tensor_type: Option<TensorTypeProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::exchange::onnx) struct TensorTypeProto {
    #[prost(int32, tag = "1")]
    pub(in crate::exchange::onnx) elem_type: i32,
    #[prost(message, optional, tag = "2")]
    pub(in crate::exchange::onnx) shape: Option<TensorShapeProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::exchange::onnx) struct TensorShapeProto {
    #[prost(message, repeated, tag = "1")]
    pub(in crate::exchange::onnx) dim: Vec<DimensionProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::exchange::onnx) struct DimensionProto {
    #[prost(oneof = "DimensionValue", tags = "1, 2")]
    pub(in crate::exchange::onnx) value: Option<DimensionValue>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(in crate::exchange::onnx) enum DimensionValue {
    #[prost(int64, tag = "1")]
    DimValue(i64),
    #[prost(string, tag = "2")]
    DimParam(String),
}
