//! From a graph to a picture: what to show, and how much of it.

use super::compose::compose;
use super::mark::Mark;
use super::model::{Direction, Picture};
use super::select::Selection;
use super::units::Units;
use crate::error::{Error, Result, expected};
use crate::graph::{Graph, NodeId, Origin};
use ndarray::ArrayD;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Pictures with more nodes than this are refused: nobody could read them.
pub(super) const MOST: usize = 2_000;

/// Numbers to write at the nodes and arrows of a picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Annotations {
    /// The forward value of each node, as far as it is known.
    pub values: BTreeMap<NodeId, ArrayD<f64>>,
    /// The whole gradient of each node: the sum over all its consumers.
    pub node_gradients: BTreeMap<NodeId, ArrayD<f64>>,
    /// The gradient that comes back along one edge, by the node where the edge ends and the operand it is there.
    pub edge_gradients: BTreeMap<(NodeId, usize), ArrayD<f64>>,
    /// What a check says of each node.
    pub marks: BTreeMap<NodeId, Mark>,
    /// What it found wrong, by node and, where it is one, the operand whose derivative is wrong.
    pub faults: BTreeMap<(NodeId, Option<usize>), String>,
    /// What else it says of a node, for the table of a page.
    pub notes: BTreeMap<NodeId, String>,
    /// What a comparison says of each edge.
    pub edge_marks: BTreeMap<(NodeId, usize), Mark>,
    /// What is handed back along one edge, as a formula: `dy × x1`.
    pub rules: BTreeMap<(NodeId, usize), String>,
}

/// How much of the structure a picture shows.
///
/// Whatever is one box can be opened by name, with [`Builder::open`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Level {
    /// Every node if there are at most 300; of more, as much as can be read.
    ///
    /// Repetitions are folded into one box with their count: scopes side by side that hold the same structure
    /// (`layer1 … layer48 ×48`), the steps of a loop, and the same few ops along a chain. Two repetitions are the same if
    /// their ops, attributes, shapes, constants and the arrows among them are, which is compared, not hashed. Scopes
    /// are folded from three on; ops without a scope from four on, and only if each operand comes from the same node
    /// every time, or from nodes an equal way apart.
    ///
    /// Then scopes are opened level by level, as long as no more than 300 nodes and boxes are visible. Where more than a
    /// hundred things stand side by side that neither have a scope nor repeat, they are cut into twenty stretches, about
    /// equally long, at places where few values cross: it is not known what belongs together there, but what is computed
    /// one after the other mostly does, and stretches never depend on each other in a circle.
    ///
    /// O(n log n) in the number of nodes.
    #[default]
    Auto,
    /// Every node; scopes are frames, one inside the other.
    Nodes,
    /// Every outermost scope is one box, with the arrows that cross its border; nodes of no scope stay as they are.
    Layers,
}

/// The error for a picture that would have more nodes than anyone can read.
pub(super) fn too_large(nodes: usize) -> Error {
    Error::Argument {
        what: "draw",
        problem: format!(
            "{nodes} nodes would be drawn, and more than {MOST} cannot be read; roll groups up with \
             `.level(Level::Auto)`, draw whole layers with `.level(Level::Layers)`, or the neighbourhood of one node \
             with `.around(node, 3)`"
        ),
    }
}

/// Makes pictures of a graph: of all that some outputs depend on, or of the neighbourhood of one node.
///
/// A scalar constant without a name is written into the op that uses it, as in `× 2` and `1 −`. Where an op takes
/// nothing but the shape of an operand, as a sum down to the shape of a bias does, there is no arrow.
#[derive(Debug, Clone)]
pub struct Builder<'g> {
    pub(super) graph: &'g Graph,
    pub(super) outputs: Vec<NodeId>,
    title: String,
    direction: Direction,
    pub(super) annotations: Arc<Annotations>,
    values: bool,
    gradients: bool,
    pub(super) shapes: bool,
    health: bool,
    pub(super) level: Level,
    pub(super) open: BTreeSet<String>,
    pub(super) around: Option<(NodeId, usize)>,
    backward: Option<bool>,
}

impl<'g> Builder<'g> {
    /// A picture of everything that the outputs depend on, with an arrow that leaves each of them.
    pub fn new(graph: &'g Graph, outputs: &[NodeId]) -> Self {
        Builder {
            graph,
            outputs: outputs.to_vec(),
            title: String::new(),
            direction: Direction::default(),
            annotations: Arc::default(),
            values: true,
            gradients: true,
            shapes: true,
            health: false,
            level: Level::default(),
            open: BTreeSet::new(),
            around: None,
            backward: None,
        }
    }

