//! Derivative rules as small graphs over `x0…, y, dy`: recorded once per op and shapes, then put on the tape as often
//! as they are needed.

use super::op::{Derivative, Op};
use super::recorder::{Recorder, kinds};
use super::reverse::Reverse;
use super::{Tape, Var};
use crate::error::{Error, Result};
use crate::graph::{Graph, Kind, Leaf, NodeId, OpIndex, ShapeIndex};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// What a rule depends on: the op, and the shapes and kinds of its operands.
type Key = (OpIndex, SmallVec<[(ShapeIndex, Kind); 3]>);

/// The rules of the ops met so far.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    by_shapes: FxHashMap<Key, Rc<OpRules>>,
    /// Those of scalar functions on single numbers, by the op.
    of_numbers: Vec<Option<Rc<OpRules>>>,
    /// The same as patterns, from when they were first put on the tape.
    pub(super) reverse: Vec<Option<Reverse>>,
}

/// The rules of an op for operands of some shapes.
#[derive(Debug)]
pub(crate) struct OpRules {
    /// One for each operand.
    pub(super) operands: Vec<RuleGraph>,
    /// Whether the ops and shapes of their nodes are in the tape's tables.
    pub(super) placed: Cell<bool>,
}

impl std::ops::Index<usize> for OpRules {
    type Output = RuleGraph;

    fn index(&self, operand: usize) -> &RuleGraph {
        &self.operands[operand]
    }
}

/// The VJP for one operand.
#[derive(Debug)]
pub(crate) enum RuleGraph {
    Zero,
    NotDifferentiable,
    Nodes {
        nodes: Vec<RuleNode>,
        /// Which slot holds the operand's cotangent.
        result: usize,
    },
}

/// A node of a rule. Slots are numbered: operands, then `y`, then `dy`, then the rule's nodes in order.
#[derive(Debug)]
pub(crate) struct RuleNode {
    pub(super) content: Made,
    pub(super) shape: Box<[usize]>,
    pub(super) kind: Kind,
    pub(super) inputs: Box<[usize]>,
    /// The op and the shape by their places in the tape's tables, from when it is first put on the tape.
    pub(super) placed: Cell<(OpIndex, ShapeIndex)>,
}

/// What a node of a rule computes.
#[derive(Debug)]
pub(super) enum Made {
    Op(Arc<dyn Op>),
    Leaf(Leaf),
    Constant(Vec<f64>),
}

impl RuleNode {
    pub(crate) fn op(&self) -> OpIndex {
        self.placed.get().0
    }

    pub(crate) fn shape(&self) -> ShapeIndex {
        self.placed.get().1
    }
}

/// A node of a rule on its way to where it is put.
pub(crate) struct Part<'a, S> {
    pub(crate) node: &'a RuleNode,
    pub(crate) content: Content<'a, S>,
}

