//! The nodes of a picture.

use crate::graph::{NodeId, Origin};
use crate::view::annotations::Known;
use crate::view::builder::Builder;
use crate::view::compose::elements::{PictureElement, PictureElements};
use crate::view::compose::label;
use crate::view::compose::select::Selection;
use chainrule_picture::{Details, Mark, Picture, PictureNode, number};

/// A picture under construction: its nodes here, its boxes in `boxes`, its arrows in `arrows`.
pub(in crate::view) struct Composition<'a> {
    pub(in crate::view) builder: &'a Builder<'a>,
    pub(in crate::view) selection: &'a Selection,
    pub(in crate::view) elements: &'a PictureElements,
    /// The outputs in the order of the graph.
    pub(in crate::view) outputs: Vec<NodeId>,
    pub(in crate::view) picture: Picture,
}

/// The most findings of a box that are listed.
pub(in crate::view) const MAX_FINDINGS: usize = 12;

impl Composition<'_> {
    pub(in crate::view) fn nodes(&mut self) {
        let mut layers = 0;
        for element in &self.elements.list {
            let node = match element {
                PictureElement::Node(id) => self.node(*id),
                PictureElement::Layer { cell, members } => {
                    layers += 1;
                    self.layer(layers - 1, cell, members)
                }
            };
            self.picture.nodes.push(node.for_display());
        }
        let groups = self.elements.groups(self.builder);
        self.picture.groups = groups.list;
        for (element, group) in groups.of_elements {
            self.picture.nodes[element].group = Some(group);
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
            // The name of an output is at the end of its arrow.
            name: label::name(node).filter(|_| !(is_output && node.leaf().is_none())),
            shape: self.shape(id),
            value: self.builder.value(id).map(|value| value.label(false)),
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

    /// The forward node whose rule recorded a node of the reverse pass.
    pub(in crate::view) fn forward_of(&self, id: NodeId) -> Option<NodeId> {
        match self.builder.graph.node(id).origin() {
            Origin::Backward(of) => self.builder.graph.get(of).map(|node| node.id()),
            Origin::Forward | Origin::Update => None,
        }
    }

    /// The details of a node for a page.
    pub(in crate::view) fn details(&self, id: NodeId) -> Details {
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
            values: self.builder.value(id).and_then(Known::histogram),
            gradients: known.gradient(id).and_then(Known::histogram),
            ..Details::default()
        }
    }

    pub(in crate::view) fn notes(&self, id: NodeId) -> impl Iterator<Item = String> {
        self.builder.annotations.notes.get(&id).into_iter().flat_map(|text| text.lines()).map(str::to_owned)
    }

    /// The element that a node is drawn in.
    pub(in crate::view) fn element(&self, id: NodeId) -> Option<usize> {
        self.elements.of_node(self.selection, id)
    }

    /// The worst mark of some nodes.
    pub(in crate::view) fn mark(&self, ids: &[NodeId]) -> Option<Mark> {
        let marks = &self.builder.annotations.marks;
        ids.iter().filter_map(|id| marks.get(id)).copied().max()
    }

    /// A tooltip followed by the faults of the nodes.
    pub(in crate::view) fn with_faults(&self, mut tooltip: String, ids: &[NodeId]) -> String {
        let findings = self.findings(ids);
        for problem in findings.iter().take(MAX_FINDINGS) {
            tooltip.push('\n');
            tooltip.push_str(problem);
        }
        tooltip
    }

    /// The faults that a check found in the nodes.
    pub(in crate::view) fn findings(&self, ids: &[NodeId]) -> Vec<String> {
        let faults = &self.builder.annotations.faults;
        if faults.is_empty() {
            return Vec::new();
        }
        let of = |&id: &NodeId| faults.range((id, None)..=(id, Some(usize::MAX)));
        ids.iter().flat_map(of).map(|(_, problem)| problem.clone()).collect()
    }

    pub(in crate::view) fn shape(&self, id: NodeId) -> Option<String> {
        let written = |shape: &[usize]| number::shape(shape).unwrap_or_else(|| "scalar".to_owned());
        let now = self.builder.graph.node(id).shape();
        let shape = match self.builder.annotations.former_shapes.get(&id) {
            Some(before) => Some(format!("{} → {}", written(before), written(now))),
            None => number::shape(now),
        };
        shape.filter(|_| self.builder.options.shapes)
    }

    pub(in crate::view) fn node_gradient(&self, id: NodeId) -> Option<String> {
        let known = self.builder.annotations.gradient(id);
        self.builder.asks_gradients().then(|| known.map_or_else(label::not_computed, |g| g.label(false)))
    }
}
