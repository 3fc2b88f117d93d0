//! Which nodes use a node: the index from inputs to consumers.

use super::{EdgeId, Graph, NodeId};

/// Edges grouped by the node they leave (compressed sparse rows).
#[derive(Debug, Clone)]
pub(super) struct Consumers {
    /// Where each node's run of `edges` starts, and the end.
    starts: Vec<u32>,
    edges: Vec<EdgeId>,
}

impl Consumers {
    /// A counting sort of the edges by source; O(|V| + |E|).
    pub(super) fn of(graph: &Graph) -> Self {
        let mut starts = vec![0_u32; graph.len() + 1];
        for node in graph.nodes() {
            node.inputs().iter().for_each(|i| starts[i.index() + 1] += 1);
        }
        for i in 0..graph.len() {
            starts[i + 1] += starts[i];
        }
        let nothing = EdgeId { target: NodeId::default(), operand: 0 };
        let mut edges = vec![nothing; starts[graph.len()] as usize];
        let mut next = starts.clone();
        for node in graph.nodes() {
            for (operand, input) in node.inputs().iter().enumerate() {
                let slot = &mut next[input.index()];
                edges[*slot as usize] = EdgeId { target: node.id(), operand };
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
