//! Values as users give and get them.

use ndarray::{Array, ArrayD, ArrayRef, Dimension, IxDyn};
use std::fmt;
use std::ops::Deref;

/// The value of a var: an array of f64, owned, that can be read as ndarray's.
#[derive(Debug, Clone, PartialEq)]
pub struct Value(ArrayD<f64>);

impl Value {
    pub(crate) fn new(array: ArrayD<f64>) -> Self {
        Self(array)
    }

    /// The one number of a value with one element.
    ///
    /// # Panics
    ///
    /// If it has none or several.
    #[track_caller]
    pub fn item(&self) -> f64 {
        match (self.0.len(), self.0.first()) {
            (1, Some(&x)) => x,
            _ => panic!("item: a value of shape {:?} is not one number", self.0.shape()),
        }
    }

    /// The array itself.
    pub fn into_array(self) -> ArrayD<f64> {
        self.0
    }
}

impl Deref for Value {
    type Target = ArrayD<f64>;

    fn deref(&self) -> &ArrayD<f64> {
        &self.0
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a leaf or a constant can be made from: a number, or an array of f64 or f32.
pub trait IntoValue {
    /// The array, in f64.
    fn into_value(self) -> ArrayD<f64>;

    /// The number, if it is just one.
    fn as_number(&self) -> Option<f64> {
        None
    }
}

impl IntoValue for f64 {
    fn into_value(self) -> ArrayD<f64> {
        ndarray::arr0(self).into_dyn()
    }

    fn as_number(&self) -> Option<f64> {
        Some(*self)
    }
}

impl<D: Dimension> IntoValue for Array<f64, D> {
    fn into_value(self) -> ArrayD<f64> {
        self.into_dyn()
    }
}

impl<D: Dimension> IntoValue for &ArrayRef<f64, D> {
    fn into_value(self) -> ArrayD<f64> {
        self.to_owned().into_dyn()
    }
}

impl<D: Dimension> IntoValue for Array<f32, D> {
    fn into_value(self) -> ArrayD<f64> {
        self.mapv(f64::from).into_dyn()
    }
}

impl<D: Dimension> IntoValue for &ArrayRef<f32, D> {
    fn into_value(self) -> ArrayD<f64> {
        self.mapv(f64::from).into_dyn()
    }
}

impl<D: Dimension> IntoValue for &Array<f64, D> {
    fn into_value(self) -> ArrayD<f64> {
        self.to_owned().into_dyn()
    }
}

impl<D: Dimension> IntoValue for &Array<f32, D> {
    fn into_value(self) -> ArrayD<f64> {
        self.mapv(f64::from).into_dyn()
    }
}

impl IntoValue for Value {
    fn into_value(self) -> ArrayD<f64> {
        self.0
    }
}

/// What an index leaf can be made from: an array of `usize`.
pub trait IntoIndices {
    /// The array.
    fn into_indices(self) -> ArrayD<usize>;
}

impl<D: Dimension> IntoIndices for Array<usize, D> {
    fn into_indices(self) -> ArrayD<usize> {
        self.into_dyn()
    }
}

impl<D: Dimension> IntoIndices for &Array<usize, D> {
    fn into_indices(self) -> ArrayD<usize> {
        self.to_owned().into_dyn()
    }
}

/// An array of its elements in row-major order.
pub(crate) fn shaped(shape: &[usize], numbers: Vec<f64>) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(shape), numbers)
        .unwrap_or_else(|e| unreachable!("a value has its node's shape: {e}"))
}
