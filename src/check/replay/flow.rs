//! What of a graph a derivative goes through: from the leaves to the output, not past what is held constant.

use crate::graph::{Branch, Graph, Kind, Node, NodeId, Origin};
use crate::tape::{Tape, Var};

/// The part of a graph that derivatives of an output with respect to some leaves go through.
pub(crate) struct Flow {
    /// For every node, whether the output is computed from its elements on a way that a derivative could take.
    pub(crate) reaches: Vec<bool>,
    /// The nodes to be judged, in order, and the operands of each that lead to a leaf.
    pub(crate) judged: Vec<(NodeId, Vec<usize>)>,
    /// The nodes whose value counts as a constant, though it is computed from a leaf.
    pub(crate) held: Vec<NodeId>,
    /// Whether a judged node may have kinks.
    pub(crate) kinks: bool,
}

/// Which nodes count as constants: indices that ops compute, and nodes of ops that stop gradients, as a user has recorded
/// them. What a rule records is a derivative, and has one.
pub(crate) fn constants(tape: &Tape) -> impl Fn(&Graph, NodeId) -> bool {
    let stops = tape.of_ops(|op| op.stops_gradient());
    move |graph, id| {
        let node = graph.node(id);
        let stops = node.leaf().is_none() && stops[graph.record(id).op.0 as usize];
        let indices = node.leaf().is_none() && node.kind() == Kind::Index;
        indices || stops && !matches!(node.origin(), Origin::Backward(_))
    }
}

/// The nodes whose zeros tell on which branch some nodes are computed: comparisons among what they read, and the
/// conditions of choices; not behind what is held constant, which stands still where they change.
pub(crate) fn branches(tape: &Tape, nodes: impl IntoIterator<Item = NodeId>) -> Vec<NodeId> {
    let of_op = tape.of_ops(|op| op.branches());
    let is_constant = constants(tape);
    let graph = tape.graph();
    let read = graph.read_by_unless(nodes, |id| is_constant(&graph, id));
    let branch = |id: NodeId| match branch(&graph, &of_op, id)? {
        Branch::Result => Some(id),
        Branch::Operand(operand) => graph.node(id).inputs().get(operand).copied(),
    };
    let mut found: Vec<NodeId> = graph.ids().filter(|id| read[id.index()]).filter_map(branch).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// What of a node tells on which branch it is computed, given the same of each op.
pub(crate) fn branch(graph: &Graph, of_op: &[Option<Branch>], id: NodeId) -> Option<Branch> {
    graph.node(id).leaf().is_none().then(|| of_op[graph.record(id).op.0 as usize])?
}

impl Flow {
    pub(crate) fn new(loss: Var<'_>, leaves: &[Var<'_>]) -> Self {
        let tape = loss.tape();
        let is_constant = constants(tape);
        let smooth = tape.of_ops(|op| op.smooth());
        let of_op = tape.of_ops(|op| op.branches());
        let ends_stretch = tape.of_ops(|op| op.stretch().is_some());
        let graph = tape.graph();
        let reaches = graph.read_by_unless([loss.id()], |id| is_constant(&graph, id));
        let below = graph.reading(leaves.iter().map(|leaf| leaf.id()), |_| true);
        // What a comparison gives stands still but at ties.
        let passes = |node: Node<'_>| {
            let id = node.id();
            reaches[id.index()]
                && !is_constant(&graph, id)
                && branch(&graph, &of_op, id) != Some(Branch::Result)
        };
        let reaching = leaves.iter().map(|leaf| leaf.id()).filter(|id| reaches[id.index()]);
        let moves = graph.reading(reaching, passes);
        let mut flow = Self { reaches: Vec::new(), judged: Vec::new(), held: Vec::new(), kinks: false };
        for node in graph.nodes().take(loss.id().index() + 1) {
            let id = node.id();
            if !reaches[id.index()] {
                continue;
            }
            if is_constant(&graph, id) {
                flow.held.extend(below[id.index()].then_some(id));
                continue;
            }
            // The end of a stretch reads its result alone, and its rules are for what that was computed from.
            let is_end = node.leaf().is_none() && ends_stretch[graph.record(id).op.0 as usize];
            let operands: Vec<usize> = match is_end {
                true => {
                    let inputs = node.inputs();
                    let moves =
                        |&i: &usize| graph.node(inputs[i]).kind() == Kind::Real && moves[inputs[i].index()];
                    (1..inputs.len()).filter(moves).collect()
                }
                false => {
                    let leading = node.read_inputs().filter(|(_, x)| moves[x.index()]);
                    leading.map(|(operand, _)| operand).collect()
                }
            };
            if operands.is_empty() {
                continue;
            }
            flow.kinks |= !smooth[graph.record(id).op.0 as usize];
            flow.judged.push((id, operands));
        }
        flow.reaches = reaches;
        flow
    }
}
