//! A graph, and what a picture of it shows.

use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId, Origin};
use crate::view::annotations::Annotations;
use crate::view::options::{Options, setters};
use ndarray::ArrayD;
use std::sync::Arc;

/// Makes pictures of a graph: of all that some outputs depend on, or of the neighbourhood of one node.
///
/// A scalar constant without a name is written into the op that uses it, as in `× 2` and `1 −`. Where an op takes
/// nothing but the shape of an operand, as a sum down to the shape of a bias does, there is no arrow.
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
    /// A picture of everything that the outputs depend on, with an arrow that leaves each of them.
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

    /// All options at once.
    pub(in crate::view) fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// The values and gradients to write down; several builders can share them.
    pub fn annotations(mut self, annotations: impl Into<Arc<Annotations>>) -> Self {
        self.annotations = annotations.into();
        self
    }

    /// Whether the values that are known are shown; they are unless it is said.
    pub fn values(mut self, show: bool) -> Self {
        self.options.values = Some(show);
        self
    }

    /// Whether gradients are shown if any are known; they are unless it is said. One that is not known is `–`.
    pub fn gradients(mut self, show: bool) -> Self {
        self.gradients = show;
        self
    }

    /// Whether marks tell what is wrong with the numbers that are known: see [`health`](crate::picture::health()). They
    /// do not unless it is said.
    pub fn health(mut self, show: bool) -> Self {
        self.options.health = show;
        self
    }

    /// Draws the nodes within `steps` edges of a node, in both directions, instead of all that the outputs depend on.
    /// What lies outside is hinted at by dashed arrows.
    pub fn around(mut self, node: NodeId, steps: usize) -> Self {
        self.options.around = Some((node, steps));
        self
    }

    /// That the nodes that were asked for are in the graph.
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

    /// Whether a node is drawn, going by who recorded it.
    pub(in crate::view) fn draws(&self, node: NodeId) -> bool {
        let forward = |id: NodeId| self.graph.node(id).origin() == Origin::Forward;
        self.options.backward.unwrap_or_else(|| !self.outputs.iter().all(|&id| forward(id))) || forward(node)
    }

    pub(in crate::view) fn asks_gradients(&self) -> bool {
        let known = &self.annotations;
        self.gradients && !(known.node_gradients.is_empty() && known.edge_gradients.is_empty())
    }

    pub(in crate::view) fn value(&self, id: NodeId) -> Option<&ArrayD<f64>> {
        self.annotations.values.get(&id).filter(|_| self.options.values != Some(false))
    }
}
