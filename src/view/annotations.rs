//! The numbers, verdicts and notes that a picture shows at the nodes of a graph.

use crate::graph::NodeId;
use chainrule_picture::Mark;
use ndarray::ArrayD;
use std::collections::BTreeMap;

/// What a picture shows at the nodes and arrows of a graph.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Annotations {
    /// The forward value of each node, as far as it is known.
    pub values: BTreeMap<NodeId, ArrayD<f64>>,
    /// The whole gradient of each node: the sum over all its consumers.
    pub node_gradients: BTreeMap<NodeId, ArrayD<f64>>,
    /// The gradient that comes back along one edge, by the node where the edge ends and the operand position there.
    pub edge_gradients: BTreeMap<(NodeId, usize), ArrayD<f64>>,
    /// The verdict on each node.
    pub marks: BTreeMap<NodeId, Mark>,
    /// What a check found wrong, by node and, if it is the derivative of one operand, that operand.
    pub faults: BTreeMap<(NodeId, Option<usize>), String>,
    /// Further findings of a node, for the panel of a page.
    pub notes: BTreeMap<NodeId, String>,
    /// The verdict of a comparison on each edge.
    pub edge_marks: BTreeMap<(NodeId, usize), Mark>,
    /// The formula of the cotangent that is propagated along one edge: `dy × x1`.
    pub rules: BTreeMap<(NodeId, usize), String>,
}
