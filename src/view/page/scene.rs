//! What a page carries, as bytes.

use crate::graph::{Graph, NodeId};
use crate::view::annotations::{Annotations, Summary};
use crate::view::options::Options;
use chainrule_picture::Mark;
use ndarray::ArrayD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is the same at all moments: the graph, and how it is drawn.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::view) struct Scene {
    pub(in crate::view) graph: Graph,
    pub(in crate::view) outputs: Vec<NodeId>,
    /// The output of the gradients that are drawn.
    pub(in crate::view) differentiated: Option<NodeId>,
    pub(in crate::view) options: Options,
    /// The ops that are not computed in a page: those of the user's own, and those of operands that are too large for it.
    pub(in crate::view) held: Vec<NodeId>,
}

/// The numbers of one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::view) struct SceneNumbers {
    /// The arrays that everything else is computed from: those of leaves, and of ops that are not computed.
    pub(in crate::view) given: BTreeMap<NodeId, ArrayD<f64>>,
    /// What is not computed from them.
    pub(in crate::view) told: Annotations,
}

/// The numbers as they are written, but for the elements of the given arrays.
#[derive(Serialize, Deserialize)]
struct WrittenNumbers {
    given: Vec<NodeId>,
    values: Vec<(NodeId, Summary)>,
    node_gradients: Vec<(NodeId, Summary)>,
    edge_gradients: Vec<((NodeId, usize), Summary)>,
    marks: Vec<(NodeId, Mark)>,
    faults: Vec<((NodeId, Option<usize>), String)>,
    notes: Vec<(NodeId, String)>,
    edge_marks: Vec<((NodeId, usize), Mark)>,
    rules: Vec<((NodeId, usize), String)>,
}

fn listed<K: Clone, V: Clone>(map: &BTreeMap<K, V>) -> Vec<(K, V)> {
    map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

impl Scene {
    /// As bytes, with the source lines of the nodes.
    ///
    /// # Errors
    ///
    /// A message, if two ops of the graph cannot be told apart in a file.
    pub(in crate::view) fn write(&self) -> Result<Vec<u8>, String> {
        #[derive(Serialize)]
        struct Borrowed<'a> {
            graph: crate::graph::Located<'a>,
            outputs: &'a [NodeId],
            differentiated: Option<NodeId>,
            options: &'a Options,
            held: &'a [NodeId],
        }
        let Scene { graph, outputs, differentiated, options, held } = self;
        let differentiated = *differentiated;
        let graph = graph.located();
        let scene = Borrowed { graph, outputs, differentiated, options, held };
        postcard::to_allocvec(&scene).map_err(|e| e.to_string())
    }

    /// # Errors
    ///
    /// A message, if it is no scene.
    pub(in crate::view) fn read(bytes: &[u8]) -> Result<Scene, String> {
        postcard::from_bytes(bytes).map_err(|e| e.to_string())
    }
}

impl SceneNumbers {
    /// As bytes, at their end the elements of the given arrays, as IEEE 754, the lowest byte first.
    pub(in crate::view) fn write(&self) -> Result<Vec<u8>, String> {
        let told = &self.told;
        let written = WrittenNumbers {
            given: self.given.keys().copied().collect(),
            values: listed(&told.summaries.values),
            node_gradients: listed(&told.summaries.node_gradients),
            edge_gradients: listed(&told.summaries.edge_gradients),
            marks: listed(&told.marks),
            faults: listed(&told.faults),
            notes: listed(&told.notes),
            edge_marks: listed(&told.edge_marks),
            rules: listed(&told.rules),
        };
        let mut bytes = postcard::to_allocvec(&written).map_err(|e| e.to_string())?;
        bytes.extend(self.given.values().flatten().flat_map(|x| x.to_le_bytes()));
        Ok(bytes)
    }

    /// The numbers of nodes of a graph.
    ///
    /// # Errors
    ///
    /// A message, if they are no numbers of this graph.
    pub(in crate::view) fn read(bytes: &[u8], graph: &Graph) -> Result<SceneNumbers, String> {
        let (written, elements): (WrittenNumbers, &[u8]) =
            postcard::take_from_bytes(bytes).map_err(|e| e.to_string())?;
        let mut elements = elements.chunks_exact(8).map(|x| {
            // Pieces of eight bytes have eight bytes.
            f64::from_le_bytes(x.try_into().unwrap_or_default())
        });
        let mut given = BTreeMap::new();
        for id in written.given {
            let shape = graph.get(id).ok_or_else(|| format!("there is no node {id}"))?.shape();
            let count = crate::base::shape::size(shape);
            let array = ArrayD::from_shape_vec(shape, elements.by_ref().take(count).collect());
            given.insert(id, array.map_err(|_| format!("node {id} lacks numbers"))?);
        }
        let mut told = Annotations {
            marks: written.marks.into_iter().collect(),
            faults: written.faults.into_iter().collect(),
            notes: written.notes.into_iter().collect(),
            edge_marks: written.edge_marks.into_iter().collect(),
            rules: written.rules.into_iter().collect(),
            ..Annotations::default()
        };
        told.summaries.values = written.values.into_iter().collect();
        told.summaries.node_gradients = written.node_gradients.into_iter().collect();
        told.summaries.edge_gradients = written.edge_gradients.into_iter().collect();
        Ok(SceneNumbers { given, told })
    }
}