    /// A line above the picture.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Which way the forward pass runs; from left to right unless said otherwise.
    #[must_use]
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// The values and gradients to write down; several builders can share them.
    #[must_use]
    pub fn annotations(mut self, annotations: impl Into<Arc<Annotations>>) -> Self {
        self.annotations = annotations.into();
        self
    }

    /// Whether the values that are known are shown; they are unless said otherwise.
    #[must_use]
    pub fn values(mut self, show: bool) -> Self {
        self.values = show;
        self
    }

    /// Whether gradients are shown if any are known; they are unless said otherwise. One that is not known is `–`.
    #[must_use]
    pub fn gradients(mut self, show: bool) -> Self {
        self.gradients = show;
        self
    }

    /// Whether shapes are shown; they are unless said otherwise.
    #[must_use]
    pub fn shapes(mut self, show: bool) -> Self {
        self.shapes = show;
        self
    }

    /// Whether marks tell what is wrong with the numbers that are known: see [`health`](super::health()). They do not unless
    /// it is said.
    #[must_use]
    pub fn health(mut self, show: bool) -> Self {
        self.health = show;
        self
    }

    /// Whether every node is drawn, whole layers, or as much as can be read.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Opens one box, and those around it: a scope by its path (`block1/attention`), which shows its own nodes and the
    /// scopes in it as boxes, in a frame; any other box by what [`Details::opens`](super::Details::opens) says. May be
    /// said of several. Of a folded repetition, a scope in it comes out by itself, and the rest stays folded.
    #[must_use]
    pub fn open(mut self, scope: impl Into<String>) -> Self {
        self.open.insert(scope.into());
        self
    }

    /// Draws the nodes within `steps` edges of a node, in both directions, instead of all that the outputs depend on.
    /// What lies outside is hinted at by dashed arrows.
    #[must_use]
    pub fn around(mut self, node: NodeId, steps: usize) -> Self {
        self.around = Some((node, steps));
        self
    }

    /// Whether nodes that the reverse pass or an optimiser recorded are drawn too. They are not, unless one of them
    /// is among the outputs.
    #[must_use]
    pub fn backward(mut self, show: bool) -> Self {
        self.backward = Some(show);
        self
    }

    /// The nodes that the picture shows, in the order of the graph: those whose values and gradients are worth
    /// computing.
    ///
    /// # Panics
    ///
    /// If an output, or the node to draw around, is not in the graph.
    #[track_caller]
    pub fn selected(&self) -> Vec<NodeId> {
        expected(self.check_nodes());
        Selection::of(self).nodes
    }

    /// Those of the selected nodes whose numbers are drawn: nodes by themselves, and the ends of arrows that leave a box.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn visible(&self) -> Result<Vec<NodeId>> {
        self.check_nodes()?;
        let selection = Selection::of(self);
        Ok(Units::of(self, &selection)?.visible(self, &selection))
    }

    /// The picture.
    ///
    /// # Errors
    ///
    /// If it would have more than 2,000 nodes; or an output, or the node to draw around, is not in the graph.
    pub fn build(&self) -> Result<Picture> {
        self.check_nodes()?;
        if self.health {
            let annotations = Annotations::clone(&self.annotations).with_health(self.graph);
            return Self { annotations: annotations.into(), health: false, ..self.clone() }.build();
        }
        let selection = Selection::of(self);
        let units = Units::of(self, &selection)?;
        let blank = Picture { title: self.title.clone(), direction: self.direction, ..Picture::default() };
        Ok(compose(self, &selection, &units, blank))
    }

    /// That the nodes that were asked for are in the graph.
    fn check_nodes(&self) -> Result<()> {
        let around = self.around.iter().map(|(id, _)| id);
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
    pub(super) fn draws(&self, node: NodeId) -> bool {
        let forward = |id: NodeId| self.graph.node(id).origin() == Origin::Forward;
        self.backward.unwrap_or_else(|| !self.outputs.iter().all(|&id| forward(id))) || forward(node)
    }

    pub(super) fn asks_gradients(&self) -> bool {
        let known = &self.annotations;
        self.gradients && !(known.node_gradients.is_empty() && known.edge_gradients.is_empty())
    }

    pub(super) fn value(&self, id: NodeId) -> Option<&ArrayD<f64>> {
        self.annotations.values.get(&id).filter(|_| self.values)
    }
}
