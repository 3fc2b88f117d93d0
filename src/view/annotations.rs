//! The numbers, verdicts and notes that a picture shows at the nodes of a graph.

use crate::graph::NodeId;
use chainrule_picture::{Histogram, Mark, number};
use ndarray::ArrayD;
use serde::{Deserialize, Serialize};
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
    /// The shape that a node had before, where a comparison found another.
    pub former_shapes: BTreeMap<NodeId, Vec<usize>>,
    /// The formula of the cotangent that is propagated along one edge: `dy × x1`.
    pub rules: BTreeMap<(NodeId, usize), String>,
    /// What stands for arrays that are not at hand themselves, as in a page, which does not carry large ones.
    pub summaries: Summaries,
}

/// What a drawing says of arrays that are not at hand, in place of [`Annotations::values`] and the gradients.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summaries {
    /// As [`Annotations::values`].
    pub values: BTreeMap<NodeId, Summary>,
    /// As [`Annotations::node_gradients`].
    pub node_gradients: BTreeMap<NodeId, Summary>,
    /// As [`Annotations::edge_gradients`].
    pub edge_gradients: BTreeMap<(NodeId, usize), Summary>,
}

/// What a drawing says of an array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// It as a label, after its shape.
    tensor: String,
    /// It as a label without its shape.
    elements: String,
    histogram: Option<Histogram>,
}

impl Summary {
    /// What a drawing says of an array.
    pub fn of(array: &ArrayD<f64>) -> Summary {
        let (tensor, elements) = (number::tensor(array.view()), number::elements(array.view()));
        Summary { tensor, elements, histogram: Histogram::of(array) }
    }
}

/// What is known of an array: all of it, or what a drawing says of it.
#[derive(Debug, Clone, Copy)]
pub(in crate::view) enum Known<'a> {
    Array(&'a ArrayD<f64>),
    Summary(&'a Summary),
}

impl<'a> Known<'a> {
    /// What is known of an array that is in one of two maps, if it is.
    pub(in crate::view) fn of<K: Ord>(
        key: K,
        arrays: &'a BTreeMap<K, ArrayD<f64>>,
        summaries: &'a BTreeMap<K, Summary>,
    ) -> Option<Known<'a>> {
        arrays.get(&key).map(Known::Array).or_else(|| summaries.get(&key).map(Known::Summary))
    }

    /// The array as a label; `with_shape` puts the shape in front if it is too large to be written out.
    pub(in crate::view) fn label(self, with_shape: bool) -> String {
        match self {
            Known::Array(array) if with_shape => number::tensor(array.view()),
            Known::Array(array) => number::elements(array.view()),
            Known::Summary(Summary { tensor, elements, .. }) => {
                if with_shape {
                    tensor.clone()
                } else {
                    elements.clone()
                }
            }
        }
    }

    pub(in crate::view) fn histogram(self) -> Option<Histogram> {
        match self {
            Known::Array(array) => Histogram::of(array),
            Known::Summary(summary) => summary.histogram.clone(),
        }
    }
}

impl Annotations {
    pub(in crate::view) fn value(&self, node: NodeId) -> Option<Known<'_>> {
        Known::of(node, &self.values, &self.summaries.values)
    }

    pub(in crate::view) fn gradient(&self, node: NodeId) -> Option<Known<'_>> {
        Known::of(node, &self.node_gradients, &self.summaries.node_gradients)
    }

    pub(in crate::view) fn edge_gradient(&self, edge: (NodeId, usize)) -> Option<Known<'_>> {
        Known::of(edge, &self.edge_gradients, &self.summaries.edge_gradients)
    }

    /// Whether any gradient is known.
    pub(in crate::view) fn has_gradients(&self) -> bool {
        let Summaries { node_gradients, edge_gradients, .. } = &self.summaries;
        let arrays = self.node_gradients.is_empty() && self.edge_gradients.is_empty();
        !(arrays && node_gradients.is_empty() && edge_gradients.is_empty())
    }
}
