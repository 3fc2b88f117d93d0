//! Giving a plan its inputs.

use super::{InputSlot, Plan};
use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::tape::{Precision, Var};
use ndarray::{ArrayRef, ArrayViewMutD, Dimension, IxDyn};

/// How an input is named: by its var, or by its name.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    /// By its node.
    Node(NodeId),
    /// By its name.
    Name(&'a str),
}

impl From<Var<'_>> for Key<'_> {
    fn from(var: Var<'_>) -> Self {
        Self::Node(var.id())
    }
}

impl<'a> From<&'a str> for Key<'a> {
    fn from(name: &'a str) -> Self {
        Self::Name(name)
    }
}

impl<F: Precision> Plan<F> {
    /// The plan's own buffer of an input, to be written in place; it counts as fed from now on.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if the plan has no such input of real numbers.
    pub fn input_mut<'k>(&mut self, input: impl Into<Key<'k>>) -> Result<ArrayViewMutD<'_, F>> {
        let place = find(&self.inputs, input.into(), "input")?;
        Ok(self.inputs[place].open())
    }

    /// The plan's own buffer of an index input, to be written in place; it counts as fed from now on.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if the plan has no such index input.
    pub fn index_mut<'k>(&mut self, input: impl Into<Key<'k>>) -> Result<ArrayViewMutD<'_, usize>> {
        let place = find(&self.indices, input.into(), "index input")?;
        Ok(self.indices[place].open())
    }

    /// Copies an array to an input.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if the plan has no such input of real numbers, [`Error::Feed`] if the shape is another.
    pub fn feed<'k, D: Dimension>(
        &mut self,
        input: impl Into<Key<'k>>,
        values: &ArrayRef<F, D>,
    ) -> Result<()> {
        let place = find(&self.inputs, input.into(), "input")?;
        self.inputs[place].fill(values)
    }

    /// Copies an array of class labels or positions to an index input.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if the plan has no such index input, [`Error::Feed`] if the shape is another.
    pub fn feed_indices<'k, D: Dimension>(
        &mut self,
        input: impl Into<Key<'k>>,
        indices: &ArrayRef<usize, D>,
    ) -> Result<()> {
        let place = find(&self.indices, input.into(), "index input")?;
        self.indices[place].fill(indices)
    }
}

fn find<T>(slots: &[InputSlot<T>], key: Key<'_>, what: &str) -> Result<usize> {
    let found = slots.iter().position(|slot| match key {
        Key::Node(id) => slot.id == id,
        Key::Name(name) => slot.name == name,
    });
    found.ok_or_else(|| Error::Unknown {
        what: "feed",
        wanted: match key {
            Key::Node(id) => format!("{what} {id} that the plan reads"),
            Key::Name(name) => format!("{what} `{name}` that the plan reads"),
        },
        present: slots.iter().map(|s| format!("{} `{}`", s.id, s.name)).collect::<Vec<_>>().join(", "),
    })
}

impl<T: Copy> InputSlot<T> {
    fn open(&mut self) -> ArrayViewMutD<'_, T> {
        self.fed = true;
        ArrayViewMutD::from_shape(IxDyn(&self.shape), &mut self.values)
            .unwrap_or_else(|e| unreachable!("the buffer has the input's size: {e}"))
    }

    fn fill<D: Dimension>(&mut self, values: &ArrayRef<T, D>) -> Result<()> {
        if values.shape() != &self.shape[..] {
            return Err(Error::Feed {
                what: "feed",
                leaf: format!("input {} `{}`", self.id, self.name),
                expected: format!("shape {:?}", &self.shape[..]),
                found: format!("shape {:?}", values.shape()),
                location: self.location.clone(),
            });
        }
        self.values.iter_mut().zip(values).for_each(|(slot, &x)| *slot = x);
        self.fed = true;
        Ok(())
    }
}
