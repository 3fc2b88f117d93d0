//! Graphs as data for files: written without source locations unless asked, checked when read.

use super::ids::{Kind, NodeId, OpId, ShapeId};
use super::record::{Leaf, OpRecord, Origin, Record, Site, Stamp};
use super::storage::Graph;
use crate::location::Location;
use crate::written::Exact;
use chainrule_base::fields;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// The version of the format; a reader refuses the ones it does not know.
const FORMAT: u32 = 1;

/// The location of a node that was loaded without one.
const UNKNOWN: u32 = u32::MAX;

/// A node in a file: op, shape, scope, inputs, origin; the first three by their places in the tables, and 2³¹ more than that
/// for the shape of an op's result of indices.
#[derive(Debug, Serialize, Deserialize)]
struct NodeData(u32, u32, u32, Vec<NodeId>, Origin);

#[derive(Debug, Deserialize)]
struct GraphData {
    format: u32,
    ops: Vec<OpRecord>,
    shapes: Vec<Vec<usize>>,
    scopes: Vec<String>,
    nodes: Vec<NodeData>,
    names: BTreeMap<u32, String>,
    constants: Vec<Exact<f64>>,
    #[serde(default)]
    locations: Option<Locations>,
}

fields! {
    GraphData { format, ops, shapes, scopes, nodes, names, constants, locations unless Option::is_none }
}

#[derive(Debug, Serialize, Deserialize)]
struct Locations {
    table: Vec<Location>,
    nodes: Vec<u32>,
}

/// A graph that serialises with the source location of every node; see [`Graph::located`].
#[derive(Debug, Clone, Copy)]
pub struct Located<'g>(&'g Graph);

