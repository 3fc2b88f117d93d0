//! The rules of ops: recorded once per op and operand shapes on a tape of their own, kept as small graphs, and recorded or
//! evaluated as often as they are needed.

use super::patterns::NumberPatterns;
use super::rule::{OpRules, RuleGraph, RuleNode, RuleValue};
use crate::error::{Error, Result};
use crate::graph::{Kind, Leaf, NodeId, OpIndex, ShapeIndex};
use crate::tape::op::Derivative;
use crate::tape::{Recorder, Tape, Var, kinds};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::cell::Cell;
use std::rc::Rc;

/// What a rule depends on: the op, and the shapes and kinds of its operands.
type RuleKey = (OpIndex, SmallVec<[(ShapeIndex, Kind); 3]>);

/// The rules of the ops met so far.
#[derive(Debug, Default)]
pub(super) struct Rules {
    by_shapes: FxHashMap<RuleKey, Rc<OpRules>>,
    /// Those of scalar functions on single numbers, by the op.
    of_numbers: Vec<Option<Rc<OpRules>>>,
    /// The same as patterns, from when they were first recorded.
    pub(super) patterns: Vec<Option<NumberPatterns>>,
}

impl Rules {
    /// The rules of a node, as small graphs; the tape's own graph stays as it is.
    ///
    /// # Errors
    ///
    /// [`Error::Rule`] if an op's rule gives what cannot be a cotangent of the operand.
    pub(super) fn of(&mut self, recorder: &Recorder, id: NodeId) -> Result<Rc<OpRules>> {
        if let Some(rules) = self.known(recorder, id) {
            return Ok(rules.clone());
        }
        let record = recorder.graph.record(id);
        let op = record.op.0 as usize;
        let operands = (0..recorder.graph.node(id).inputs().len())
            .map(|operand| record_rule(recorder, id, operand))
            .collect::<Result<_>>()?;
        let rules = Rc::new(OpRules { operands, placed: Cell::new(false) });
        if record.shape == ShapeIndex::SCALAR && recorder.infos[op].scalar().is_some() {
            let known = &mut self.of_numbers;
            known.resize(known.len().max(op + 1), None);
            known[op] = Some(rules.clone());
        } else {
            self.by_shapes.insert(key(recorder, id), rules.clone());
        }
        Ok(rules)
    }

    /// The rules of a node, if some were recorded for its op on operands of these shapes.
    pub(super) fn known(&self, recorder: &Recorder, id: NodeId) -> Option<&Rc<OpRules>> {
        self.of_number(recorder, id).or_else(|| self.by_shapes.get(&key(recorder, id)))
    }

    /// The rules of a scalar function on single numbers, if they are known.
    #[inline]
    pub(super) fn of_number(&self, recorder: &Recorder, id: NodeId) -> Option<&Rc<OpRules>> {
        let record = recorder.graph.record(id);
        let rules = self.of_numbers.get(record.op.0 as usize)?;
        rules.as_ref().filter(|_| record.shape == ShapeIndex::SCALAR)
    }

    /// The rules of a node, whose ops and shapes are in the tape's tables.
    #[inline]
    pub(super) fn placed(&mut self, recorder: &mut Recorder, id: NodeId) -> Result<Rc<OpRules>> {
        match self.of_number(recorder, id) {
            Some(rules) if rules.placed.get() => Ok(rules.clone()),
            _ => self.place(recorder, id),
        }
    }

    fn place(&mut self, recorder: &mut Recorder, id: NodeId) -> Result<Rc<OpRules>> {
        let rules = self.of(recorder, id)?;
        if rules.placed.get() {
            return Ok(rules);
        }
        for rule in &rules.operands {
            let RuleGraph::Nodes { nodes, .. } = rule else { continue };
            for node in nodes {
                let op = match &node.value {
                    RuleValue::Op(op) => {
                        recorder.intern(op.clone(), node.inputs.len(), |graph| graph.node(id).place())?
                    }
                    RuleValue::Leaf(leaf) => leaf.op(),
                    RuleValue::Constant(_) => Leaf::Constant.op(),
                };
                node.placed.set((op, recorder.graph.shape_id(&node.shape).of_kind(node.kind)));
            }
        }
        rules.placed.set(true);
        Ok(rules)
    }
}

