//! Giving leaves their values.

use super::recorder::Recorder;
use super::value::{IntoIndices, IntoValue};
use super::{Tape, Var};
use crate::error::{Error, Result};
use crate::graph::Leaf;
use crate::{Float, State};

impl Tape {
    /// Gives a leaf a value; everything computed from leaves before is forgotten.
    ///
    /// # Errors
    ///
    /// If the var is not an input or a parameter of this tape, the shape is another, or the [graph](Tape::graph) is held.
    #[track_caller]
    pub fn feed(&self, leaf: Var<'_>, value: impl IntoValue) -> Result<()> {
        self.own("feed", leaf, &[])?;
        let value = value.into_value();
        self.fits(leaf, &[Leaf::Input, Leaf::Parameter], value.shape())?;
        self.try_write("feed")?.give(leaf.id(), &value)?;
        self.forget_computed()
    }

    /// Gives an index input its values; everything computed from leaves before is forgotten.
    ///
    /// # Errors
    ///
    /// If the var is not an index input of this tape, the shape is another, or the [graph](Tape::graph) is held.
    #[track_caller]
    pub fn feed_indices(&self, leaf: Var<'_>, indices: impl IntoIndices) -> Result<()> {
        self.own("feed_indices", leaf, &[])?;
        let indices = indices.into_indices();
        self.fits(leaf, &[Leaf::Index], indices.shape())?;
        self.try_write("feed_indices")?.values.set_indices(leaf.id(), &indices);
        self.forget_computed()
    }

    /// That a var is one of some kinds of leaf, and of a shape.
    fn fits(&self, leaf: Var<'_>, allowed: &[Leaf], shape: &[usize]) -> Result<()> {
        let recorder = self.recorder().borrow();
        let node = recorder.graph.node(leaf.id());
        if !node.leaf().is_some_and(|l| allowed.contains(&l)) || node.shape() != shape {
            let names: Vec<&str> = allowed.iter().map(|l| l.name()).collect();
            return Err(Error::Feed {
                what: "feed",
                leaf: recorder.graph.describe(leaf.id()),
                expected: format!("shape {:?}, if it is {}", node.shape(), names.join(" or ")),
                found: format!("shape {shape:?}"),
                location: node.place(),
            });
        }
        Ok(())
    }

    /// Forgets what was computed from leaves that have other values now.
    #[track_caller]
    fn forget_computed(&self) -> Result<()> {
        let Recorder { graph, values, .. } = &mut *self.try_write("feed")?;
        values.forget_computed(graph);
        Ok(())
    }

    /// Gives every parameter of the tape its value in a state.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] or [`Error::StateShape`] if the state lacks a parameter or has it in another shape,
    /// [`Error::GraphHeld`] if the [graph](Tape::graph) is held.
    #[track_caller]
    pub fn load<F: Float>(&self, state: &State<F>) -> Result<()> {
        let mut values = Vec::new();
        for parameter in self.parameters() {
            let name = parameter.name().unwrap_or_default();
            values.push((parameter, state.require("load", &name, &parameter.shape())?.mapv(F::wide)));
        }
        // Nothing is changed before everything was found.
        for (parameter, value) in values {
            self.try_write("load")?.give(parameter.id(), &value)?;
        }
        self.forget_computed()
    }
}
