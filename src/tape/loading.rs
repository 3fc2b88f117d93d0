//! A recorder on a graph that is there already: one from a file, or the same nodes with other shapes.

use super::limits::Limits;
use super::op::{Op, Recorder};
use super::recorder::{infer, record};
use super::registry::{LoadedStretch, Registry};
use crate::error::{Error, Result};
use crate::graph::{Attributes, Graph, Kind, Leaf, Node, NodeId, OpRecord};
use crate::ops::{Contract, MatMul};
use rustc_hash::FxHashMap;
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Recorder {
    /// The recorder of a loaded graph.
    pub(super) fn load(mut graph: Graph, registry: &Registry, limits: Limits) -> Result<Self> {
        let wrong = |problem: String| Error::Graph { problem };
        let ops = load_ops(&graph, registry).map_err(wrong)?;
        // What the op itself says counts, not what a file says of it. Operands are gone through where a node has them
        // all: a number alone must not take room.
        let used = graph.used_ops();
        for (i, op) in ops.iter().enumerate() {
            let found = &graph.op_records()[i + 4];
            let arity = found.arity;
            // A stretch has been read from the graph, whatever digest of it the file has.
            let given = if op.stretch().is_some() { &Attributes::new() } else { &found.attributes };
            check_loaded(given, &**op).map_err(|problem| wrong(format!("op {found}: {problem}")))?;
            let asked = if used[i + 4] { arity } else { 0 };
            graph.set_op_record(i + 4, OpRecord { arity, ..record(&**op, asked) });
        }
        for node in graph.nodes() {
            if node.leaf().is_some() {
                continue;
            }
            let op = &*ops[graph.record(node.id()).op.0 as usize - 4];
            let (shape, kind) =
                infer(&graph, op, node.inputs(), || node.place()).map_err(|e| wrong(e.to_string()))?;
            if kind != node.kind() {
                let (id, found) = (node.id(), node.kind());
                return Err(wrong(format!(
                    "node {id} ({}) has elements of kind {found:?}, and {kind:?} would be right",
                    node.op()
                )));
            }
            if shape != node.shape() {
                let (id, found) = (node.id(), node.shape());
                return Err(wrong(format!(
                    "node {id} ({}) has shape {found:?}, and {shape:?} would be right",
                    node.op()
                )));
            }
        }
        let mut names = FxHashMap::default();
        for node in graph.nodes().filter(|n| n.leaf() == Some(Leaf::Parameter)) {
            let Some(name) = node.name() else {
                return Err(wrong(format!("parameter {} has no name", node.id())));
            };
            if let Some(first) = names.insert(name, node.id()) {
                return Err(wrong(format!("parameters {first} and {} are both called `{name}`", node.id())));
            }
        }
        let mut recorder = Self::on(graph, ops);
        recorder.limits = limits;
        recorder.check_limits()?;
        Ok(recorder)
    }

    /// That no node is larger than a graph from outside may have it.
    fn check_limits(&self) -> Result<()> {
        let terms = |node: Node<'_>| {
            let (op, &first) = (self.op(node.id()) as &dyn Any, node.inputs().first()?);
            let first = self.graph.node(first).shape();
            match op.downcast_ref::<Contract>() {
                Some(op) => Some(op.terms(first)),
                None => op.is::<MatMul>().then(|| first.last().copied().unwrap_or(0)),
            }
        };
        self.limits.check(&self.graph, terms).map_err(|problem| Error::Graph { problem })
    }

    /// The same nodes with other shapes of leaves, and no values.
    pub(crate) fn with_shapes(&self, leaves: &BTreeMap<NodeId, Vec<usize>>) -> Result<Self> {
        let mut graph = self.graph.clone();
        for &id in leaves.keys() {
            let node = graph.node(id);
            if !matches!(node.leaf(), Some(Leaf::Input | Leaf::Index | Leaf::Parameter)) {
                return Err(Error::Argument {
                    what: "with_shapes",
                    problem: format!(
                        "{} is not an input or a parameter; only these take another shape",
                        graph.describe(id)
                    ),
                });
            }
        }
        for (&id, shape) in leaves {
            crate::base::shape::checked_size(shape).map_err(|problem| Error::Argument {
                what: "with_shapes",
                problem: format!("{}: {problem}", graph.describe(id)),
            })?;
        }
        graph.reshape_nodes(|graph, id| {
            let node = graph.node(id);
            match node.leaf() {
                // The kind of a leaf follows from its op.
                Some(_) => {
                    Ok((leaves.get(&id).map_or_else(|| node.shape().to_vec(), Clone::clone), Kind::Real))
                }
                None => {
                    infer(graph, &*self.ops[graph.record(id).op.0 as usize], node.inputs(), || node.place())
                }
            }
        })?;
        let mut new = Self::on(graph, self.ops[4..].to_vec());
        new.tape_id = self.tape_id.clone();
        new.limits = self.limits;
        new.check_limits()?;
        Ok(new)
    }
}

/// Nodes may stand in so many stretches, on average: a file of a few bytes must not ask for more time.
const NESTED: usize = 64;

/// The ops of a graph behind those of leaves, found by their names, or made of the nodes of the stretches that they end.
fn load_ops(graph: &Graph, registry: &Registry) -> Result<Vec<Arc<dyn Op>>, String> {
    let records = &graph.op_records()[4..];
    let (mut ops, mut stretches) = (Vec::with_capacity(records.len()), false);
    for record in records {
        let is_stretch = registry.stretch(record)?.is_some();
        stretches |= is_stretch;
        ops.push(if is_stretch { None } else { Some(registry.load(record)?) });
    }
    let mut room = graph.len().saturating_mul(NESTED);
    for node in graph.nodes().filter(|node| stretches && node.leaf().is_none()) {
        let place = graph.record(node.id()).op.0 as usize - 4;
        let Some(load) = registry.stretch(&records[place])? else { continue };
        // Inputs are before a node, and so their ops are known.
        let op_of = |id: NodeId| match &ops[graph.record(id).op.0 as usize - 4] {
            Some(op) => Arc::clone(op),
            None => unreachable!("the ops of the nodes before are loaded"),
        };
        let wrong = |problem: String| format!("node {} ({}): {problem}", node.id(), node.op());
        let LoadedStretch { op, nodes } = load(graph, &op_of, node.id()).map_err(wrong)?;
        match room.checked_sub(nodes) {
            Some(rest) => room = rest,
            None => return Err(wrong(format!("there are more than {NESTED} stretches within each other"))),
        }
        match &ops[place] {
            Some(first) if first.attributes() != op.attributes() => {
                return Err(wrong("it ends another stretch than an earlier node of the same op".to_owned()));
            }
            Some(_) => {}
            None => ops[place] = Some(op),
        }
    }
    let missing = |record: &OpRecord| format!("op {record} ends a stretch, and no node has it");
    ops.into_iter().zip(records).map(|(op, record)| op.ok_or_else(|| missing(record))).collect()
}

/// That an op was loaded with the attributes that a file gives it. Those that the file leaves out are up to the op.
fn check_loaded(given: &Attributes, op: &dyn Op) -> Result<(), String> {
    let loaded = op.attributes();
    let other = loaded.iter().find(|&(name, value)| given.get(name).is_some_and(|given| !given.means(value)));
    other.map_or(Ok(()), |(name, value)| {
        Err(format!("it was loaded with {name}={value}; `LoadOp::load` of its type must take `{name}` from the attributes"))
    })
}
