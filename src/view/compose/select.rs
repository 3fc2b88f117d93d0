//! Selection of the nodes that a picture shows, and of the constants that are folded into the symbols of ops.

use crate::graph::{EdgeId, Leaf, NodeId};
use crate::view::builder::Builder;
use chainrule_picture::Mark;
use rustc_hash::FxHashSet;
use std::collections::{BTreeSet, VecDeque};

/// The selected part of a graph.
#[derive(Debug, Default)]
pub(in crate::view) struct Selection {
    /// The nodes to draw, in the order of the graph.
    pub(in crate::view) nodes: Vec<NodeId>,
    /// The constant operands that are folded into their op, in order.
    folded: Vec<(NodeId, usize)>,
    /// Edges from nodes outside: source, target, operand.
    pub(in crate::view) incoming: Vec<(NodeId, NodeId, usize)>,
    /// Nodes that have consumers outside.
    pub(in crate::view) outgoing: Vec<NodeId>,
    /// How many edges go from each node to drawn nodes; empty for a neighbourhood, where a gradient may come from outside
    /// too.
    uses: Vec<u32>,
}

impl Selection {
    pub(in crate::view) fn of(builder: &Builder<'_>) -> Selection {
        let graph = builder.graph;
        let mut selection = Selection::default();
        let mut nodes = match builder.options.around {
            Some((centre, steps)) => neighbourhood(builder, centre, steps),
            None => {
                let marked = graph.read_by(builder.outputs.iter().copied());
                graph.ids().filter(|id| marked[id.index()] && builder.draws(*id)).collect()
            }
        };
        // There may be a million nodes: a byte and a number for each, and no maps.
        let whole = builder.options.around.is_none();
        let mut kept = vec![false; if whole { graph.len() } else { 0 }];
        let mut kept_near = FxHashSet::default();
        selection.uses = vec![0; kept.len()];
        for &id in &nodes {
            let inputs = graph.node(id).inputs();
            let fold = foldable(builder, inputs);
            for (operand, input) in graph.node(id).read_inputs() {
                if fold == Some(operand) {
                    selection.folded.push((id, operand));
                } else if whole {
                    kept[input.index()] = true;
                } else {
                    kept_near.insert(input);
                }
                if whole {
                    selection.uses[input.index()] += 1;
                }
            }
        }
        let kept = |id: &NodeId| if whole { kept[id.index()] } else { kept_near.contains(id) };
        let wanted = |id: &NodeId| {
            builder.outputs.contains(id) || builder.options.around.is_some_and(|(node, _)| node == *id)
        };
        nodes.retain(|id| !is_number(builder, *id) || kept(id) || wanted(id));
        selection.nodes = nodes;
        if builder.options.around.is_some() {
            selection.find_boundary_edges(builder);
        }
        selection
    }

    /// How many edges go from a node to drawn nodes, if there are no other consumers; 0 if that is not known.
    pub(in crate::view) fn uses(&self, id: NodeId) -> usize {
        self.uses.get(id.index()).map_or(0, |&uses| uses as usize)
    }

    /// Whether an operand is a constant folded into its op.
    pub(in crate::view) fn is_folded(&self, id: NodeId, operand: usize) -> bool {
        self.folded.binary_search(&(id, operand)).is_ok()
    }

    /// The position of a node among the drawn ones.
    pub(in crate::view) fn place(&self, id: NodeId) -> Option<usize> {
        self.nodes.binary_search(&id).ok()
    }

    fn find_boundary_edges(&mut self, builder: &Builder<'_>) {
        let graph = builder.graph;
        let inside: BTreeSet<NodeId> = self.nodes.iter().copied().collect();
        for &id in &self.nodes {
            for (operand, input) in graph.node(id).read_inputs() {
                if !inside.contains(&input) && !self.is_folded(id, operand) && builder.draws(input) {
                    self.incoming.push((input, id, operand));
                }
            }
            let outside = |target: NodeId| !inside.contains(&target) && builder.draws(target);
            let reads = |edge: &&EdgeId| graph.node(edge.target).op().reads(edge.operand);
            if graph.consumers(id).iter().filter(reads).any(|edge| outside(edge.target)) {
                self.outgoing.push(id);
            }
        }
    }
}

/// The nodes within `steps` edges of a node: a breadth-first search that visits nothing further away.
fn neighbourhood(builder: &Builder<'_>, centre: NodeId, steps: usize) -> Vec<NodeId> {
    let graph = builder.graph;
    let mut seen = BTreeSet::from([graph.node(centre).id()]);
    let mut queue = VecDeque::from([(centre, 0)]);
    while let Some((id, distance)) = queue.pop_front() {
        if distance == steps {
            continue;
        }
        let inputs = graph.node(id).read_inputs().map(|(_, input)| input);
        // Ops are not neighbours because the same constant is folded into them.
        let consumers = if is_number(builder, id) && id != centre { &[] } else { graph.consumers(id) };
        let consumers = consumers.iter().filter(|edge| graph.node(edge.target).op().reads(edge.operand));
        for next in inputs.chain(consumers.map(|edge| edge.target)) {
            if builder.draws(next) && seen.insert(next) {
                queue.push_back((next, distance + 1));
            }
        }
    }
    seen.into_iter().collect()
}

/// The operand that can be folded into an op: the only number of two operands.
fn foldable(builder: &Builder<'_>, inputs: &[NodeId]) -> Option<usize> {
    let &[first, second] = inputs else {
        return None;
    };
    match (is_number(builder, first), is_number(builder, second)) {
        (true, false) => Some(0),
        (false, true) => Some(1),
        _ => None,
    }
}

/// Whether a node is a constant of one number without a name, and without a mark of a comparison.
fn is_number(builder: &Builder<'_>, id: NodeId) -> bool {
    let node = builder.graph.node(id);
    let differs = |mark: &Mark| (Mark::Changed..=Mark::Removed).contains(mark);
    node.leaf() == Some(Leaf::Constant)
        && node.shape().is_empty()
        && node.name().is_none()
        && !builder.annotations.marks.get(&id).is_some_and(differs)
}
