//! From the chosen nodes of a graph to the nodes and arrows of a picture, with their numbers.

use super::build::Builder;
use super::details::{Details, Histogram};
use super::label;
use super::mark::Mark;
use super::model::{NodeKind, Picture, PictureEdge, PictureNode};
use super::roll::{Cell, grouped};
use super::select::Selection;
use super::units::{Unit, Units};
use crate::graph::{Leaf, NodeId, Origin};
use ndarray::ArrayD;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// A picture in the making.
struct Draft<'a> {
    builder: &'a Builder<'a>,
    selection: &'a Selection,
    units: &'a Units,
    /// The outputs in the order of the graph.
    outputs: Vec<NodeId>,
    picture: Picture,
}

/// One arrow between two units: the nodes whose values run along it, each with the ends where it is read.
struct Arrow {
    from: usize,
    sources: Vec<(NodeId, Vec<(NodeId, usize)>)>,
}

/// So many arrows from one unit to another are drawn side by side; of more, one for all.
const SIDE_BY_SIDE: usize = 3;
/// So many members of a box are listed, and so many findings.
const MEMBERS: usize = 1_000;
const SAID: usize = 12;

/// The picture of the chosen nodes: nodes and frames, arrows, hints at what lies outside, outputs.
pub(super) fn compose(
    builder: &Builder<'_>,
    selection: &Selection,
    units: &Units,
    blank: Picture,
) -> Picture {
    let mut outputs = builder.outputs.clone();
    outputs.sort_unstable();
    let mut draft = Draft { builder, selection, units, outputs, picture: blank };
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
                Unit::Layer { cell, members } => {
                    layers += 1;
                    self.layer(layers - 1, cell, members)
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
        let is_output = self.outputs.binary_search(&id).is_ok();
        PictureNode {
            id: id.to_string(),
            kind: label::kind(node),
            symbol: label::symbol(graph, node, self.selection),
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
            note: None,
            of: self.forward_of(id).map(|of| of.to_string()),
        }
    }

    /// The forward node that the reverse pass was at when it recorded a node.
    fn forward_of(&self, id: NodeId) -> Option<NodeId> {
        match self.builder.graph.node(id).origin() {
            Origin::Backward(of) => self.builder.graph.get(of).map(|node| node.id()),
            Origin::Forward | Origin::Update => None,
        }
    }

    /// What a page tells of a node.
    fn details(&self, id: NodeId) -> Details {
        let (graph, known) = (self.builder.graph, &self.builder.annotations);
        let node = graph.node(id);
        let operands = 0..node.inputs().len();
        let folded = operands.clone().filter(|&operand| self.selection.is_folded(id, operand));
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
            findings: self.findings(&[id]).into_iter().chain(self.notes(id)).collect(),
            backward_of: self.forward_of(id).map(|of| graph.describe(of)),
            values: self.builder.value(id).and_then(Histogram::of),
            gradients: known.node_gradients.get(&id).and_then(Histogram::of),
            ..Details::default()
        }
    }

    fn notes(&self, id: NodeId) -> impl Iterator<Item = String> {
        self.builder.annotations.notes.get(&id).into_iter().flat_map(|text| text.lines()).map(str::to_owned)
    }

    fn layer(&self, index: usize, cell: &Cell, members: &[NodeId]) -> PictureNode {
        let graph = self.builder.graph;
        let own = self.unit(members[0]);
        // The one member whose value leaves the layer, if it is one.
        let leaves = |id: &&NodeId| {
            let used = graph.consumers(**id).iter().any(|edge| {
                let unit = self.unit(edge.target);
                unit.is_some() && unit != own && graph.node(edge.target).op().reads(edge.operand)
            });
            used || self.outputs.binary_search(id).is_ok()
        };
        let mut ends = members.iter().filter(leaves);
        let end = ends.next().filter(|_| ends.next().is_none()).copied();
        let parameters = members.iter().map(|&id| graph.node(id)).filter(|n| n.leaf() == Some(Leaf::Parameter));
        let parameters: usize = parameters.map(|node| node.shape().iter().product::<usize>()).sum();
        let forward = members.iter().all(|&id| graph.node(id).origin() == Origin::Forward);
        PictureNode {
            id: format!("g{index}"),
            kind: NodeKind::Layer,
            name: Some(cell.label.clone()),
            shape: end.and_then(|id| self.shape(id)),
            value: end.and_then(|id| self.builder.value(id)).map(|value| label::number(value, false)),
            gradient: end.and_then(|id| self.node_gradient(id)),
            backward: members.iter().all(|&id| graph.node(id).origin() != Origin::Forward),
            tooltip: self.with_faults(label::layer_tooltip(graph, &cell.label, members), members),
            mark: self.mark(members),
            note: self.units.rolled_up.then(|| inside(members.len(), parameters)),
            of: if forward { None } else { self.forward_of(members[members.len() - 1]).map(|of| of.to_string()) },
            details: Some(Box::new(Details {
                findings: self.box_findings(members),
                scope: cell.scope.clone(),
                members: members.iter().take(MEMBERS).map(ToString::to_string).collect(),
                nodes: members.len(),
                parameters,
                times: if cell.times > 1 { cell.times } else { 0 },
                opens: cell.key.clone(),
                marks: self.marks(members),
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

    /// The unit that a node is drawn in.
    fn unit(&self, id: NodeId) -> Option<usize> {
        self.units.of_node(self.selection, id)
    }

    /// The worst of what is said of some nodes.
    fn mark(&self, ids: &[NodeId]) -> Option<Mark> {
        let marks = &self.builder.annotations.marks;
        ids.iter().filter_map(|id| marks.get(id)).copied().max()
    }

    /// How many of some nodes have each mark, from bad to good.
    fn marks(&self, ids: &[NodeId]) -> Vec<(Mark, usize)> {
        let marks = &self.builder.annotations.marks;
        let mut counts: BTreeMap<Reverse<Mark>, usize> = BTreeMap::new();
        for &mark in ids.iter().filter_map(|id| marks.get(id)) {
            *counts.entry(Reverse(mark)).or_default() += 1;
        }
        counts.into_iter().map(|(Reverse(mark), count)| (mark, count)).collect()
    }

    /// What is said of the members of a box: how many have each mark, then what is wrong with which.
    fn box_findings(&self, members: &[NodeId]) -> Vec<String> {
        let marks: Vec<String> =
            self.marks(members).into_iter().map(|(mark, count)| mark.counted(count)).collect();
        let mut findings: Vec<String> = (!marks.is_empty()).then(|| marks.join(", ")).into_iter().collect();
        let known = &self.builder.annotations;
        let mut more = 0;
        let bad = |id: &&NodeId| known.marks.get(id).is_some_and(|&mark| mark != Mark::Right);
        for &id in members.iter().filter(bad) {
            for said in self.findings(&[id]).into_iter().chain(self.notes(id)) {
                match findings.len() > SAID {
                    true => more += 1,
                    false => findings.push(format!("{id}: {said}")),
                }
            }
        }
        findings.extend((more > 0).then(|| format!("and {more} more; open the box to see them")));
        findings
    }

    /// A tooltip, and what a check found wrong with the nodes.
    fn with_faults(&self, mut tooltip: String, ids: &[NodeId]) -> String {
        let findings = self.findings(ids);
        for problem in findings.iter().take(SAID) {
            tooltip.push('\n');
            tooltip.push_str(problem);
        }
        tooltip
    }

    /// What a check found wrong with the nodes.
    fn findings(&self, ids: &[NodeId]) -> Vec<String> {
        let faults = &self.builder.annotations.faults;
        if faults.is_empty() {
            return Vec::new();
        }
        let of = |&id: &NodeId| faults.range((id, None)..=(id, Some(usize::MAX)));
        ids.iter().flat_map(of).map(|(_, problem)| problem.clone()).collect()
    }

    /// Whether a check found what is handed back along one of some edges wrong.
    fn is_wrong(&self, ends: &[(NodeId, usize)]) -> bool {
        let faults = &self.builder.annotations.faults;
        ends.iter().any(|&(node, operand)| faults.contains_key(&(node, Some(operand))))
    }

    /// What a comparison says of some edges, if it says the same of all.
    fn edge_mark(&self, ends: &[(NodeId, usize)]) -> Option<Mark> {
        let marks = &self.builder.annotations.edge_marks;
        let first = *marks.get(ends.first()?)?;
        ends.iter().all(|end| marks.get(end) == Some(&first)).then_some(first)
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
        for (to, unit) in self.units.list.iter().enumerate() {
            let arrows = self.arrows(to, unit);
            for (position, Arrow { from, sources }) in arrows.into_iter().enumerate() {
                let ends: Vec<(NodeId, usize)> = sources.iter().flat_map(|(_, ends)| ends).copied().collect();
                let operand = if unit.is_layer() { position } else { ends[0].1 };
                let backward = self.picture.nodes[to].backward;
                let (value, gradient) = match sources[..] {
                    [(source, _)] => (self.edge_value(source), self.edge_gradient(source, &ends)),
                    _ => (Some(self.bundle(sources.iter().map(|&(source, _)| source))), None),
                };
                let (wrong, mark) = (self.is_wrong(&ends), self.edge_mark(&ends));
                self.picture.edges.push(PictureEdge { from, to, operand, value, gradient, backward, wrong, mark });
            }
        }
    }

    /// The arrows that come into a unit, in the order of its operands. A source that a box uses several times comes in once;
    /// of more than a few sources in one other unit, all come in as one.
    fn arrows(&self, to: usize, unit: &Unit) -> Vec<Arrow> {
        let graph = self.builder.graph;
        let mut arrows: Vec<Arrow> = Vec::new();
        let mut known: FxHashMap<NodeId, usize> = FxHashMap::default();
        let mut of_unit: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
        for &member in unit.members() {
            for (operand, from) in graph.node(member).read_inputs() {
                let Some(source) = self.unit(from).filter(|&source| source != to) else { continue };
                if self.selection.is_folded(member, operand) {
                    continue;
                }
                match known.get(&from).filter(|_| unit.is_layer()) {
                    Some(&arrow) => arrows[arrow].sources[0].1.push((member, operand)),
                    None => {
                        known.insert(from, arrows.len());
                        of_unit.entry(source).or_default().push(arrows.len());
                        arrows.push(Arrow { from: source, sources: vec![(from, vec![(member, operand)])] });
                    }
                }
            }
        }
        let boxed = |source: usize| unit.is_layer() || self.units.list[source].is_layer();
        let bundled = |(&source, arrows): (&usize, &Vec<usize>)| boxed(source) && arrows.len() > SIDE_BY_SIDE;
        let mut bundles: Vec<&Vec<usize>> =
            of_unit.iter().filter(|&entry| bundled(entry)).map(|(_, arrows)| arrows).collect();
        bundles.sort_unstable();
        for bundle in bundles {
            let sources = bundle.iter().flat_map(|&arrow| std::mem::take(&mut arrows[arrow].sources)).collect();
            arrows[bundle[0]].sources = sources;
        }
        arrows.retain(|arrow| !arrow.sources.is_empty());
        arrows
    }

    /// What stands at an arrow for several values: how many, and their shape if it is the same.
    fn bundle(&self, mut sources: impl ExactSizeIterator<Item = NodeId>) -> String {
        let count = grouped(sources.len());
        let graph = self.builder.graph;
        let first = sources.next().map(|id| graph.node(id).shape());
        match first.filter(|&first| sources.all(|id| graph.node(id).shape() == first)) {
            Some([]) => format!("{count} numbers"),
            Some(shape) if self.builder.shapes => {
                format!("{count} of {}", super::number::shape(shape).unwrap_or_default())
            }
            _ => format!("{count} values"),
        }
    }

    /// The value that leaves a node, with its shape unless the node itself shows it.
    fn edge_value(&self, from: NodeId) -> Option<String> {
        let is_op = self.builder.graph.node(from).leaf().is_none();
        let in_layer = self.unit(from).is_some_and(|unit| self.units.list[unit].is_layer());
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

    /// Dots for what lies outside a neighbourhood; a box has one for all that comes and one for all that goes.
    fn hidden(&mut self) {
        let mut dots: BTreeMap<NodeId, usize> = BTreeMap::new();
        let mut of_boxes: BTreeSet<(usize, bool)> = BTreeSet::new();
        let mut done = |units: &Units, unit: usize, comes: bool| {
            units.list[unit].is_layer() && !of_boxes.insert((unit, comes))
        };
        for &(from, to, operand) in &self.selection.coming {
            let Some(to) = self.unit(to).filter(|&to| !done(self.units, to, true)) else { continue };
            let from_dot = *dots.entry(from).or_insert_with(|| dot(&mut self.picture, from.to_string()));
            let (value, backward) = (self.edge_value(from), self.picture.nodes[to].backward);
            let edge = PictureEdge { from: from_dot, to, operand, value, backward, ..PictureEdge::default() };
            self.picture.edges.push(edge);
        }
        for &from in &self.selection.going {
            let Some(unit) = self.unit(from).filter(|&unit| !done(self.units, unit, false)) else { continue };
            let to = dot(&mut self.picture, format!("after_{from}"));
            let (value, backward) = (self.edge_value(from), self.picture.nodes[unit].backward);
            self.picture.edges.push(PictureEdge { from: unit, to, value, backward, ..PictureEdge::default() });
        }
    }

    /// The arrows of outputs; of more than a few that leave one box, one arrow for all.
    fn outputs(&mut self) {
        let mut of_unit: BTreeMap<usize, Vec<NodeId>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for &id in &self.builder.outputs {
            if let Some(unit) = self.unit(id).filter(|_| seen.insert(id)) {
                of_unit.entry(unit).or_default().push(id);
            }
        }
        seen.clear();
        for &id in &self.builder.outputs {
            let Some(from) = self.unit(id) else { continue };
            let outputs = &of_unit[&from];
            if !seen.insert(id) {
                continue;
            }
            match self.units.list[from].is_layer() && outputs.len() > SIDE_BY_SIDE {
                false => self.output(from, id),
                true if outputs[0] == id => {
                    let to = self.picture.nodes.len();
                    let name = format!("{} outputs", grouped(outputs.len()));
                    let value = Some(self.bundle(outputs.iter().copied()));
                    self.picture.nodes.push(PictureNode {
                        id: format!("out{}", id.index()),
                        kind: NodeKind::Output,
                        tooltip: name.clone(),
                        name: Some(name),
                        ..PictureNode::default()
                    });
                    let backward = self.picture.nodes[from].backward;
                    self.picture.edges.push(PictureEdge { from, to, value, backward, ..PictureEdge::default() });
                }
                true => {}
            }
        }
    }

    fn output(&mut self, from: usize, id: NodeId) {
        let known = &self.builder.annotations;
        let node = self.builder.graph.node(id);
        let to = self.picture.nodes.len();
        let name = label::name(node).filter(|_| node.leaf().is_none());
        let seed = || (self.builder.outputs.len() == 1 && node.shape().is_empty()).then(|| "1".to_owned());
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
        self.picture.edges.push(PictureEdge { from, to, value, gradient, backward, ..PictureEdge::default() });
    }
}

/// What is written on a box: how much it holds.
fn inside(nodes: usize, parameters: usize) -> String {
    let plural = |count: usize, word: &str| format!("{} {word}{}", grouped(count), if count == 1 { "" } else { "s" });
    match parameters {
        0 => plural(nodes, "node"),
        _ => format!("{}, {}", plural(nodes, "node"), plural(parameters, "parameter")),
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
