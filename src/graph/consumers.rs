//! Which nodes use a node: the index from inputs to consumers.

use super::ids::{EdgeId, NodeId};

/// Edges grouped by the node they leave (compressed sparse rows).
#[derive(Debug, Clone)]
pub(super) struct Consumers {
    /// Where each node's run of `edges` starts, and the end.
    starts: Vec<u32>,
    edges: Vec<EdgeId>,
}

impl Consumers {
    /// A counting sort of the edges by source, given each node with its inputs; O(|V| + |E|).
    pub(super) fn of<'g>(nodes: impl ExactSizeIterator<Item = (NodeId, &'g [NodeId])> + Clone) -> Self {
        let count = nodes.len();
        let mut starts = vec![0_u32; count + 1];
        for (_, inputs) in nodes.clone() {
            inputs.iter().for_each(|i| starts[i.index() + 1] += 1);
        }
        for i in 0..count {
            starts[i + 1] += starts[i];
        }
        let nothing = EdgeId { target: NodeId::default(), operand: 0 };
        let mut edges = vec![nothing; starts[count] as usize];
        let mut next = starts.clone();
        for (target, inputs) in nodes {
            for (operand, input) in inputs.iter().enumerate() {
                let slot = &mut next[input.index()];
                edges[*slot as usize] = EdgeId { target, operand };
                *slot += 1;
            }
        }
        Self { starts, edges }
    }

    pub(super) fn of_node(&self, id: NodeId) -> &[EdgeId] {
        let [start, end] = [id.index(), id.index() + 1].map(|i| self.starts[i] as usize);
        &self.edges[start..end]
    }
}
