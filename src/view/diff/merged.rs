//! The union of two graphs, to draw their differences.

use crate::graph::{Graph, Node, NodeId, OpIndex, OpRecord, Origin, Stamp, topological_order};
use crate::view::annotations::Annotations;
use crate::view::diff::difference::{ChangeKind, Difference};
use crate::view::diff::matching::Matching;
use chainrule_picture::Mark;
use rustc_hash::FxHashMap;

/// The source of a node of the union: the second graph, or the first for a removed node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NodeSource {
    After(NodeId),
    Before(NodeId),
}

/// The union of the second graph and the removed nodes of the first; its nodes without consumers; and the differences as
/// marks and notes. Operands that a node had only in the first graph are appended to it, if the union stays acyclic.
pub(in crate::view) fn merge(
    before: &Graph,
    after: &Graph,
    matched: &Matching,
    differences: &[Difference],
    pairs: &[(NodeId, NodeId)],
) -> (Graph, Vec<NodeId>, Annotations) {
    let removed: Vec<NodeId> = before.ids().filter(|&id| matched.after_of(id).is_none()).collect();
    let nodes: Vec<NodeSource> =
        after.ids().map(NodeSource::After).chain(removed.iter().copied().map(NodeSource::Before)).collect();
    let place_of_removed: FxHashMap<NodeId, usize> =
        removed.iter().enumerate().map(|(i, &id)| (id, after.len() + i)).collect();
    // The position, among these nodes, of a node of the first graph.
    let place = |id: NodeId| matched.after_of(id).map_or_else(|| place_of_removed[&id], NodeId::index);
    let inputs: Vec<Vec<usize>> = nodes
        .iter()
        .map(|source| match *source {
            NodeSource::After(id) => after.node(id).inputs().iter().map(|x| x.index()).collect(),
            NodeSource::Before(id) => before.node(id).inputs().iter().map(|&x| place(x)).collect(),
        })
        .collect();
    let former: Vec<Vec<usize>> = nodes
        .iter()
        .zip(&inputs)
        .map(|(source, inputs)| match *source {
            NodeSource::After(id) => {
                let old = matched.before_of(id).into_iter().flat_map(|old| before.node(old).inputs());
                let gone = old.map(|&x| place(x)).filter(|x| !inputs.contains(x));
                gone.collect()
            }
            NodeSource::Before(_) => Vec::new(),
        })
        .collect();
    let edges = |lists: &[Vec<usize>]| -> Vec<(u32, u32)> {
        let edges = lists.iter().enumerate();
        edges.flat_map(|(to, from)| from.iter().map(move |&from| (from as u32, to as u32))).collect()
    };
    // Where both graphs were recorded in the same order, removed nodes keep their positions.
    let keys = keys(&nodes, before, matched);
    let with_former = topological_order(&keys, edges(&inputs).into_iter().chain(edges(&former)).collect());
    let has_former = with_former.is_some();
    let order = with_former.or_else(|| topological_order(&keys, edges(&inputs))).unwrap_or_default();

    let mut rank = vec![NodeId::default(); nodes.len()];
    order.iter().enumerate().for_each(|(new, &at)| rank[at] = NodeId::new(new));
    let mut union = Union { merged: Graph::new(), ops: FxHashMap::default() };
    let mut known = Annotations::default();
    for at in order {
        let former: &[usize] = if has_former { &former[at] } else { &[] };
        let operands: Vec<NodeId> = inputs[at].iter().chain(former).map(|&from| rank[from]).collect();
        let new = match nodes[at] {
            NodeSource::After(id) => union.push(after.node(id), &operands, |of| rank[of.index()]),
            NodeSource::Before(id) => union.push(before.node(id), &operands, |of| rank[place(of)]),
        };
        let old: Option<Vec<usize>> = match nodes[at] {
            NodeSource::After(id) => {
                matched.before_of(id).map(|old| before.node(old).inputs().iter().map(|&x| place(x)).collect())
            }
            NodeSource::Before(_) => None,
        };
        for operand in 0..operands.len() {
            let mark = match (nodes[at], inputs[at].get(operand)) {
                (_, None) | (NodeSource::Before(_), _) => Mark::Removed,
                (_, Some(from)) if old.as_ref().is_some_and(|old| old.contains(from)) => continue,
                _ => Mark::Added,
            };
            known.edge_marks.insert((new, operand), mark);
        }
    }
    for &(old, new) in pairs {
        if before.node(old).shape() != after.node(new).shape() {
            known.former_shapes.insert(rank[new.index()], before.node(old).shape().to_vec());
        }
    }
    for difference in differences {
        let (mark, at) = match (difference.kind, difference.before, difference.after) {
            (ChangeKind::Removed, Some(id), _) => (Mark::Removed, place(id)),
            (ChangeKind::Added, _, Some(id)) => (Mark::Added, id.index()),
            (ChangeKind::Changed, _, Some(id)) => (Mark::Changed, id.index()),
            _ => continue,
        };
        let new = rank[at];
        known.marks.insert(new, mark);
        let changes: Vec<String> = difference.changes.iter().map(ToString::to_string).collect();
        let said = match difference.kind {
            ChangeKind::Removed => vec!["in the first graph alone".to_owned()],
            ChangeKind::Added => vec!["in the second graph alone".to_owned()],
            ChangeKind::Changed => changes,
        };
        known.notes.insert(new, said.join("\n"));
    }
    let merged = union.merged;
    let ends = merged.ids().filter(|&id| merged.consumers(id).is_empty()).collect();
    (merged, ends, known)
}

/// Sort keys of the nodes by the order of recording.
fn keys(nodes: &[NodeSource], before: &Graph, matched: &Matching) -> Vec<(usize, usize)> {
    // A removed node comes after the last node before it that was not removed.
    let mut last = 0;
    let mut behind: FxHashMap<NodeId, usize> = FxHashMap::default();
    for id in before.ids() {
        match matched.after_of(id) {
            Some(after) => last = after.index(),
            None => drop(behind.insert(id, last)),
        }
    }
    nodes
        .iter()
        .map(|source| match *source {
            NodeSource::After(id) => (id.index(), 0),
            NodeSource::Before(id) => (behind[&id], 1 + id.index()),
        })
        .collect()
}

/// The union under construction.
struct Union {
    merged: Graph,
    ops: FxHashMap<OpRecord, OpIndex>,
}

impl Union {
    /// Appends a copy of a node; `new` maps ids of its graph to ids of the union.
    fn push(&mut self, node: Node<'_>, operands: &[NodeId], new: impl Fn(NodeId) -> NodeId) -> NodeId {
        let merged = &mut self.merged;
        let op = match node.leaf() {
            Some(leaf) => leaf.op(),
            None => {
                // Appended former operands raise the arity.
                let record = OpRecord { arity: operands.len(), ..node.op().clone() };
                *self.ops.entry(record).or_insert_with_key(|record| merged.op_id(record.clone()))
            }
        };
        let scope = merged.scope_id(node.scope());
        // An index past the table means no location.
        let location = node.location().map_or(u32::MAX, |location| merged.location_id(location.clone()));
        let origin = match node.origin() {
            Origin::Backward(of) if node.graph().get(of).is_some() => Origin::Backward(new(of)),
            origin => origin,
        };
        let (shape, site) = (merged.shape_id(node.shape()), merged.site_id(scope, location));
        let stamp = Stamp { op, shape, site, origin };
        let id = match node.constant() {
            Some(values) => merged.push_constant(stamp, values.iter().copied()),
            None => merged.push(stamp, operands),
        };
        if let Some(name) = node.name() {
            merged.set_name(id, name.to_owned());
        }
        id
    }
}
