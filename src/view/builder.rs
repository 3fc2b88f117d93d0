//! The builder of pictures of a graph.

use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId, Origin};
use crate::view::annotations::{Annotations, Known};
use crate::view::options::{Options, setters};
use std::sync::Arc;

/// In graphs with more nodes than this, only the numbers that are drawn are computed.
const MANY: usize = 20_000;

/// Makes pictures of a graph: of everything that some outputs depend on, or of the neighbourhood of one node.
///
/// An unnamed scalar constant is folded into the symbol of the op that uses it, as in `× 2` and `1 −`. There is no arrow
/// for an operand of which the op reads only the shape, as a sum down to the shape of a bias does.
#[derive(Debug, Clone)]
#[must_use = "a picture is made by `build()`"]
pub struct Builder<'g> {
    pub(in crate::view) graph: &'g Graph,
    pub(in crate::view) outputs: Vec<NodeId>,
    pub(in crate::view) options: Options,
    pub(in crate::view) annotations: Arc<Annotations>,
    gradients: bool,
}

impl<'g> Builder<'g> {
    /// A picture of everything that the outputs depend on, with an outgoing arrow at each of them.
    pub fn new(graph: &'g Graph, outputs: &[NodeId]) -> Self {
        Builder {
            graph,
            outputs: outputs.to_vec(),
            options: Options::default(),
            annotations: Arc::default(),
            gradients: true,
        }
    }

    setters!();

    /// Sets all options.
    pub(in crate::view) fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Sets the values and gradients to show; several builders can share them.
    pub fn annotations(mut self, annotations: impl Into<Arc<Annotations>>) -> Self {
        self.annotations = annotations.into();
        self
    }

    /// Whether known values are shown; true by default.
    pub fn values(mut self, show: bool) -> Self {
        self.options.values = Some(show);
        self
    }

    /// Whether gradients are shown if any are known; true by default. An unknown gradient is `–`.
    pub fn gradients(mut self, show: bool) -> Self {
        self.gradients = show;
        self
    }

    /// Whether problems of the known numbers are marked: see [`health`](crate::picture::health()); false by default.
    pub fn health(mut self, show: bool) -> Self {
        self.options.health = show;
        self
    }

    /// Draws the nodes within `steps` edges of a node, in both directions, instead of everything that the outputs depend
    /// on. Dashed arrows lead to nodes outside.
    pub fn around(mut self, node: NodeId, steps: usize) -> Self {
        self.options.around = Some((node, steps));
        self
    }

    /// The nodes whose numbers the picture needs: the drawn ones, or of a large graph those that are visible.
    pub(in crate::view) fn numbered(&self) -> Result<Vec<NodeId>> {
        let drawn = self.selected();
        if self.options.health {
            // Whether a NaN begins at a node depends on its operands, some of which may lie outside the picture.
            let operands = drawn.iter().flat_map(|&id| self.graph.node(id).inputs()).copied();
            let mut all: Vec<NodeId> = drawn.iter().copied().chain(operands).collect();
            all.sort_unstable();
            all.dedup();
            return Ok(all);
        }
        if drawn.len() > MANY { self.visible() } else { Ok(drawn) }
    }

    /// Checks that the outputs and the centre are in the graph.
    pub(in crate::view) fn check_nodes(&self) -> Result<()> {
        let around = self.options.around.iter().map(|(id, _)| id);
        match self.outputs.iter().chain(around).find(|id| self.graph.get(**id).is_none()) {
            None => Ok(()),
            Some(id) => Err(Error::Unknown {
                what: "picture",
                wanted: format!("node {id} in the graph"),
                present: format!("{} nodes", self.graph.len()),
            }),
        }
    }

    /// Whether a node is drawn, by its origin.
    pub(in crate::view) fn draws(&self, node: NodeId) -> bool {
        let forward = |id: NodeId| self.graph.node(id).origin() == Origin::Forward;
        self.options.backward.unwrap_or_else(|| !self.outputs.iter().all(|&id| forward(id))) || forward(node)
    }

    pub(in crate::view) fn asks_gradients(&self) -> bool {
        self.gradients && self.annotations.has_gradients()
    }

    pub(in crate::view) fn value(&self, id: NodeId) -> Option<Known<'_>> {
        self.annotations.value(id).filter(|_| self.options.values != Some(false))
    }
}
