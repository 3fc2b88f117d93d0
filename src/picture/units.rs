//! What becomes one node of a picture: a node of the graph, or a whole layer; and the frames around them.

use super::build::{Builder, Level};
use super::model::Group;
use super::select::Selection;
use crate::graph::{Graph, NodeId, Origin};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// What becomes one node of a picture.
#[derive(Debug)]
pub(super) enum Unit {
    Node(NodeId),
    Layer { label: String, members: Vec<NodeId> },
}

impl Unit {
    pub(super) fn members(&self) -> &[NodeId] {
        match self {
            Unit::Node(id) => std::slice::from_ref(id),
            Unit::Layer { members, .. } => members,
        }
    }

    pub(super) fn is_layer(&self) -> bool {
        matches!(self, Unit::Layer { .. })
    }
}

/// All units, each after those it depends on.
#[derive(Debug)]
pub(super) struct Units {
    pub(super) list: Vec<Unit>,
    pub(super) of_node: BTreeMap<NodeId, usize>,
}

/// What keeps nodes of one scope apart: whether they were recorded forwards, and which stretch of the tape they are of.
type Key<'g> = (&'g str, u8, usize);

impl Units {
    pub(super) fn of(builder: &Builder<'_>, selection: &Selection) -> Units {
        if builder.level == Level::Nodes {
            let of_node = selection.nodes.iter().enumerate().map(|(index, &id)| (id, index)).collect();
            return Units { list: selection.nodes.iter().map(|&id| Unit::Node(id)).collect(), of_node };
        }
        // A scope becomes one box. If the boxes then depend on each other in a circle, since a scope was entered
        // again later, then each stretch of the tape inside one scope becomes a box: that can have no circle.
        Units::merged(builder, selection, false)
            .or_else(|| Units::merged(builder, selection, true))
            .unwrap_or_else(|| Units { list: Vec::new(), of_node: BTreeMap::new() })
    }

    /// The layers in topological order, or none if there is no such order.
    fn merged(builder: &Builder<'_>, selection: &Selection, by_stretch: bool) -> Option<Units> {
        let graph = builder.graph;
        let keys = keys(builder, selection, by_stretch);
        let mut boxes: BTreeMap<Key<'_>, usize> = BTreeMap::new();
        let mut members: Vec<(Option<Key<'_>>, Vec<NodeId>)> = Vec::new();
        let mut unit_of: BTreeMap<NodeId, usize> = BTreeMap::new();
        for &id in &selection.nodes {
            let unit = match keys.get(&id) {
                Some(&key) => *boxes.entry(key).or_insert_with(|| {
                    members.push((Some(key), Vec::new()));
                    members.len() - 1
                }),
                None => {
                    members.push((None, Vec::new()));
                    members.len() - 1
                }
            };
            members[unit].1.push(id);
            unit_of.insert(id, unit);
        }
        let order = sorted(graph, &members, &unit_of)?;
        let mut seen: BTreeMap<(&str, u8), usize> = BTreeMap::new();
        let mut list = Vec::new();
        let mut of_node = BTreeMap::new();
        for unit in order {
            let (key, ids) = &members[unit];
            of_node.extend(ids.iter().map(|&id| (id, list.len())));
            list.push(match *key {
                None => Unit::Node(ids[0]),
                Some((scope, origin, _)) => {
                    let count = seen.entry((scope, origin)).or_default();
                    *count += 1;
                    let again = if *count > 1 { format!(" ({count})") } else { String::new() };
                    Unit::Layer { label: format!("{scope}{}{again}", suffix(origin)), members: ids.clone() }
                }
            });
        }
        Some(Units { list, of_node })
    }
}

/// The layer of each node that is in a scope.
fn keys<'g>(builder: &Builder<'g>, selection: &Selection, by_stretch: bool) -> BTreeMap<NodeId, Key<'g>> {
    let graph = builder.graph;
    let mut keys = BTreeMap::new();
    let mut stretch = (("", 0), 0);
    for &id in &selection.nodes {
        let node = graph.node(id);
        let scope = builder.layer_of(id).unwrap_or("");
        let key = (scope, origin(graph, id));
        if by_stretch && node.leaf().is_none() && key != stretch.0 {
            stretch = (key, stretch.1 + 1);
        }
        if !scope.is_empty() && (!by_stretch || node.leaf().is_none()) {
            keys.insert(id, (scope, key.1, if by_stretch { stretch.1 } else { 0 }));
        }
    }
    if by_stretch {
        // A leaf goes with the first stretch of its scope that uses it.
        for &id in selection.nodes.iter().filter(|&&id| graph.node(id).leaf().is_some()) {
            let Some(scope) = builder.layer_of(id) else { continue };
            let users = graph.consumers(id).iter().filter_map(|edge| keys.get(&edge.target));
            if let Some(&key) = users.filter(|key| key.0 == scope).min_by_key(|key| key.2) {
                keys.insert(id, key);
            }
        }
    }
    keys
}

