//! The boxes of a picture: their contents and findings.

use crate::base::shape::size;
use crate::graph::{Leaf, NodeId, Origin};
use crate::view::collapse::visible::GroupBox;
use crate::view::compose::composition::{Composition, MAX_FINDINGS};
use crate::view::compose::label;
use chainrule_picture::Details;
use chainrule_picture::Mark;
use chainrule_picture::number::grouped;
use chainrule_picture::{NodeKind, PictureNode};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The most members of a box that are listed.
const MAX_MEMBERS: usize = 1_000;

impl Composition<'_> {
    pub(in crate::view) fn layer(&self, index: usize, cell: &GroupBox, members: &[NodeId]) -> PictureNode {
        let graph = self.builder.graph;
        let own = self.element(members[0]);
        // The member whose value leaves the layer, if there is exactly one.
        let leaves = |id: &&NodeId| {
            let used = graph.consumers(**id).iter().any(|edge| {
                let element = self.element(edge.target);
                element.is_some() && element != own && graph.node(edge.target).op().reads(edge.operand)
            });
            used || self.outputs.binary_search(id).is_ok()
        };
        let mut ends = members.iter().filter(leaves);
        let end = ends.next().filter(|_| ends.next().is_none()).copied();
        let parameters =
            members.iter().map(|&id| graph.node(id)).filter(|n| n.leaf() == Some(Leaf::Parameter));
        let parameters = parameters.map(|node| size(node.shape())).fold(0, usize::saturating_add);
        let inputs =
            members.iter().filter(|&&id| matches!(graph.node(id).leaf(), Some(Leaf::Input | Leaf::Index)));
        let inputs = inputs.count();
        let forward = members.iter().all(|&id| graph.node(id).origin() == Origin::Forward);
        PictureNode {
            id: format!("g{index}"),
            kind: NodeKind::Layer,
            name: Some(cell.label.clone()),
            shape: end.and_then(|id| self.shape(id)),
            value: end.and_then(|id| self.builder.value(id)).map(|value| value.label(false)),
            gradient: end.and_then(|id| self.node_gradient(id)),
            backward: members.iter().all(|&id| graph.node(id).origin() != Origin::Forward),
            tooltip: self.with_faults(label::layer_tooltip(graph, &cell.label, members), members),
            mark: self.mark(members),
            note: self.elements.collapsed.then(|| contents(members.len(), inputs, parameters)),
            of: if forward {
                None
            } else {
                self.forward_of(members[members.len() - 1]).map(|of| of.to_string())
            },
            details: Some(Box::new(Details {
                findings: self.box_findings(members),
                scope: cell.scope.clone(),
                members: members.iter().take(MAX_MEMBERS).map(ToString::to_string).collect(),
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

    /// How many of some nodes have each mark, worst first.
    fn marks(&self, ids: &[NodeId]) -> Vec<(Mark, usize)> {
        let marks = &self.builder.annotations.marks;
        let mut counts: BTreeMap<Reverse<Mark>, usize> = BTreeMap::new();
        for &mark in ids.iter().filter_map(|id| marks.get(id)) {
            *counts.entry(Reverse(mark)).or_default() += 1;
        }
        counts.into_iter().map(|(Reverse(mark), count)| (mark, count)).collect()
    }

    /// The findings of a box: how many members have each mark, then the findings of each.
    fn box_findings(&self, members: &[NodeId]) -> Vec<String> {
        let marks: Vec<String> =
            self.marks(members).into_iter().map(|(mark, count)| mark.legend_entry(count)).collect();
        let mut findings: Vec<String> = (!marks.is_empty()).then(|| marks.join(", ")).into_iter().collect();
        let known = &self.builder.annotations;
        let mut more = 0;
        let bad = |id: &&NodeId| known.marks.get(id).is_some_and(|&mark| mark != Mark::Right);
        for &id in members.iter().filter(bad) {
            for said in self.findings(&[id]).into_iter().chain(self.notes(id)) {
                match findings.len() > MAX_FINDINGS {
                    true => more += 1,
                    false => findings.push(format!("{id}: {said}")),
                }
            }
        }
        findings.extend((more > 0).then(|| format!("and {more} more; open the box to see them")));
        findings
    }
}

/// The text on a box: the counts of its contents.
fn contents(nodes: usize, inputs: usize, parameters: usize) -> String {
    let counts = [(nodes, "node"), (inputs, "input"), (parameters, "parameter")];
    let said = counts.iter().enumerate().filter(|(i, (count, _))| *i == 0 || *count > 0);
    let said = said
        .map(|(_, &(count, word))| format!("{} {word}{}", grouped(count), if count == 1 { "" } else { "s" }));
    said.collect::<Vec<_>>().join(", ")
}
