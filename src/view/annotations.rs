//! What a picture says of the nodes of a graph.

use crate::graph::NodeId;
use chainrule_picture::Mark;
use ndarray::ArrayD;
use std::collections::BTreeMap;

/// Numbers to write at the nodes and arrows of a picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Annotations {
    /// The forward value of each node, as far as it is known.
    pub values: BTreeMap<NodeId, ArrayD<f64>>,
    /// The whole gradient of each node: the sum over all its consumers.
    pub node_gradients: BTreeMap<NodeId, ArrayD<f64>>,
    /// The gradient that comes back along one edge, by the node where the edge ends and the operand it is there.
    pub edge_gradients: BTreeMap<(NodeId, usize), ArrayD<f64>>,
    /// What a check says of each node.
    pub marks: BTreeMap<NodeId, Mark>,
    /// What it found wrong, by node and, where it is one, the operand whose derivative is wrong.
    pub faults: BTreeMap<(NodeId, Option<usize>), String>,
    /// What else it says of a node, for the table of a page.
    pub notes: BTreeMap<NodeId, String>,
    /// What a comparison says of each edge.
    pub edge_marks: BTreeMap<(NodeId, usize), Mark>,
    /// What is handed back along one edge, as a formula: `dy × x1`.
    pub rules: BTreeMap<(NodeId, usize), String>,
}
