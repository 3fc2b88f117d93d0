//! From the selected nodes of a graph to the nodes and arrows of a picture, with their numbers.
//!
//! In the order of the work: `select` chooses nodes, `elements` makes each a node or part of a box, and `composition`
//! writes the nodes, with `boxes` and `arrows`; `label` has their texts.

mod arrows;
mod boxes;
mod composition;
pub(in crate::view) mod elements;
pub(in crate::view) mod label;
pub(in crate::view) mod select;

use crate::error::{Result, expected};
use crate::graph::NodeId;
use crate::view::annotations::Annotations;
use crate::view::builder::Builder;
use chainrule_picture::Picture;
use composition::Composition;
use elements::PictureElements;
use select::Selection;

impl Builder<'_> {
    /// The nodes in the picture, in the order of the graph: those whose values and gradients are worth computing.
    ///
    /// # Panics
    ///
    /// If an output, or the node to draw around, is not in the graph.
    #[track_caller]
    pub fn selected(&self) -> Vec<NodeId> {
        expected(self.check_nodes());
        Selection::of(self).nodes
    }

    /// The selected nodes whose numbers are drawn: nodes outside boxes, and the sources of arrows that leave a box.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn visible(&self) -> Result<Vec<NodeId>> {
        self.check_nodes()?;
        let selection = Selection::of(self);
        Ok(PictureElements::of(self, &selection)?.visible(self, &selection))
    }

    /// The picture.
    ///
    /// # Errors
    ///
    /// If it would have more than 2,000 nodes; or an output, or the node to draw around, is not in the graph.
    pub fn build(&self) -> Result<Picture> {
        self.check_nodes()?;
        if self.options.health {
            let annotations = Annotations::clone(&self.annotations).with_health(self.graph);
            return self.clone().annotations(annotations).health(false).build();
        }
        let selection = Selection::of(self);
        let elements = PictureElements::of(self, &selection)?;
        let blank = Picture {
            title: self.options.title.clone(),
            direction: self.options.direction.unwrap_or_default(),
            max_width: self.options.max_width,
            ..Picture::default()
        };
        let picture = compose(self, &selection, &elements, blank);
        Ok(if self.options.direction.is_none() { picture.in_fitting_direction() } else { picture })
    }
}

/// The picture of the selected nodes: nodes and frames, arrows, stubs for nodes outside, outputs.
fn compose(
    builder: &Builder<'_>,
    selection: &Selection,
    elements: &PictureElements,
    blank: Picture,
) -> Picture {
    let mut outputs = builder.outputs.clone();
    outputs.sort_unstable();
    let mut composition = Composition { builder, selection, elements, outputs, picture: blank };
    composition.nodes();
    composition.edges();
    composition.hidden();
    composition.outputs();
    composition.picture.for_display()
}
