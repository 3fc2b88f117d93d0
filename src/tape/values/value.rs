//! Values as users get them.

use ndarray::{ArrayD, IxDyn};
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

/// An array of its elements in row-major order.
pub(crate) fn shaped(shape: &[usize], numbers: Vec<f64>) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(shape), numbers)
        .unwrap_or_else(|e| unreachable!("a value has its node's shape: {e}"))
}
