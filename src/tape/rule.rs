//! Derivative rules as small graphs over `x0…, y, dy`: recorded once per op and shapes, then put on the tape as often
//! as they are needed.

use super::op::{Derivative, Op};
use super::recorder::{Recorder, kinds};
use super::{Tape, Var};
use crate::error::{Error, Result};
use crate::graph::{Graph, Kind, Leaf, NodeId, OpIndex, Origin, ShapeIndex, Stamp};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::rc::Rc;

/// What a rule depends on: the op, and the shapes and kinds of its operands.
type Key = (OpIndex, SmallVec<[(ShapeIndex, Kind); 3]>);

/// The rules of the ops met so far.
#[derive(Debug, Default)]
pub(crate) struct Rules(FxHashMap<Key, Rc<[RuleGraph]>>);

/// The VJP for one operand.
#[derive(Debug)]
enum RuleGraph {
    Zero,
    NotDifferentiable,
    Nodes {
        nodes: Vec<RuleNode>,
        /// Which slot holds the operand's cotangent.
        result: usize,
    },
}

/// A node of a rule on its way to the tape.
pub(crate) struct Part<'a> {
    pub(crate) op: OpIndex,
    pub(crate) shape: ShapeIndex,
    pub(crate) content: Content<'a>,
}

/// What a node of a rule is made of.
pub(crate) enum Content<'a> {
    Constant(&'a [f64]),
    Inputs(&'a [NodeId]),
}

impl RuleGraph {
    /// Goes through the rule's nodes on the operands, the result and its cotangent of a node, each put in its place by
    /// `put`: where that leaves the operand's cotangent. Ends at the first that has no place.
    fn walk(
        &self,
        operands: &[NodeId],
        y: NodeId,
        dy: NodeId,
        mut put: impl FnMut(Part<'_>) -> Option<NodeId>,
    ) -> Option<NodeId> {
        let Self::Nodes { nodes, result } = self else { return None };
        let mut slots: SmallVec<[NodeId; 16]> = operands.into();
        slots.extend([y, dy]);
        for RuleNode { op, shape, inputs, constant } in nodes {
            let inputs: SmallVec<[NodeId; 4]> = inputs.iter().map(|&slot| slots[slot]).collect();
            let content = match constant {
                Some(numbers) => Content::Constant(numbers),
                None => Content::Inputs(&inputs),
            };
            slots.push(put(Part { op: *op, shape: *shape, content })?);
        }
        Some(slots[*result])
    }
}

/// A node of a rule. Slots are numbered: operands, then `y`, then `dy`, then the rule's nodes in order.
#[derive(Debug)]
struct RuleNode {
    op: OpIndex,
    shape: ShapeIndex,
    inputs: SmallVec<[usize; 3]>,
    constant: Option<Vec<f64>>,
}

/// What the cotangent of one operand is, given that of the result.
pub(crate) enum Contribution {
    Node(NodeId),
    Zero,
}

impl Recorder {
    /// Puts the rule of `node` for one operand on the tape: what `dy`, the node's cotangent, contributes to the
    /// operand's.
    ///
    /// The new nodes carry the scope and source line of `node`, and its id as their origin.
    pub(crate) fn apply_rule(&mut self, node: NodeId, operand: usize, dy: NodeId) -> Result<Contribution> {
        let rules = self.rules_of(node)?;
        if let RuleGraph::NotDifferentiable = rules[operand] {
            let at = self.graph.node(node);
            return Err(Error::NotDifferentiable {
                op: at.op().to_string(),
                node: self.graph.describe(node),
                operand,
                location: at.place(),
            });
        }
        let record = self.graph.record(node);
        let (scope, location, origin) = (record.scope, record.location, Origin::Backward(node));
        let graph = &mut self.graph;
        let operands: SmallVec<[NodeId; 4]> = graph.node(node).inputs().into();
        let put = |part: Part<'_>| {
            let stamp = Stamp { op: part.op, shape: part.shape, scope, location, origin };
            Some(match part.content {
                Content::Constant(numbers) => graph.push_constant(stamp, numbers.iter().copied()),
                Content::Inputs(inputs) => graph.push(stamp, inputs),
            })
        };
        Ok(match rules[operand].walk(&operands, node, dy, put) {
            Some(id) => Contribution::Node(id),
            None => Contribution::Zero,
        })
    }

    /// What the rule of `node` for one operand has put on the tape, if it is there: each of its nodes as `find` finds
    /// it, from `dy` on. Nothing is recorded.
    pub(crate) fn find_rule(
        &mut self,
        node: NodeId,
        operand: usize,
        dy: NodeId,
        mut find: impl FnMut(&Graph, Part<'_>) -> Option<NodeId>,
    ) -> Result<Option<NodeId>> {
        let rules = self.rules_of(node)?;
        let graph = &self.graph;
        let operands: SmallVec<[NodeId; 4]> = graph.node(node).inputs().into();
        Ok(rules[operand].walk(&operands, node, dy, |part| find(graph, part)))
    }

    /// Whether the rule of `node` for an operand says anything but that there is nothing to hand on.
    pub(crate) fn has_rule(&mut self, node: NodeId, operand: usize) -> Result<bool> {
        Ok(matches!(self.rules_of(node)?[operand], RuleGraph::Nodes { .. }))
    }

    /// The op that contributions to a cotangent are added with.
    pub(crate) fn sum_op(&mut self) -> OpIndex {
        self.intern_typed(crate::ops::Add, 2)
    }

    /// The sum of two contributions to the cotangent of `node`.
    pub(crate) fn accumulate(&mut self, node: NodeId, sum: NodeId, part: NodeId) -> NodeId {
        let op = self.sum_op();
        let record = self.graph.record(node);
        let (shape, scope, location) = (record.shape, record.scope, record.location);
        let stamp = Stamp { op, shape, scope, location, origin: Origin::Backward(node) };
        self.graph.push(stamp, &[sum, part])
    }

    fn rules_of(&mut self, id: NodeId) -> Result<Rc<[RuleGraph]>> {
        let inputs = self.graph.node(id).inputs();
        let op = self.graph.record(id).op;
        let shapes = inputs.iter().map(|&x| self.graph.record(x).shape);
        let key = (op, shapes.zip(kinds(&self.graph, inputs)).collect());
        if let Some(rules) = self.rules.0.get(&key) {
            return Ok(rules.clone());
        }
        let arity = inputs.len();
        let rules = (0..arity).map(|operand| self.record_rule(id, operand)).collect::<Result<Rc<[_]>>>()?;
        self.rules.0.insert(key, rules.clone());
        Ok(rules)
    }

    /// Runs an op's rule on a tape of its own, and copies what its result depends on.
    fn record_rule(&mut self, id: NodeId, operand: usize) -> Result<RuleGraph> {
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
        Ok(self.adopt_rule(&tape, result))
    }

    /// Copies the ancestors of `result` with this tape's numbers for their ops and shapes.
    fn adopt_rule(&mut self, tape: &Tape, result: Var<'_>) -> RuleGraph {
        let recorder = tape.recorder().borrow();
        let graph = &recorder.graph;
        let needed = graph.ancestors([result.id()]);
        let named = graph.nodes().take_while(|n| matches!(n.leaf(), Some(Leaf::Input | Leaf::Index))).count();
        let mut slot_of: Vec<usize> = (0..graph.len()).collect();
        let mut nodes = Vec::new();
        for node in graph.nodes().skip(named).filter(|n| needed[n.id().index()]) {
            let record = graph.record(node.id());
            slot_of[node.id().index()] = named + nodes.len();
            nodes.push(RuleNode {
                op: match node.leaf() {
                    Some(leaf) => leaf.op(),
                    None => self.intern(recorder.ops[record.op.0 as usize].clone(), node.inputs().len()),
                },
                shape: self.graph.shape_id(node.shape()),
                inputs: node.inputs().iter().map(|input| slot_of[input.index()]).collect(),
                constant: node.constant().map(<[f64]>::to_vec),
            });
        }
        RuleGraph::Nodes { nodes, result: slot_of[result.id().index()] }
    }
}

/// That the gradients recorded in `old` are still right in `new`, the same nodes with other shapes: that the rules of
/// the nodes they came through are the same. Where an axis of size 1 grows, an operand that was not stretched now is,
/// and a sum is missing from what was recorded.
pub(super) fn check_same(old: &mut Recorder, new: &mut Recorder) -> Result<()> {
    let through = old.graph.nodes().filter_map(|n| match n.origin() {
        Origin::Backward(through) => Some(through),
        Origin::Forward | Origin::Update => None,
    });
    // A rule that hands on dy itself leaves no node, so all that lies below those that do is looked at.
    let below = old.graph.ancestors(through);
    let mut checked = FxHashSet::default();
    for id in old.graph.ids().filter(|id| below[id.index()]) {
        if old.graph.node(id).leaf().is_some() {
            continue;
        }
        let shapes = |r: &Recorder| -> SmallVec<[ShapeIndex; 3]> {
            r.graph.node(id).inputs().iter().map(|&x| r.graph.record(x).shape).collect()
        };
        if !checked.insert((old.graph.record(id).op, shapes(old), shapes(new))) {
            continue;
        }
        let (before, after) = (old.rules_of(id)?, new.rules_of(id)?);
        for (operand, (before, after)) in before.iter().zip(&*after).enumerate() {
            if !still_right(operand, (before, old), (after, new)) {
                return Err(Error::Argument {
                    what: "with_shapes",
                    problem: format!(
                        "{} has other rules with these shapes than as {}, so the gradients recorded through it would \
                         be wrong; record them where the same operands are stretched, with a batch of 2 or more",
                        new.graph.describe(id),
                        old.graph.describe(id)
                    ),
                });
            }
        }
    }
    Ok(())
}

/// Whether a rule says the same as another, but for a sum over stretched axes of which there are none any more.
fn still_right(
    operand: usize,
    (old, before): (&RuleGraph, &Recorder),
    (new, after): (&RuleGraph, &Recorder),
) -> bool {
    let (old, old_result, new, new_result) = match (old, new) {
        (RuleGraph::Nodes { nodes: a, result: ra }, RuleGraph::Nodes { nodes: b, result: rb }) => {
            (a, *ra, b, *rb)
        }
        (RuleGraph::Zero, RuleGraph::Zero) | (RuleGraph::NotDifferentiable, RuleGraph::NotDifferentiable) => {
            return true;
        }
        _ => return false,
    };
    let same = |a: &RuleNode, b: &RuleNode| {
        let (x, y) = (before.graph.op_record(a.op), after.graph.op_record(b.op));
        (&x.name, &x.attributes, &a.inputs, &a.constant) == (&y.name, &y.attributes, &b.inputs, &b.constant)
    };
    let begins_the_same = old.len() >= new.len() && old.iter().zip(new).all(|(a, b)| same(a, b));
    begins_the_same
        && match &old[new.len()..] {
            [] => old_result == new_result,
            [sum] => {
                before.graph.op_record(sum.op).name == crate::ops::SumToLike.name()
                    && *sum.inputs == [new_result, operand]
            }
            _ => false,
        }
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