/// What a node of a rule is made of.
pub(crate) enum Content<'a, S> {
    Constant(&'a [f64]),
    Inputs(&'a [S]),
}

impl RuleGraph {
    /// Goes through the rule's nodes, each put in its place by `put`: where that leaves the operand's cotangent. Ends
    /// at the first that has no place. `slots` begins with the operands, the result and its cotangent.
    #[inline]
    pub(super) fn walk<S: Copy, E>(
        &self,
        slots: &mut Vec<S>,
        mut put: impl FnMut(Part<'_, S>) -> Result<S, E>,
    ) -> Result<Option<S>, E> {
        let Self::Nodes { nodes, result } = self else { return Ok(None) };
        for node in nodes {
            let (one, two, more): ([S; 1], [S; 2], SmallVec<[S; 4]>);
            let content = match (&node.content, &*node.inputs) {
                (Made::Constant(numbers), _) => Content::Constant(numbers),
                (_, &[]) => Content::Inputs(&[]),
                (_, &[a]) => {
                    one = [slots[a]];
                    Content::Inputs(&one)
                }
                (_, &[a, b]) => {
                    two = [slots[a], slots[b]];
                    Content::Inputs(&two)
                }
                (_, all) => {
                    more = all.iter().map(|&slot| slots[slot]).collect();
                    Content::Inputs(&more)
                }
            };
            slots.push(put(Part { node, content })?);
        }
        Ok(Some(slots[*result]))
    }
}

impl Recorder {
    /// That an operand has a derivative.
    #[inline]
    pub(crate) fn differentiable(&self, rule: &RuleGraph, node: NodeId, operand: usize) -> Result<()> {
        if !matches!(rule, RuleGraph::NotDifferentiable) {
            return Ok(());
        }
        let at = self.graph.node(node);
        Err(Error::NotDifferentiable {
            op: at.op().to_string(),
            node: self.graph.describe(node),
            operand,
            location: at.place(),
        })
    }

    /// What the rule of `node` for one operand has put on the tape, if it is there: each of its nodes as `find` finds
    /// it, from `dy` on. Nothing is recorded.
    pub(crate) fn find_rule(
        &mut self,
        node: NodeId,
        operand: usize,
        dy: NodeId,
        mut find: impl FnMut(&Graph, Part<'_, NodeId>) -> Option<NodeId>,
    ) -> Result<Option<NodeId>> {
        let rules = self.placed_rules(node)?;
        let graph = &self.graph;
        let mut slots = graph.node(node).inputs().to_vec();
        slots.extend([node, dy]);
        Ok(rules[operand].walk(&mut slots, |part| find(graph, part).ok_or(())).unwrap_or_default())
    }

    /// Whether the rule of `node` for an operand says anything but that there is nothing to hand on.
    pub(crate) fn has_rule(&mut self, node: NodeId, operand: usize) -> Result<bool> {
        Ok(matches!(self.rules_of(node)?[operand], RuleGraph::Nodes { .. }))
    }

    /// The rules of a node, as small graphs; the tape's own graph stays as it is.
    pub(super) fn rules_of(&mut self, id: NodeId) -> Result<Rc<OpRules>> {
        let record = self.graph.record(id);
        let op = record.op;
        let of_numbers = record.shape == ShapeIndex::SCALAR && self.facts[op.0 as usize].scalar.is_some();
        if let Some(rules) = self.known_rules(id) {
            return Ok(rules.clone());
        }
        let operands = (0..self.graph.node(id).inputs().len())
            .map(|operand| self.record_rule(id, operand))
            .collect::<Result<_>>()?;
        let rules = Rc::new(OpRules { operands, placed: Cell::new(false) });
        if of_numbers {
            let known = &mut self.rules.of_numbers;
            known.resize(known.len().max(op.0 as usize + 1), None);
            known[op.0 as usize] = Some(rules.clone());
        } else {
            self.rules.by_shapes.insert(self.rules_key(id), rules.clone());
        }
        Ok(rules)
    }

    fn rules_key(&self, id: NodeId) -> Key {
        let inputs = self.graph.node(id).inputs();
        let shapes = inputs.iter().map(|&x| self.graph.record(x).shape);
        (self.graph.record(id).op, shapes.zip(kinds(&self.graph, inputs)).collect())
    }

    /// The rules of a node, if some were recorded for its op on operands of these shapes.
    pub(super) fn known_rules(&self, id: NodeId) -> Option<&Rc<OpRules>> {
        self.rules_of_number(id).or_else(|| self.rules.by_shapes.get(&self.rules_key(id)))
    }

    /// The rules of a scalar function on single numbers, if they are known.
    #[inline]
    pub(super) fn rules_of_number(&self, id: NodeId) -> Option<&Rc<OpRules>> {
        let record = self.graph.record(id);
        let rules = self.rules.of_numbers.get(record.op.0 as usize)?;
        rules.as_ref().filter(|_| record.shape == ShapeIndex::SCALAR)
    }

    /// The rules of a node, whose ops and shapes are in the tables.
    #[inline]
    pub(crate) fn placed_rules(&mut self, id: NodeId) -> Result<Rc<OpRules>> {
        match self.rules_of_number(id) {
            Some(rules) if rules.placed.get() => Ok(rules.clone()),
            _ => self.place_rules(id),
        }
    }

    fn place_rules(&mut self, id: NodeId) -> Result<Rc<OpRules>> {
        let rules = self.rules_of(id)?;
        if rules.placed.get() {
            return Ok(rules);
        }
        for rule in &rules.operands {
            let RuleGraph::Nodes { nodes, .. } = rule else { continue };
            for node in nodes {
                let op = match &node.content {
                    Made::Op(op) => {
                        self.intern(op.clone(), node.inputs.len(), |graph| graph.node(id).place())?
                    }
                    Made::Leaf(leaf) => leaf.op(),
                    Made::Constant(_) => Leaf::Constant.op(),
                };
                node.placed.set((op, self.graph.shape_id(&node.shape).of_kind(node.kind)));
            }
        }
        rules.placed.set(true);
        Ok(rules)
    }

    /// Runs an op's rule on a tape of its own, and copies what its result depends on.
    pub(super) fn record_rule(&self, id: NodeId, operand: usize) -> Result<RuleGraph> {
        let node = self.graph.node(id);
        let op = self.ops[self.graph.record(id).op.0 as usize].clone();
        if kinds(&self.graph, node.inputs()).nth(operand) == Some(Kind::Index) {
            return Ok(RuleGraph::NotDifferentiable);
        }
        let tape = Tape::new();
        let x: Vec<Var<'_>> = node
            .inputs()
            .iter()
            .enumerate()
            .map(|(i, &input)| {
                let input = self.graph.node(input);
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
            node: self.graph.describe(id),
            location: self.graph.node(id).place(),
        })?;
        Ok(copy_rule(&tape, result))
    }
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
            content: match (node.constant(), node.leaf()) {
                (Some(numbers), _) => Made::Constant(numbers.to_vec()),
                (None, Some(leaf)) => Made::Leaf(leaf),
                (None, None) => Made::Op(recorder.ops[graph.record(node.id()).op.0 as usize].clone()),
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
    if crate::shape::broadcasts_to(&wanted, &found) {
        return Ok(result.sum_to_like(x));
    }
    Err(format!(
        "it returned shape {found:?} for an operand of shape {wanted:?}; these must agree, up to broadcasting"
    ))
}
