//! petgraph's visit traits on `&Graph`, without a copy of the graph.
//!
//! Edges run with the data, from input to consumer; an edge's weight is its operand position. Neighbours in the
//! outgoing direction come from an index that is built once and dropped when a node is appended, those in the
//! incoming direction are the node's inputs.
//!
//! Of petgraph 0.8.3, these recurse, as deep as the graph: `depth_first_search`, `is_cyclic_directed` (which calls it; ask
//! `toposort` instead), `tarjan_scc` (`kosaraju_scc` does not) and, for undirected graphs, the matchings. `toposort`,
//! `Dfs`, `DfsPostOrder`, `Bfs`, `Topo`, `dijkstra`, `has_path_connecting`, `connected_components` and
//! `dominators::simple_fast` are loops.

use super::ids::{EdgeId, NodeId};
use super::node::Node;
use super::storage::Graph;
use petgraph::visit::{
    Data, EdgeRef, GraphBase, GraphProp, IntoEdgeReferences, IntoEdges, IntoEdgesDirected, IntoNeighbors,
    IntoNeighborsDirected, IntoNodeIdentifiers, IntoNodeReferences, NodeCompactIndexable, NodeCount,
    NodeIndexable, VisitMap, Visitable,
};
use petgraph::{Directed, Direction};

/// An edge of a graph: from an input to the node that uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    source: NodeId,
    id: EdgeId,
}

impl EdgeRef for Edge {
    type NodeId = NodeId;
    type EdgeId = EdgeId;
    type Weight = usize;

    fn source(&self) -> NodeId {
        self.source
    }

    fn target(&self) -> NodeId {
        self.id.target
    }

    fn weight(&self) -> &usize {
        &self.id.operand
    }

    fn id(&self) -> EdgeId {
        self.id
    }
}

/// The edges at a node in one direction.
#[derive(Debug, Clone)]
pub struct Edges<'g> {
    node: NodeId,
    at: usize,
    side: Incident<'g>,
}

#[derive(Debug, Clone)]
enum Incident<'g> {
    Inputs(&'g [NodeId]),
    Consumers(&'g [EdgeId]),
}

impl Iterator for Edges<'_> {
    type Item = Edge;

    fn next(&mut self) -> Option<Edge> {
        let operand = self.at;
        self.at += 1;
        match self.side {
            Incident::Inputs(inputs) => {
                inputs.get(operand).map(|&source| Edge { source, id: EdgeId { target: self.node, operand } })
            }
            Incident::Consumers(edges) => edges.get(operand).map(|&id| Edge { source: self.node, id }),
        }
    }
}

/// The nodes at the other end of a node's edges in one direction, once for every edge.
#[derive(Debug, Clone)]
pub struct Neighbors<'g>(Edges<'g>);

impl Iterator for Neighbors<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let edge = self.0.next()?;
        Some(match self.0.side {
            Incident::Inputs(_) => edge.source,
            Incident::Consumers(_) => edge.id.target,
        })
    }
}

/// Visited nodes, a byte each.
#[derive(Debug, Clone, Default)]
pub struct Visited(Vec<bool>);

impl VisitMap<NodeId> for Visited {
    fn visit(&mut self, a: NodeId) -> bool {
        !std::mem::replace(&mut self.0[a.index()], true)
    }

    fn is_visited(&self, a: &NodeId) -> bool {
        self.0[a.index()]
    }

    fn unvisit(&mut self, a: NodeId) -> bool {
        std::mem::replace(&mut self.0[a.index()], false)
    }
}

impl GraphBase for Graph {
    type NodeId = NodeId;
    type EdgeId = EdgeId;
}

impl GraphProp for Graph {
    type EdgeType = Directed;
}

impl Data for Graph {
    type NodeWeight = NodeId;
    type EdgeWeight = usize;
}

impl NodeCount for Graph {
    fn node_count(&self) -> usize {
        self.len()
    }
}

impl NodeIndexable for Graph {
    fn node_bound(&self) -> usize {
        self.len()
    }

    fn to_index(&self, a: NodeId) -> usize {
        a.index()
    }

    fn from_index(&self, i: usize) -> NodeId {
        NodeId::new(i)
    }
}

impl NodeCompactIndexable for Graph {}

impl Visitable for Graph {
    type Map = Visited;

    fn visit_map(&self) -> Visited {
        Visited(vec![false; self.len()])
    }

    fn reset_map(&self, map: &mut Visited) {
        map.0.clear();
        map.0.resize(self.len(), false);
    }
}

impl<'g> IntoNodeIdentifiers for &'g Graph {
    type NodeIdentifiers = Box<dyn Iterator<Item = NodeId> + 'g>;

    fn node_identifiers(self) -> Self::NodeIdentifiers {
        Box::new(self.ids())
    }
}

/// A node reference's weight is its id: the graph holds no other plain value for it.
impl petgraph::visit::NodeRef for Node<'_> {
    type NodeId = NodeId;
    type Weight = NodeId;

    fn id(&self) -> NodeId {
        self.id
    }

    fn weight(&self) -> &NodeId {
        &self.id
    }
}

impl<'g> IntoNodeReferences for &'g Graph {
    type NodeRef = Node<'g>;
    type NodeReferences = Box<dyn Iterator<Item = Node<'g>> + 'g>;

    fn node_references(self) -> Self::NodeReferences {
        Box::new(self.nodes())
    }
}

impl<'g> IntoNeighbors for &'g Graph {
    type Neighbors = Neighbors<'g>;

    fn neighbors(self, a: NodeId) -> Neighbors<'g> {
        self.neighbors_directed(a, Direction::Outgoing)
    }
}

impl<'g> IntoNeighborsDirected for &'g Graph {
    type NeighborsDirected = Neighbors<'g>;

    fn neighbors_directed(self, a: NodeId, direction: Direction) -> Neighbors<'g> {
        Neighbors(self.edges_directed(a, direction))
    }
}

impl<'g> IntoEdges for &'g Graph {
    type Edges = Edges<'g>;

    fn edges(self, a: NodeId) -> Edges<'g> {
        self.edges_directed(a, Direction::Outgoing)
    }
}

impl<'g> IntoEdgesDirected for &'g Graph {
    type EdgesDirected = Edges<'g>;

    fn edges_directed(self, a: NodeId, direction: Direction) -> Edges<'g> {
        let side = match direction {
            Direction::Outgoing => Incident::Consumers(self.consumers(a)),
            Direction::Incoming => Incident::Inputs(self.node(a).inputs()),
        };
        Edges { node: a, at: 0, side }
    }
}

impl<'g> IntoEdgeReferences for &'g Graph {
    type EdgeRef = Edge;
    type EdgeReferences = Box<dyn Iterator<Item = Edge> + 'g>;

    fn edge_references(self) -> Self::EdgeReferences {
        Box::new(self.ids().flat_map(|id| self.edges_directed(id, Direction::Incoming)))
    }
}
