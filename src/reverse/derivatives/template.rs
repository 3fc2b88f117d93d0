//! A stretch of a graph, to be recorded again.

use crate::error::Result;
use crate::graph::{Graph, Kind, Leaf, NodeId};
use crate::tape::{Op, Tape, Var};
use rustc_hash::{FxHashMap, FxHashSet};
use std::fmt;
use std::sync::Arc;

/// The nodes that were recorded from some others, its operands, up to a result.
pub(super) struct Template {
    /// For each operand, whether it is computed or fed, and not trained.
    fresh: Vec<bool>,
    nodes: Vec<TemplateNode>,
    result: usize,
}

struct TemplateNode {
    value: TemplateValue,
    /// Operands and nodes, by their place: the operands come first.
    inputs: Vec<usize>,
}

enum TemplateValue {
    Op(Arc<dyn Op>),
    Number(f64),
}

impl Template {
    /// What `result` was computed by since the graph had `first` nodes; and its operands, `given` before those that are
    /// found: whatever was there before, and all leaves but single constant numbers.
    pub(super) fn new(
        graph: &Graph,
        op_of: impl Fn(NodeId) -> Arc<dyn Op>,
        first: usize,
        given: &[NodeId],
        result: NodeId,
    ) -> (Self, Vec<NodeId>) {
        let number = |id: NodeId| match graph.node(id).constant() {
            Some(&[number]) if graph.node(id).shape().is_empty() => Some(number),
            _ => None,
        };
        let inside =
            |id: NodeId| !given.contains(&id) && id.index() >= first && graph.node(id).leaf().is_none();
        let mut interior = Vec::new();
        let mut operands = given.to_vec();
        let mut found = vec![result];
        let mut met: FxHashSet<NodeId> = given.iter().copied().chain([result]).collect();
        while let Some(id) = found.pop() {
            if inside(id) {
                let inputs = graph.node(id).inputs().iter().copied();
                interior.push(id);
                found.extend(inputs.filter(|&x| met.insert(x)));
            } else if number(id).is_some() {
                interior.push(id);
            } else if !given.contains(&id) {
                operands.push(id);
            }
        }
        interior.sort_unstable();
        operands[given.len()..].sort_unstable();
        let places: FxHashMap<NodeId, usize> =
            operands.iter().chain(&interior).enumerate().map(|(place, &id)| (id, place)).collect();
        let nodes = interior.iter().map(|&id| TemplateNode {
            value: match number(id) {
                Some(number) => TemplateValue::Number(number),
                None => TemplateValue::Op(op_of(id)),
            },
            inputs: graph.node(id).inputs().iter().map(|x| places[x]).collect(),
        });
        let fresh = operands
            .iter()
            .map(|&id| !matches!(graph.node(id).leaf(), Some(Leaf::Parameter | Leaf::Constant)));
        (Self { fresh: fresh.collect(), nodes: nodes.collect(), result: places[&result] }, operands)
    }

    /// For each operand, whether it is computed or fed, and not trained.
    pub(super) fn fresh(&self) -> &[bool] {
        &self.fresh
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Records the nodes again, on other operands.
    #[track_caller]
    pub(super) fn record<'t>(&self, tape: &'t Tape, operands: &[Var<'t>]) -> Result<Var<'t>> {
        let mut vars = operands.to_vec();
        for node in &self.nodes {
            let inputs: Vec<Var<'t>> = node.inputs.iter().map(|&place| vars[place]).collect();
            vars.push(match &node.value {
                TemplateValue::Op(op) => tape.try_apply_shared(op.clone(), &inputs)?,
                TemplateValue::Number(number) => tape.constant(*number),
            });
        }
        Ok(vars[self.result])
    }
}

/// The first of some operands beside those of a VJP that has a gradient, which would be lost.
pub(super) fn lost(graph: &Graph, others: &[NodeId]) -> Option<NodeId> {
    let has_gradient = |&id: &NodeId| {
        let node = graph.node(id);
        node.kind() == Kind::Real && node.leaf() != Some(Leaf::Constant)
    };
    others.iter().copied().find(has_gradient)
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ", self.fresh)?;
        for TemplateNode { value, inputs } in &self.nodes {
            match value {
                TemplateValue::Op(op) => {
                    write!(f, "{} ", op.name())?;
                    op.identity(f)?;
                }
                TemplateValue::Number(number) => write!(f, "{:x}", number.to_bits())?,
            }
            write!(f, " {inputs:?}; ")?;
        }
        write!(f, "{}", self.result)
    }
}