fn key(recorder: &Recorder, id: NodeId) -> RuleKey {
    let graph = &recorder.graph;
    let inputs = graph.node(id).inputs();
    let shapes = inputs.iter().map(|&x| graph.record(x).shape);
    (graph.record(id).op, shapes.zip(kinds(graph, inputs)).collect())
}

/// Runs an op's rule on a tape of its own, and copies what its result depends on.
pub(super) fn record_rule(recorder: &Recorder, id: NodeId, operand: usize) -> Result<RuleGraph> {
    let graph = &recorder.graph;
    let node = graph.node(id);
    let op = recorder.op(id);
    if kinds(graph, node.inputs()).nth(operand) == Some(Kind::Index) {
        return Ok(RuleGraph::NotDifferentiable);
    }
    let tape = Tape::new();
    let x: Vec<Var<'_>> = node
        .inputs()
        .iter()
        .enumerate()
        .map(|(i, &input)| {
            let input = graph.node(input);
            match input.kind() {
                Kind::Real => tape.input(&format!("x{i}"), input.shape()),
                Kind::Index => tape.index_input(&format!("x{i}"), input.shape()),
            }
        })
        .collect();
    let y = tape.input("y", node.shape());
    let dy = tape.input("dy", node.shape());
    let result = match op.rule(operand, &x, y, dy) {
        Derivative::Zero => return Ok(RuleGraph::Zero),
        Derivative::NotDifferentiable => return Ok(RuleGraph::NotDifferentiable),
        Derivative::Var(result) => result,
    };
    let result = fit(&tape, x[operand], result).map_err(|problem| Error::Rule {
        op: op.name().to_owned(),
        operand,
        problem,
        node: graph.describe(id),
        location: node.place(),
    })?;
    Ok(copy_rule(&tape, result))
}

/// Copies the ancestors of `result`, the cotangent of an operand, from the tape that a rule was recorded on.
fn copy_rule(tape: &Tape, result: Var<'_>) -> RuleGraph {
    let recorder = tape.recorder().borrow();
    let graph = &recorder.graph;
    let needed = graph.ancestors([result.id()]);
    let named = graph.nodes().take_while(|n| matches!(n.leaf(), Some(Leaf::Input | Leaf::Index))).count();
    let mut slot_of: Vec<usize> = (0..graph.len()).collect();
    let mut nodes = Vec::new();
    for node in graph.nodes().skip(named).filter(|n| needed[n.id().index()]) {
        slot_of[node.id().index()] = named + nodes.len();
        nodes.push(RuleNode {
            value: match (node.constant(), node.leaf()) {
                (Some(numbers), _) => RuleValue::Constant(numbers.to_vec()),
                (None, Some(leaf)) => RuleValue::Leaf(leaf),
                (None, None) => RuleValue::Op(recorder.ops[graph.record(node.id()).op.0 as usize].clone()),
            },
            shape: node.shape().into(),
            kind: if node.leaf().is_some() { Kind::Real } else { node.kind() },
            inputs: node.inputs().iter().map(|input| slot_of[input.index()]).collect(),
            placed: Cell::new((Leaf::Constant.op(), ShapeIndex::SCALAR)),
        });
    }
    RuleGraph::Nodes { nodes, result: slot_of[result.id().index()] }
}

/// A rule's result in the shape of its operand: this is where broadcasting is undone.
///
/// # Errors
///
/// What is wrong with it and what would be right.
fn fit<'t>(tape: &'t Tape, x: Var<'t>, result: Var<'t>) -> Result<Var<'t>, String> {
    if !std::ptr::eq(result.tape(), tape) {
        return Err("it returned a var of another tape; build it from x, y and dy".to_owned());
    }
    let (wanted, found) = (x.shape(), result.shape());
    if wanted == found {
        return Ok(result);
    }
    if crate::base::shape::broadcasts_to(&wanted, &found) {
        return Ok(result.sum_to_like(x));
    }
    Err(format!(
        "it returned shape {found:?} for an operand of shape {wanted:?}; these must agree, up to broadcasting"
    ))
}