impl Graph {
    /// The graph with its source locations, for serialising; `&Graph` itself serialises without them, so that files
    /// do not change when a line moves.
    pub fn located(&self) -> Located<'_> {
        Located(self)
    }

    /// What is written to a file.
    ///
    /// # Errors
    ///
    /// If two of its ops would be taken for one by whoever reads it.
    fn data(&self, with_locations: bool) -> Result<GraphData, String> {
        if let Some(op) = self.twin() {
            return Err(format!(
                "graph: there are two ops called {op}, of two types, which a file cannot tell apart; give one of them \
                 another name in `Op::name`, or list what tells them apart in `Op::attributes`"
            ));
        }
        let node = |r: (NodeId, &Record)| {
            let node = self.node(r.0);
            let scope = self.site(r.1.site).scope;
            NodeData(r.1.op.0, r.1.shape.0, scope, node.inputs().to_vec(), node.origin())
        };
        Ok(GraphData {
            format: FORMAT,
            ops: self.ops.clone(),
            shapes: self.shapes.iter().map(|s| s.to_vec()).collect(),
            scopes: self.scopes.iter().cloned().collect(),
            nodes: self.ids().zip(&self.nodes).map(node).collect(),
            names: self.names.iter().map(|(id, name)| (id.index() as u32, name.clone())).collect(),
            constants: self.constants.iter().copied().map(Exact).collect(),
            locations: with_locations.then(|| Locations {
                table: self.locations.iter().cloned().collect(),
                nodes: self.nodes.iter().map(|r| self.site(r.site).location).collect(),
            }),
        })
    }

    /// The graph of the data, if it is one: every place in a table exists, inputs come before their node, names and
    /// constants fit. Whether shapes agree with ops is checked by the tape, which knows the ops.
    fn from_data(data: GraphData) -> Result<Self, String> {
        if data.format != FORMAT {
            return Err(format!("format {} is not known; this version reads format {FORMAT}", data.format));
        }
        let mut graph = Self { read_ops: data.ops.len(), ops: data.ops, ..Self::default() };
        if graph.ops.get(..4) != Some(&OpRecord::leaves()) {
            return Err("the table of ops does not begin with the four leaves".to_owned());
        }
        // More operands than a graph has nodes, each of them named by a node, are no operands.
        if let Some(op) = graph.ops.iter().find(|op| op.arity > u32::MAX as usize) {
            return Err(format!("{op} takes {} operands, more than a graph can give it", op.arity));
        }
        for shape in &data.shapes {
            crate::base::shape::checked_size(shape)?;
            graph.shape_id(shape);
        }
        data.scopes.iter().for_each(|s| {
            graph.scope_id(s);
        });
        if graph.shapes.len() != data.shapes.len() || graph.scopes.len() != data.scopes.len() {
            return Err("a shape or a scope is listed twice".to_owned());
        }
        if data.shapes.first().is_none_or(|s| !s.is_empty())
            || data.scopes.first().is_none_or(|s| !s.is_empty())
        {
            return Err("the tables of shapes and scopes do not begin with the empty one".to_owned());
        }
        let places = data.locations.as_ref().map(|l| l.nodes.as_slice());
        if places.is_some_and(|l| l.len() != data.nodes.len()) {
            return Err("there is not one location for every node".to_owned());
        }
        let mut constants = data.constants.into_iter().map(|n| n.0);
        for (i, NodeData(op, shape, scope, inputs, origin)) in data.nodes.into_iter().enumerate() {
            let wrong = |what: &str| Err(format!("node n{i} {what}"));
            let Some(record) = graph.ops.get(op as usize) else {
                return wrong("names an op outside the table");
            };
            if inputs.len() != record.arity {
                return wrong(&format!("has {} inputs, and {record} takes {}", inputs.len(), record.arity));
            }
            if inputs.iter().any(|input| input.index() >= i) {
                return wrong("has an input that does not come before it");
            }
            if matches!(origin, Origin::Backward(k) if k.index() >= i) {
                return wrong("is backward of a node that does not come before it");
            }
            let shape = ShapeId(shape);
            let Some(sizes) = graph.shapes.get_index(shape.place()) else {
                return wrong("names a shape outside the table");
            };
            if shape.kind() == Kind::Index && Leaf::of_op(OpId(op)).is_some() {
                return wrong("is a leaf that says of itself that an op computes its indices");
            }
            let size = crate::base::shape::size(sizes);
            if scope as usize >= graph.scopes.len() {
                return wrong("names a scope outside the table");
            }
            let location = places.map_or(UNKNOWN, |l| l[i]);
            let op = OpId(op);
            let site = graph.site_id(scope, location);
            let stamp = Stamp { op, shape, site, origin };
            if Leaf::of_op(op) == Some(Leaf::Constant) {
                let start = graph.constants.len();
                graph.push_constant(stamp, constants.by_ref().take(size));
                if graph.constants.len() - start != size {
                    return wrong("is a constant whose values are missing");
                }
            } else {
                graph.push(stamp, &inputs);
            }
        }
        if constants.next().is_some() {
            return Err("there are more constant values than constants".to_owned());
        }
        for (id, name) in data.names {
            if id as usize >= graph.len() {
                return Err(format!("the name `{name}` is that of a node n{id} that does not exist"));
            }
            graph.set_name(NodeId::new(id as usize), name);
        }
        if let Some(locations) = data.locations {
            let listed = locations.table.len();
            for location in locations.table {
                graph.location_id(location);
            }
            if graph.locations.len() != listed {
                return Err("a location is listed twice".to_owned());
            }
            let known = |s: &&Site| s.location == UNKNOWN || (s.location as usize) < graph.locations.len();
            if let Some(s) = graph.sites.iter().find(|s| !known(s)) {
                return Err(format!("a node names location {} outside the table", s.location));
            }
        }
        Ok(graph)
    }
}

impl Serialize for Graph {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.data(false).map_err(serde::ser::Error::custom)?.serialize(s)
    }
}

impl Serialize for Located<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.0.data(true).map_err(serde::ser::Error::custom)?.serialize(s)
    }
}

impl<'de> Deserialize<'de> for Graph {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::from_data(GraphData::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}
