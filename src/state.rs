//! Named arrays that the user owns: parameters and what optimisers remember.

use crate::error::{Error, Result};
use crate::float::Float;
use indexmap::IndexMap;
use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD};
use serde::{Deserialize, Deserializer, Serialize};

/// Named arrays: parameters and optimiser state. Plans read and update it; it serialises as a map.
///
/// Arrays are kept in row-major order. One state serves the plans for training, checking and accuracy.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent, bound(serialize = "F: Serialize"))]
pub struct State<F>(IndexMap<String, ArrayD<F>>);

impl<F> Default for State<F> {
    fn default() -> Self {
        Self(IndexMap::new())
    }
}

impl<F: Float> State<F> {
    /// A state without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts in an array under a name; what stood there is returned.
    pub fn insert<D: ndarray::Dimension>(&mut self, name: &str, array: ndarray::Array<F, D>) -> Option<ArrayD<F>> {
        self.0.insert(name.to_owned(), row_major(array.into_dyn()))
    }

    /// The array of a name.
    pub fn get(&self, name: &str) -> Option<ArrayViewD<'_, F>> {
        self.0.get(name).map(|array| array.view())
    }

    /// The array of a name, to be changed in place; its shape stays.
    pub fn get_mut(&mut self, name: &str) -> Option<ArrayViewMutD<'_, F>> {
        self.0.get_mut(name).map(|array| array.view_mut())
    }

    /// Names and arrays in the order in which they were put in.
    pub fn iter(&self) -> impl Iterator<Item = (&str, ArrayViewD<'_, F>)> {
        self.0.iter().map(|(name, array)| (name.as_str(), array.view()))
    }

    /// The same entries in another precision, rounded to nearest.
    pub fn cast<G: Float>(&self) -> State<G> {
        State(self.0.iter().map(|(name, array)| (name.clone(), array.mapv(|x| G::of(x.wide())))).collect())
    }

    /// The array of a name, if it has this shape.
    pub(crate) fn require(&self, what: &str, name: &str, shape: &[usize]) -> Result<ArrayViewD<'_, F>> {
        let array = &self.0[self.place(what, name, shape)?];
        Ok(array.view())
    }

    /// Where the array of a name stands, if it has this shape.
    pub(crate) fn place(&self, what: &str, name: &str, shape: &[usize]) -> Result<usize> {
        let Some((place, _, array)) = self.0.get_full(name) else {
            let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
            return Err(Error::Unknown {
                what: what.to_owned(),
                wanted: format!("entry `{name}` in the state"),
                present: names.join(", "),
            });
        };
        if array.shape() != shape {
            return Err(Error::StateShape {
                what: what.to_owned(),
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: array.shape().to_vec(),
            });
        }
        Ok(place)
    }

    /// The numbers of the array at a place.
    pub(crate) fn slice(&self, place: usize) -> &[F] {
        self.0[place].as_slice().unwrap_or_default()
    }

    /// The numbers of the array at a place, to be written.
    pub(crate) fn slice_mut(&mut self, place: usize) -> &mut [F] {
        self.0[place].as_slice_mut().unwrap_or_default()
    }

    /// The numbers of all arrays, by place, each once: one to be written, the others to be read.
    pub(crate) fn take(&mut self, place: usize) -> ArrayD<F> {
        std::mem::take(&mut self.0[place])
    }

    /// Puts back what [`take`](Self::take) took.
    pub(crate) fn put(&mut self, place: usize, array: ArrayD<F>) {
        self.0[place] = array;
    }
}

fn row_major<F: Clone>(array: ArrayD<F>) -> ArrayD<F> {
    if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() }
}

impl<'de, F: Float> Deserialize<'de> for State<F> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        let entries: IndexMap<String, ArrayD<F>> = IndexMap::deserialize(d)?;
        Ok(Self(entries.into_iter().map(|(name, array)| (name, row_major(array))).collect()))
    }
}
