//! What a name of a model stands for while it is read.

use crate::tape::Var;

/// A value of a model.
#[derive(Debug, Clone)]
pub(super) enum OnnxValue<'t> {
    /// Real numbers that are computed or fed.
    Real(Var<'t>),
    /// Truths as real numbers, 1 and 0.
    Truth(Var<'t>),
    /// Indices that are computed or fed.
    Index(Var<'t>),
    /// Whole numbers that are known: shapes, axes, positions.
    Known(OnnxNumbers<i64>),
    /// Real numbers that are known, and the name of the initialiser, if they are one.
    Constant(OnnxNumbers<f64>, Option<String>),
}

impl OnnxValue<'_> {
    /// Its type, as the numbers of `TensorProto.DataType` have it.
    pub(super) fn data_type(&self) -> i64 {
        match self {
            Self::Real(_) | Self::Constant(..) => 1,
            Self::Index(_) | Self::Known(_) => 7,
            Self::Truth(_) => 9,
        }
    }
}

/// Numbers in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OnnxNumbers<T> {
    pub(super) shape: Vec<usize>,
    pub(super) data: Vec<T>,
}

impl<T> OnnxNumbers<T> {
    pub(super) fn vector(data: Vec<T>) -> Self {
        Self { shape: vec![data.len()], data }
    }
}
