//! Tensors of a file as numbers.

use super::value::{OnnxNumbers, OnnxValue};
use crate::base::shape::checked_size;
use crate::exchange::onnx::messages::TensorProto;

impl TensorProto {
    /// The numbers; those of an initialiser have its name.
    ///
    /// # Errors
    ///
    /// If the type is not read, or there are more or fewer numbers than the shape has.
    pub(super) fn value<'t>(&self, initialiser: bool) -> Result<OnnxValue<'t>, String> {
        let shape: Vec<usize> = (self.dims.iter())
            .map(|&n| usize::try_from(n).map_err(|_| format!("tensor `{}` has a size of {n}", self.name)))
            .collect::<Result<_, _>>()?;
        let count = checked_size(&shape).map_err(|problem| format!("tensor `{}`: {problem}", self.name))?;
        if self.data_location == Some(1) {
            return Err(format!("tensor `{}` is in a file beside; `OnnxModel::load` reads it", self.name));
        }
        let real = |data: Vec<f64>| {
            let name = (initialiser && !shape.is_empty()).then(|| self.name.clone());
            Ok(OnnxValue::Constant(
                OnnxNumbers { shape: shape.clone(), data: self.checked(data, count)? },
                name,
            ))
        };
        let whole = |data: Vec<i64>| {
            Ok(OnnxValue::Known(OnnxNumbers { shape: shape.clone(), data: self.checked(data, count)? }))
        };
        let raw = self.raw_data.as_deref();
        match self.data_type {
            1 => real(match raw {
                Some(raw) => parts(raw, |b| f64::from(f32::from_le_bytes(b))),
                None => self.float_data.iter().map(|&x| f64::from(x)).collect(),
            }),
            11 => real(match raw {
                Some(raw) => parts(raw, f64::from_le_bytes),
                None => self.double_data.clone(),
            }),
            16 => real(parts(raw.unwrap_or_default(), |b| {
                f64::from(f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16))
            })),
            7 => whole(match raw {
                Some(raw) => parts(raw, i64::from_le_bytes),
                None => self.int64_data.clone(),
            }),
            6 => whole(match raw {
                Some(raw) => parts(raw, |b| i64::from(i32::from_le_bytes(b))),
                None => self.int32_data.iter().map(|&x| i64::from(x)).collect(),
            }),
            9 => whole(match raw {
                Some(raw) => raw.iter().map(|&b| i64::from(b != 0)).collect(),
                None => self.int32_data.iter().map(|&x| i64::from(x != 0)).collect(),
            }),
            other => Err(format!(
                "tensor `{}` has the data type {other}; float, double, bfloat16, int32, int64 and bool are read",
                self.name
            )),
        }
    }

    fn checked<T>(&self, data: Vec<T>, count: usize) -> Result<Vec<T>, String> {
        match data.len() == count {
            true => Ok(data),
            false => Err(format!(
                "tensor `{}` has {} numbers, and its shape {:?}",
                self.name,
                data.len(),
                self.dims
            )),
        }
    }
}

/// Numbers of N bytes each; a rest is left out, and makes the count wrong.
fn parts<const N: usize, T>(raw: &[u8], of: impl Fn([u8; N]) -> T) -> Vec<T> {
    match raw.len() % N {
        0 => raw.as_chunks().0.iter().map(|&bytes| of(bytes)).collect(),
        _ => Vec::new(),
    }
}
