//! From the chosen nodes of a graph to the nodes and arrows of a picture, with their numbers.

use super::build::Builder;
use super::details::{Details, Histogram};
use super::label;
use super::mark::Mark;
use super::model::{NodeKind, Picture, PictureEdge, PictureNode};
use super::select::Selection;
use super::units::{Unit, Units};
use crate::graph::{NodeId, Origin};
use ndarray::ArrayD;
use std::collections::BTreeMap;

/// A picture in the making.
struct Draft<'a> {
    builder: &'a Builder<'a>,
    selection: &'a Selection,
    units: &'a Units,
    picture: Picture,
}

/// The picture of the chosen nodes: nodes and frames, arrows, hints at what lies outside, outputs.
pub(super) fn compose(
    builder: &Builder<'_>,
    selection: &Selection,
    units: &Units,
    blank: Picture,
) -> Picture {
    let mut draft = Draft { builder, selection, units, picture: blank };
    draft.nodes();
    draft.edges();
    draft.hidden();
    draft.outputs();
    draft.picture
}

impl Draft<'_> {
    fn nodes(&mut self) {
        let mut layers = 0;
        for unit in &self.units.list {
            let node = match unit {
                Unit::Node(id) => self.node(*id),
                Unit::Layer { label, members } => {
                    layers += 1;
                    self.layer(layers - 1, label, members)
                }
            };
            self.picture.nodes.push(node);
        }
        let groups = self.units.groups(self.builder);
        self.picture.groups = groups.list;
        for (unit, group) in groups.of_units {
            self.picture.nodes[unit].group = Some(group);
        }
    }

    fn node(&self, id: NodeId) -> PictureNode {
        let graph = self.builder.graph;
        let node = graph.node(id);
        let is_output = self.builder.outputs.contains(&id);
        PictureNode {
            id: id.to_string(),
            kind: label::kind(node),
            symbol: label::symbol(graph, node, &self.selection.folded),
            // The name of an output stands at the end of its arrow.
            name: label::name(node).filter(|_| !(is_output && node.leaf().is_none())),
            shape: self.shape(id),
            value: self.builder.value(id).map(|value| label::number(value, false)),
            gradient: self.node_gradient(id),
            group: None,
            backward: node.origin() != Origin::Forward,
            tooltip: self.with_faults(label::tooltip(graph, node), &[id]),
            mark: self.mark(&[id]),
            details: Some(Box::new(self.details(id))),
        }
    }

    /// What a page tells of a node.
    fn details(&self, id: NodeId) -> Details {
        let (graph, known) = (self.builder.graph, &self.builder.annotations);
        let node = graph.node(id);
        let operands = 0..node.inputs().len();
        let folded = operands.clone().filter(|&operand| self.selection.folded.contains(&(id, operand)));
        let rule = |operand| Some((operand, known.rules.get(&(id, operand))?.clone()));
        let shape = node.shape();
        Details {
            op: node.op().to_string(),
            formula: node.op().formula.clone(),
            shape: if shape.is_empty() { "scalar".to_owned() } else { format!("{shape:?}") },
            scope: node.scope().to_owned(),
            source: node.location().map(ToString::to_string),
            constants: folded
                .map(|operand| (operand, label::constant(graph.node(node.inputs()[operand]))))
                .collect(),
            rules: operands.filter_map(rule).collect(),
            findings: self.findings(&[id]).into_iter().chain(known.notes.get(&id).cloned()).collect(),
            members: Vec::new(),
            belongs_to: match node.origin() {
                Origin::Backward(of) => Some(of.to_string()),
                Origin::Forward | Origin::Update => None,
            },
            values: self.builder.value(id).and_then(Histogram::of),
            gradients: known.node_gradients.get(&id).and_then(Histogram::of),
        }
    }

    fn layer(&self, index: usize, name: &str, members: &[NodeId]) -> PictureNode {
        let graph = self.builder.graph;
        // The one member whose value leaves the layer, if it is one.
        let leaves = |id: &&NodeId| {
            let own = self.units.of_node.get(id);
            let used = graph.consumers(**id).iter().any(|edge| {
                let unit = self.units.of_node.get(&edge.target);
                unit.is_some() && unit != own && graph.node(edge.target).op().reads(edge.operand)
            });
            used || self.builder.outputs.contains(id)
        };
        let mut ends = members.iter().filter(leaves);
        let end = ends.next().filter(|_| ends.next().is_none()).copied();
        PictureNode {
            id: format!("g{index}"),
            kind: NodeKind::Layer,
            name: Some(name.to_owned()),
            shape: end.and_then(|id| self.shape(id)),
            value: end.and_then(|id| self.builder.value(id)).map(|value| label::number(value, false)),
            gradient: end.and_then(|id| self.node_gradient(id)),
            backward: members.iter().all(|&id| graph.node(id).origin() != Origin::Forward),
            tooltip: self.with_faults(label::layer_tooltip(graph, name, members), members),
            mark: self.mark(members),
            details: Some(Box::new(Details {
                findings: self.findings(members),
                scope: self.builder.layer_of(members[0]).unwrap_or_default().to_owned(),
                members: members.iter().map(ToString::to_string).collect(),
                ..end.map(|id| self.details(id)).map_or_else(Details::default, |end| Details {
                    shape: end.shape,
                    values: end.values,
                    gradients: end.gradients,
                    ..Details::default()
                })
            })),
            ..PictureNode::default()
        }
    }

    /// The worst of what a check says of some nodes.
    fn mark(&self, ids: &[NodeId]) -> Option<Mark> {
        let marks = &self.builder.annotations.marks;
        ids.iter().filter_map(|id| marks.get(id)).copied().max()
    }

    /// A tooltip, and what a check found wrong with the nodes.
    fn with_faults(&self, mut tooltip: String, ids: &[NodeId]) -> String {
        for problem in self.findings(ids) {
            tooltip.push('\n');
            tooltip.push_str(&problem);
        }
        tooltip
    }

    /// What a check found wrong with the nodes.
    fn findings(&self, ids: &[NodeId]) -> Vec<String> {
        let faults = self.builder.annotations.faults.iter();
        faults.filter(|((node, _), _)| ids.contains(node)).map(|(_, problem)| problem.clone()).collect()
    }

    /// Whether a check found what is handed back along one of some edges wrong.
    fn is_wrong(&self, ends: &[(NodeId, usize)]) -> bool {
        let faults = &self.builder.annotations.faults;
        ends.iter().any(|&(node, operand)| faults.contains_key(&(node, Some(operand))))
    }

    fn shape(&self, id: NodeId) -> Option<String> {
        super::number::shape(self.builder.graph.node(id).shape()).filter(|_| self.builder.shapes)
    }

    fn node_gradient(&self, id: NodeId) -> Option<String> {
        let known = self.builder.annotations.node_gradients.get(&id);
        self.builder
            .asks_gradients()
            .then(|| known.map_or_else(label::not_computed, |g| label::number(g, false)))
    }

    fn edges(&mut self) {
        let graph = self.builder.graph;
        for (to, unit) in self.units.list.iter().enumerate() {
            // Operands of the unit in order; a source that a layer uses several times comes in once.
            let mut operands: Vec<(NodeId, Vec<(NodeId, usize)>)> = Vec::new();
            for &member in unit.members() {
                for (operand, &from) in graph.node(member).inputs().iter().enumerate() {
                    let source = self.units.of_node.get(&from);
                    if source.is_none()
                        || source == Some(&to)
                        || self.selection.folded.contains(&(member, operand))
                        || !graph.node(member).op().reads(operand)
                    {
                        continue;
                    }
                    match operands.iter_mut().find(|(known, _)| unit.is_layer() && *known == from) {
                        Some((_, ends)) => ends.push((member, operand)),
                        None => operands.push((from, vec![(member, operand)])),
                    }
                }
            }
            for (position, (from, ends)) in operands.into_iter().enumerate() {
                let operand = if unit.is_layer() { position } else { ends[0].1 };
                let edge = PictureEdge {
                    from: self.units.of_node[&from],
                    to,
                    operand,
                    value: self.edge_value(from),
                    gradient: self.edge_gradient(from, &ends),
                    backward: self.picture.nodes[to].backward,
                    wrong: self.is_wrong(&ends),
                };
                self.picture.edges.push(edge);
            }
        }
    }

    /// The value that leaves a node, with its shape unless the node itself shows it.
    fn edge_value(&self, from: NodeId) -> Option<String> {
        let is_op = self.builder.graph.node(from).leaf().is_none();
        let in_layer = self.units.of_node.get(&from).is_some_and(|&unit| self.units.list[unit].is_layer());
        self.builder.value(from).map(|value| label::number(value, self.builder.shapes && is_op && !in_layer))
    }

    fn edge_gradient(&self, from: NodeId, ends: &[(NodeId, usize)]) -> Option<String> {
        if !self.builder.asks_gradients() {
            return None;
        }
        let known = &self.builder.annotations;
        let parts: Option<Vec<&ArrayD<f64>>> = ends.iter().map(|end| known.edge_gradients.get(end)).collect();
        let sum = parts.and_then(|parts| {
            let mut sum = (*parts.first()?).clone();
            for part in &parts[1..] {
                if part.shape() != sum.shape() {
                    return None;
                }
                sum += *part;
            }
            Some(sum)
        });
        // Where nothing else uses the node, its whole gradient came along these edges.
        let whole =
            || known.node_gradients.get(&from).filter(|_| self.selection.uses(from) == ends.len()).cloned();
        Some(sum.or_else(whole).map_or_else(label::not_computed, |sum| label::number(&sum, false)))
    }

    /// Dots for what lies outside a neighbourhood.
    fn hidden(&mut self) {
        let mut dots: BTreeMap<NodeId, usize> = BTreeMap::new();
        for &(from, to, operand) in &self.selection.coming {
            let unit = self.units.of_node[&to];
            let dot = *dots.entry(from).or_insert_with(|| dot(&mut self.picture, from.to_string()));
            let (value, backward) = (self.edge_value(from), self.picture.nodes[unit].backward);
            self.picture.edges.push(PictureEdge {
                from: dot,
                to: unit,
                operand,
                value,
                gradient: None,
                backward,
                wrong: false,
            });
        }
        for &from in &self.selection.going {
            let unit = self.units.of_node[&from];
            let to = dot(&mut self.picture, format!("after_{from}"));
            let value = self.edge_value(from);
            let backward = self.picture.nodes[unit].backward;
            self.picture.edges.push(PictureEdge {
                from: unit,
                to,
                operand: 0,
                value,
                gradient: None,
                backward,
                wrong: false,
            });
        }
    }

    fn outputs(&mut self) {
        let known = &self.builder.annotations;
        for (position, &id) in self.builder.outputs.iter().enumerate() {
            let Some(&from) = self.units.of_node.get(&id) else {
                continue;
            };
            if self.builder.outputs[..position].contains(&id) {
                continue;
            }
            let node = self.builder.graph.node(id);
            let to = self.picture.nodes.len();
            let name = label::name(node).filter(|_| node.leaf().is_none());
            let seed =
                || (self.builder.outputs.len() == 1 && node.shape().is_empty()).then(|| "1".to_owned());
            let gradient = known.node_gradients.get(&id).map(|g| label::number(g, false)).or_else(seed);
            self.picture.nodes.push(PictureNode {
                id: format!("out{}", id.index()),
                kind: NodeKind::Output,
                tooltip: format!("output {}", name.as_deref().unwrap_or(&id.to_string())),
                name,
                ..PictureNode::default()
            });
            let backward = self.picture.nodes[from].backward;
            let (value, gradient) = (self.edge_value(id), gradient.filter(|_| self.builder.asks_gradients()));
            self.picture.edges.push(PictureEdge {
                from,
                to,
                operand: 0,
                value,
                gradient,
                backward,
                wrong: false,
            });
        }
    }
}

fn dot(picture: &mut Picture, id: String) -> usize {
    picture.nodes.push(PictureNode {
        id,
        kind: NodeKind::Hidden,
        symbol: "…".to_owned(),
        tooltip: "outside the picture".to_owned(),
        ..PictureNode::default()
    });
    picture.nodes.len() - 1
}
