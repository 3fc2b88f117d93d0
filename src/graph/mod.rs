//! The graph: a flat, append-only list of nodes, plain data without values, closures or precision.
//!
//! Every node's inputs have smaller ids, so that evaluating, differentiating, drawing and dropping are loops over
//! the list. Nothing here knows what an op computes; that is the business of [`Op`](crate::Op).

mod attributes;
mod consumers;
mod ids;
mod node;
mod pattern;
mod petgraph;
mod reach;
mod record;
mod serial;
mod site;
mod storage;

pub use attributes::{Attribute, Attributes};
pub use ids::{EdgeId, Kind, NodeId};
pub use node::Node;
pub use petgraph::{Edge, Edges, Neighbors};
pub use record::{Branch, Leaf, OpRecord, Origin};
pub use serial::Located;
pub use storage::Graph;

pub(crate) use ids::{OpId as OpIndex, ShapeId as ShapeIndex};
pub(crate) use pattern::{NodeOwner, Pattern, Reserved};
pub(crate) use reach::topological_order;
pub(crate) use record::{Record, Stamp};
pub(crate) use site::Callers;
