//! Giving a plan its inputs.

use super::{InputSlot, Plan};
use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::tape::{Precision, Var};
use ndarray::{ArrayRef, ArrayViewMutD, Dimension, IxDyn};
use std::sync::Arc;

/// How an input is named: by its var, or by its name.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    /// By its var, of the tape that the plan was compiled from.
    Var(Var<'a>),
    /// By its name, if only one has it.
    Name(&'a str),
}

impl<'a> From<Var<'a>> for Key<'a> {
    fn from(var: Var<'a>) -> Self {
        Self::Var(var)
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
    /// [`Error::Unknown`] if the plan has no such input of real numbers, or several of that name, [`Error::MixedTapes`] if
    /// the var is of another tape.
    #[track_caller]
    pub fn input_mut<'k>(&mut self, input: impl Into<Key<'k>>) -> Result<ArrayViewMutD<'_, F>> {
        let place = find(&self.inputs, &self.lineage, input.into(), "input")?;
        Ok(self.inputs[place].open())
    }

    /// The plan's own buffer of an index input, to be written in place; it counts as fed from now on.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if the plan has no such index input.
    #[track_caller]
    pub fn index_mut<'k>(&mut self, input: impl Into<Key<'k>>) -> Result<ArrayViewMutD<'_, usize>> {
        let place = find(&self.indices, &self.lineage, input.into(), "index input")?;
        Ok(self.indices[place].open())
    }

    /// Copies an array to an input.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if the plan has no such input of real numbers, or several of that name, [`Error::MixedTapes`] if
    /// the var is of another tape, [`Error::Feed`] if the shape is another.
    #[track_caller]
    pub fn feed<'k, D: Dimension>(
        &mut self,
        input: impl Into<Key<'k>>,
        values: &ArrayRef<F, D>,
    ) -> Result<()> {
        let place = find(&self.inputs, &self.lineage, input.into(), "input")?;
        self.inputs[place].fill(values)
    }

    /// Copies an array of class labels or positions to an index input.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if the plan has no such index input, [`Error::Feed`] if the shape is another.
    #[track_caller]
    pub fn feed_indices<'k, D: Dimension>(
        &mut self,
        input: impl Into<Key<'k>>,
        indices: &ArrayRef<usize, D>,
    ) -> Result<()> {
        let place = find(&self.indices, &self.lineage, input.into(), "index input")?;
        self.indices[place].fill(indices)
    }
}

/// The slot that a key names, among those of one kind.
#[track_caller]
fn find<T>(slots: &[InputSlot<T>], lineage: &Arc<()>, key: Key<'_>, what: &str) -> Result<usize> {
    if let Key::Var(var) = key
        && !var.is_of(lineage)
    {
        return Err(Error::MixedTapes {
            what: "feed",
            var: format!("{var:?}"),
            other: "the one that the plan was compiled from".to_owned(),
            location: std::panic::Location::caller().into(),
        });
    }
    let mut found = slots.iter().enumerate().filter(|(_, slot)| match key {
        Key::Var(var) => slot.id == var.id(),
        Key::Name(name) => slot.name == name,
    });
    match (found.next(), found.next()) {
        (Some((place, _)), None) => Ok(place),
        _ => Err(Error::Unknown {
            what: "feed",
            wanted: match key {
                Key::Var(var) => format!("{what} {} that the plan reads", var.id()),
                Key::Name(name) => format!("one {what} `{name}` that the plan reads"),
            },
            present: slots.iter().map(|s| format!("{} `{}`", s.id, s.name)).collect::<Vec<_>>().join(", "),
        }),
    }
}

impl<F: Precision> Plan<F> {
    /// The place of a node among the inputs, if the plan reads it as one.
    pub(crate) fn slot(&self, node: NodeId) -> Option<usize> {
        self.inputs.iter().position(|s| s.id == node)
    }

    /// The numbers of the input at a place, in row-major order.
    pub(crate) fn slot_mut(&mut self, slot: usize) -> &mut [F] {
        &mut self.inputs[slot].values
    }
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
