//! Attributes and numbers as messages.

use super::messages::{AttributeProto, TensorProto};
use crate::exchange::exported::ExportPrecision;
use crate::exchange::numbers::bf16;
use crate::portable::ElementType;

pub(super) fn int(name: &str, i: usize) -> AttributeProto {
    AttributeProto { name: name.to_owned(), i: Some(i as i64), r#type: 2, ..AttributeProto::default() }
}

pub(super) fn text(name: &str, s: &str) -> AttributeProto {
    AttributeProto { name: name.to_owned(), s: Some(s.into()), r#type: 3, ..AttributeProto::default() }
}

pub(super) fn ints(name: &str, all: &[usize]) -> AttributeProto {
    let ints = all.iter().map(|&i| i as i64).collect();
    AttributeProto { name: name.to_owned(), ints, r#type: 7, ..AttributeProto::default() }
}

impl ExportPrecision {
    /// The number of a type of elements in `TensorProto.DataType`.
    pub(super) fn onnx_type(self, element: ElementType) -> i32 {
        match (element, self) {
            (ElementType::Real, Self::F32) => 1,
            (ElementType::Real, Self::F64) | (ElementType::Double, _) => 11,
            (ElementType::Real, Self::Bf16) => 16,
            (ElementType::Index | ElementType::Integer, _) => 7,
            (ElementType::Truth, _) => 9,
        }
    }

    /// Numbers as a tensor; one stands for all elements.
    pub(super) fn onnx_tensor(
        self,
        name: &str,
        element: ElementType,
        numbers: &[f64],
        shape: &[usize],
    ) -> TensorProto {
        let count: usize = shape.iter().product();
        let repeated = if numbers.len() == 1 { count } else { 1 };
        let mut data = Vec::new();
        for &x in numbers.iter().cycle().take(numbers.len() * repeated) {
            match self.onnx_type(element) {
                1 => data.extend((x as f32).to_le_bytes()),
                11 => data.extend(x.to_le_bytes()),
                16 => data.extend(bf16(x).to_le_bytes()),
                7 => data.extend((x as i64).to_le_bytes()),
                _ => data.push(u8::from(x != 0.0)),
            }
        }
        TensorProto {
            dims: shape.iter().map(|&n| n as i64).collect(),
            data_type: self.onnx_type(element),
            name: name.to_owned(),
            raw_data: Some(data),
            ..TensorProto::default()
        }
    }
}