/// The units so that each stands after those it depends on; among those that could come next, the one whose first
/// op was recorded first.
fn sorted(
    graph: &Graph,
    members: &[(Option<Key<'_>>, Vec<NodeId>)],
    unit_of: &BTreeMap<NodeId, usize>,
) -> Option<Vec<usize>> {
    let mut after: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); members.len()];
    let mut waiting = vec![0; members.len()];
    for (unit, (_, ids)) in members.iter().enumerate() {
        for (_, input) in ids.iter().flat_map(|&id| graph.node(id).read_inputs()) {
            let source = unit_of.get(&input).filter(|&&source| source != unit);
            if source.is_some_and(|&source| after[source].insert(unit)) {
                waiting[unit] += 1;
            }
        }
    }
    let first = |unit: usize| {
        let ids = &members[unit].1;
        ids.iter().find(|&&id| graph.node(id).leaf().is_none()).or(ids.first()).copied()
    };
    let ready = (0..members.len()).filter(|&unit| waiting[unit] == 0);
    let mut ready: BinaryHeap<_> = ready.map(|unit| Reverse((first(unit), unit))).collect();
    let mut order = Vec::with_capacity(members.len());
    while let Some(Reverse((_, unit))) = ready.pop() {
        order.push(unit);
        for &next in &after[unit] {
            waiting[next] -= 1;
            if waiting[next] == 0 {
                ready.push(Reverse((first(next), next)));
            }
        }
    }
    (order.len() == members.len()).then_some(order)
}

fn origin(graph: &Graph, id: NodeId) -> u8 {
    match graph.node(id).origin() {
        Origin::Forward => 0,
        Origin::Backward(_) => 1,
        Origin::Update => 2,
    }
}

fn suffix(origin: u8) -> &'static str {
    ["", " backward", " update"][usize::from(origin.min(2))]
}

/// The frames of a picture and which unit is in which.
pub(super) struct Groups {
    pub(super) list: Vec<Group>,
    pub(super) of_units: Vec<(usize, usize)>,
}

impl Units {
    /// One frame for each scope, inside that of the scope around it. The nodes that the reverse pass recorded for a
    /// scope have a frame of their own.
    pub(super) fn groups(&self, builder: &Builder<'_>) -> Groups {
        let graph = builder.graph;
        let mut groups = Groups { list: Vec::new(), of_units: Vec::new() };
        let mut known: BTreeMap<(&str, u8), usize> = BTreeMap::new();
        for (unit, entry) in self.list.iter().enumerate() {
            let &Unit::Node(id) = entry else {
                continue;
            };
            let (scope, origin) = (graph.node(id).scope(), origin(graph, id));
            let ends = scope.match_indices('/').map(|(at, _)| at).chain([scope.len()]).filter(|&end| end > 0);
            let mut parent = None;
            for end in ends {
                let path = &scope[..end];
                parent = Some(*known.entry((path, origin)).or_insert_with(|| {
                    let last = path.rsplit('/').next().unwrap_or(path);
                    let word: String =
                        path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
                    let id =
                        format!("cluster_{}_{word}{}", groups.list.len(), suffix(origin).replace(' ', "_"));
                    groups.list.push(Group { id, label: format!("{last}{}", suffix(origin)), parent });
                    groups.list.len() - 1
                }));
            }
            groups.of_units.extend(parent.map(|group| (unit, group)));
        }
        groups
    }
}
