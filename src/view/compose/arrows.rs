//! The arrows of a picture: between elements, from and to nodes outside, and to outputs.

use crate::graph::NodeId;
use crate::view::annotations::Known;
use crate::view::compose::composition::Composition;
use crate::view::compose::elements::{PictureElement, PictureElements};
use crate::view::compose::label;
use chainrule_picture::Mark;
use chainrule_picture::number::{self, grouped};
use chainrule_picture::{NodeKind, Picture, PictureEdge, PictureNode};
use ndarray::ArrayD;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// One arrow between two elements: the nodes whose values it carries, each with the operands that read it.
struct Bundle {
    from: usize,
    sources: Vec<(NodeId, Vec<(NodeId, usize)>)>,
}

/// The most parallel arrows between two elements, if one is a box; more are merged into one.
const MAX_PARALLEL: usize = 3;

impl Composition<'_> {
    pub(in crate::view) fn edges(&mut self) {
        for (to, element) in self.elements.list.iter().enumerate() {
            let arrows = self.arrows(to, element);
            for (position, Bundle { from, sources }) in arrows.into_iter().enumerate() {
                let ends: Vec<(NodeId, usize)> = sources.iter().flat_map(|(_, ends)| ends).copied().collect();
                let operand = if element.is_layer() { position } else { ends[0].1 };
                let backward = self.picture.nodes[to].backward;
                let (value, gradient) = match sources[..] {
                    [(source, _)] => (self.edge_value(source), self.edge_gradient(source, &ends)),
                    _ => (Some(self.bundle(sources.iter().map(|&(source, _)| source))), None),
                };
                let (wrong, mark) = (self.is_wrong(&ends), self.edge_mark(&ends));
                let value = match mark {
                    Some(Mark::Removed) => value.or_else(|| self.former_shape(sources[0].0)),
                    _ => value,
                };
                self.picture.edges.push(PictureEdge {
                    from,
                    to,
                    operand,
                    value,
                    gradient,
                    backward,
                    wrong,
                    mark,
                });
            }
        }
    }

    /// The incoming arrows of an element, in the order of its operands. A source that a box uses several times has one
    /// arrow; more than [`MAX_PARALLEL`] sources in the same element share one.
    fn arrows(&self, to: usize, element: &PictureElement) -> Vec<Bundle> {
        let graph = self.builder.graph;
        let mut arrows: Vec<Bundle> = Vec::new();
        let mut known: FxHashMap<NodeId, usize> = FxHashMap::default();
        let mut of_element: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
        for &member in element.members() {
            for (operand, from) in graph.node(member).read_inputs() {
                let Some(source) = self.element(from).filter(|&source| source != to) else { continue };
                if self.selection.is_folded(member, operand) {
                    continue;
                }
                match known.get(&from).filter(|_| element.is_layer()) {
                    Some(&arrow) => arrows[arrow].sources[0].1.push((member, operand)),
                    None => {
                        known.insert(from, arrows.len());
                        of_element.entry(source).or_default().push(arrows.len());
                        arrows.push(Bundle { from: source, sources: vec![(from, vec![(member, operand)])] });
                    }
                }
            }
        }
        let boxed = |source: usize| element.is_layer() || self.elements.list[source].is_layer();
        let bundled = |(&source, arrows): (&usize, &Vec<usize>)| boxed(source) && arrows.len() > MAX_PARALLEL;
        let mut bundles: Vec<&Vec<usize>> =
            of_element.iter().filter(|&entry| bundled(entry)).map(|(_, arrows)| arrows).collect();
        bundles.sort_unstable();
        for bundle in bundles {
            let sources =
                bundle.iter().flat_map(|&arrow| std::mem::take(&mut arrows[arrow].sources)).collect();
            arrows[bundle[0]].sources = sources;
        }
        arrows.retain(|arrow| !arrow.sources.is_empty());
        arrows
    }

    /// The label of an arrow for several values: their count, and their shape if they have the same.
    fn bundle(&self, mut sources: impl ExactSizeIterator<Item = NodeId>) -> String {
        let count = grouped(sources.len());
        let graph = self.builder.graph;
        let first = sources.next().map(|id| graph.node(id).shape());
        match first.filter(|&first| sources.all(|id| graph.node(id).shape() == first)) {
            Some([]) => format!("{count} numbers"),
            Some(shape) if self.builder.options.shapes => {
                format!("{count} of {}", number::shape(shape).unwrap_or_default())
            }
            _ => format!("{count} values"),
        }
    }

    /// The value of a node as a label, with its shape unless the node itself shows it.
    fn edge_value(&self, from: NodeId) -> Option<String> {
        let is_op = self.builder.graph.node(from).leaf().is_none();
        let in_layer = self.element(from).is_some_and(|element| self.elements.list[element].is_layer());
        self.builder.value(from).map(|value| value.label(self.builder.options.shapes && is_op && !in_layer))
    }

    fn edge_gradient(&self, from: NodeId, ends: &[(NodeId, usize)]) -> Option<String> {
        if !self.builder.asks_gradients() {
            return None;
        }
        let known = &self.builder.annotations;
        let parts: Option<Vec<Known<'_>>> = ends.iter().map(|&end| known.edge_gradient(end)).collect();
        // If nothing else uses the node, its whole gradient came along these edges.
        let whole = || known.gradient(from).filter(|_| self.selection.uses(from) == ends.len());
        let said = match parts.as_deref() {
            Some([only]) => Some(only.label(false)),
            Some(parts) => sum(parts).map(|sum| label::number(&sum, false)),
            None => None,
        };
        Some(said.or_else(|| Some(whole()?.label(false))).unwrap_or_else(label::not_computed))
    }

    /// Dots for nodes outside a neighbourhood; a box has one for all incoming and one for all outgoing arrows.
    pub(in crate::view) fn hidden(&mut self) {
        let mut dots: BTreeMap<NodeId, usize> = BTreeMap::new();
        let mut of_boxes: BTreeSet<(usize, bool)> = BTreeSet::new();
        let mut done = |elements: &PictureElements, element: usize, comes: bool| {
            elements.list[element].is_layer() && !of_boxes.insert((element, comes))
        };
        for &(from, to, operand) in &self.selection.incoming {
            let Some(to) = self.element(to).filter(|&to| !done(self.elements, to, true)) else { continue };
            let from_dot = *dots.entry(from).or_insert_with(|| dot(&mut self.picture, from.to_string()));
            let (value, backward) = (self.edge_value(from), self.picture.nodes[to].backward);
            let edge = PictureEdge { from: from_dot, to, operand, value, backward, ..PictureEdge::default() };
            self.picture.edges.push(edge);
        }
        for &from in &self.selection.outgoing {
            let Some(element) = self.element(from).filter(|&element| !done(self.elements, element, false))
            else {
                continue;
            };
            let to = dot(&mut self.picture, format!("after_{from}"));
            let (value, backward) = (self.edge_value(from), self.picture.nodes[element].backward);
            self.picture.edges.push(PictureEdge {
                from: element,
                to,
                value,
                backward,
                ..PictureEdge::default()
            });
        }
    }

    /// The arrows of outputs; more than [`MAX_PARALLEL`] that leave one box share one.
    pub(in crate::view) fn outputs(&mut self) {
        let mut of_element: BTreeMap<usize, Vec<NodeId>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for &id in &self.builder.outputs {
            if let Some(element) = self.element(id).filter(|_| seen.insert(id)) {
                of_element.entry(element).or_default().push(id);
            }
        }
        seen.clear();
        for &id in &self.builder.outputs {
            let Some(from) = self.element(id) else { continue };
            let outputs = &of_element[&from];
            if !seen.insert(id) {
                continue;
            }
            match self.elements.list[from].is_layer() && outputs.len() > MAX_PARALLEL {
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
                    self.picture.edges.push(PictureEdge {
                        from,
                        to,
                        value,
                        backward,
                        ..PictureEdge::default()
                    });
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
        let gradient = known.gradient(id).map(|g| g.label(false)).or_else(seed);
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
            value,
            gradient,
            backward,
            ..PictureEdge::default()
        });
    }

    /// The shape that a removed arrow carried.
    fn former_shape(&self, from: NodeId) -> Option<String> {
        let known = &self.builder.annotations.former_shapes;
        let shape = known.get(&from).map_or_else(|| self.builder.graph.node(from).shape(), Vec::as_slice);
        number::shape(shape).filter(|_| self.builder.options.shapes)
    }

    /// Whether a check found the derivative along one of some edges wrong.
    fn is_wrong(&self, ends: &[(NodeId, usize)]) -> bool {
        let faults = &self.builder.annotations.faults;
        ends.iter().any(|&(node, operand)| faults.contains_key(&(node, Some(operand))))
    }

    /// The mark of a comparison on some edges, if all have the same.
    fn edge_mark(&self, ends: &[(NodeId, usize)]) -> Option<Mark> {
        let marks = &self.builder.annotations.edge_marks;
        let first = *marks.get(ends.first()?)?;
        ends.iter().all(|end| marks.get(end) == Some(&first)).then_some(first)
    }
}

/// The sum of several gradients of one shape, if they are all at hand.
fn sum(parts: &[Known<'_>]) -> Option<ArrayD<f64>> {
    let array = |part: &Known<'_>| match *part {
        Known::Array(array) => Some(array.clone()),
        Known::Summary(_) => None,
    };
    let mut sum = array(parts.first()?)?;
    for part in &parts[1..] {
        let part = array(part).filter(|part| part.shape() == sum.shape())?;
        sum += &part;
    }
    Some(sum)
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
