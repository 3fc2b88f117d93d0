//! The tape of a page: recorded from the graph that it carries, with the same numbers of nodes.

use crate::error::{Error, Result};
use crate::graph::{Graph, Kind, Leaf, Node, NodeId};
use crate::tape::{Registry, Tape, Var};
use crate::view::annotations::Annotations;
use crate::view::draw::GradientIds;
use crate::view::page::scene::{Scene, SceneNumbers};
use ndarray::ArrayD;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A tape with the nodes of a graph, on which those that are not computed are leaves.
#[derive(Debug)]
pub(in crate::view) struct PageEngine {
    pub(in crate::view) tape: Tape,
    /// Which nodes have values: those that are given, and those that are computed from them.
    known: Vec<bool>,
    gradients: Option<GradientIds>,
    /// The rules of the nodes that were drawn before: they do not depend on numbers.
    rules: RefCell<RuleTexts>,
}

/// The texts of rules, by node and operand, and the nodes that they are of.
#[derive(Debug, Default)]
struct RuleTexts {
    nodes: Vec<NodeId>,
    texts: BTreeMap<(NodeId, usize), String>,
}

impl PageEngine {
    /// Records a scene. Nothing is fed yet.
    pub(in crate::view) fn of(scene: &Scene, numbers: &SceneNumbers) -> Result<PageEngine> {
        let (graph, registry, tape) = (&scene.graph, Registry::default(), Tape::new());
        let mut known = vec![false; graph.len()];
        for node in graph.nodes() {
            let id = node.id();
            let computed = match node.leaf() {
                Some(leaf) => leaf == Leaf::Constant,
                None => {
                    scene.held.binary_search(&id).is_err()
                        && node.inputs().iter().all(|input| known[input.index()])
                }
            };
            known[id.index()] = computed || numbers.given.contains_key(&id);
            record(&tape, graph, node, computed, &registry)?;
        }
        let output = scene.differentiated.filter(|id| known[id.index()]);
        let gradients = output.and_then(|id| tape.var(id)).map(|output| GradientIds::of(&output.backward()));
        Ok(PageEngine { tape, known, gradients, rules: RefCell::default() })
    }

    /// Gives the leaves of the tape their arrays.
    pub(in crate::view) fn feed(&self, given: &BTreeMap<NodeId, ArrayD<f64>>) -> Result<()> {
        let mut real = Vec::new();
        for (&id, array) in given {
            let Some(var) = self.tape.var(id) else { continue };
            match self.tape.kind(id) {
                Kind::Real => real.push((var, array.clone())),
                // Indices are whole numbers.
                Kind::Index => self.tape.feed_indices(var, array.mapv(|i| i as usize))?,
            }
        }
        self.tape.feed_all(real)
    }

    /// Whether a node has a value here.
    pub(in crate::view) fn knows(&self, id: NodeId) -> bool {
        self.known[id.index()]
    }

    /// The numbers of some nodes, over which goes what is told.
    pub(in crate::view) fn annotations(&self, drawn: &[NodeId], told: &Annotations) -> Result<Annotations> {
        let mut annotations = told.clone();
        let known: Vec<NodeId> = drawn.iter().copied().filter(|&id| self.knows(id)).collect();
        let numbers = |ids: &[NodeId]| Ok(self.tape.values(ids.iter().copied())?.into_iter().collect());
        annotations.values = numbers(&known)?;
        if let Some(gradients) = &self.gradients {
            gradients.annotate(&known, numbers, &mut annotations)?;
            let mut rules = self.rules.borrow_mut();
            if rules.nodes != known {
                *rules = RuleTexts { texts: gradients.rules(&self.tape, &known)?, nodes: known };
            }
            annotations.rules.clone_from(&rules.texts);
            let summaries = &annotations.summaries;
            annotations.node_gradients.retain(|id, _| !summaries.node_gradients.contains_key(id));
            annotations.edge_gradients.retain(|edge, _| !summaries.edge_gradients.contains_key(edge));
            annotations.rules.extend(told.rules.iter().map(|(edge, rule)| (*edge, rule.clone())));
        }
        Ok(annotations)
    }
}

/// Records a node: as it is, or as a leaf of its shape and kind.
fn record<'t>(
    tape: &'t Tape,
    graph: &Graph,
    node: Node<'_>,
    computed: bool,
    registry: &Registry,
) -> Result<Var<'t>> {
    let name = node.name().unwrap_or("");
    Ok(match (node.leaf(), node.kind()) {
        (Some(Leaf::Constant), _) if computed => {
            let values = node.constant().unwrap_or_default().to_vec();
            let array = ArrayD::from_shape_vec(node.shape(), values);
            tape.constant(array.map_err(|e| Error::Graph { problem: e.to_string() })?)
        }
        (None, _) if computed => {
            let op = registry.load(node.op()).map_err(|problem| Error::Graph { problem })?;
            let inputs: Vec<Var<'t>> = node.inputs().iter().filter_map(|&id| tape.var(id)).collect();
            let var = tape.try_apply_shared(op, &inputs)?;
            if var.shape() != node.shape() {
                let problem =
                    format!("{} has another shape when it is recorded anew", graph.describe(node.id()));
                return Err(Error::Graph { problem });
            }
            var
        }
        (_, Kind::Index) => tape.index_input(name, node.shape()),
        (_, Kind::Real) => tape.input(name, node.shape()),
    })
}
