//! Whether recorded gradients are still right where leaves have other shapes.

use super::identity::are_same;
use super::op::Op;
use super::recorder::Recorder;
use super::rule::{Made, RuleGraph, RuleNode};
use crate::error::{Error, Result};
use crate::graph::{NodeId, Origin, ShapeIndex};
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

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
        for (operand, (before, after)) in before.operands.iter().zip(&after.operands).enumerate() {
            if !still_right(operand, before, after) {
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
fn still_right(operand: usize, old: &RuleGraph, new: &RuleGraph) -> bool {
    let (old, old_result, new, new_result) = match (old, new) {
        (RuleGraph::Nodes { nodes: a, result: ra }, RuleGraph::Nodes { nodes: b, result: rb }) => {
            (a, *ra, b, *rb)
        }
        (RuleGraph::Zero, RuleGraph::Zero) | (RuleGraph::NotDifferentiable, RuleGraph::NotDifferentiable) => {
            return true;
        }
        _ => return false,
    };
    let begins_the_same = old.len() >= new.len() && old.iter().zip(new).all(|(a, b)| same_node(a, b));
    begins_the_same
        && match &old[new.len()..] {
            [] => old_result == new_result,
            [sum] => {
                matches!(&sum.content, Made::Op(op) if op.name() == crate::ops::SumToLike.name())
                    && *sum.inputs == [new_result, operand]
            }
            _ => false,
        }
}

/// Whether two nodes of rules compute the same from the same places.
fn same_node(a: &RuleNode, b: &RuleNode) -> bool {
    let same_content = match (&a.content, &b.content) {
        (Made::Op(a), Made::Op(b)) => are_same(a, b),
        (Made::Leaf(a), Made::Leaf(b)) => a == b,
        (Made::Constant(a), Made::Constant(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
        }
        _ => false,
    };
    same_content && a.inputs == b.inputs
}

/// Whether two rules are the same.
fn same_rule(a: &RuleGraph, b: &RuleGraph) -> bool {
    match (a, b) {
        (RuleGraph::Nodes { nodes: a, result: ra }, RuleGraph::Nodes { nodes: b, result: rb }) => {
            ra == rb && a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_node(a, b))
        }
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}

impl Recorder {
    /// The first operand of a node whose rule, recorded anew so many times, is once another than the one in use; none where
    /// no rule of the node is in use.
    pub(crate) fn changing_rule(&self, id: NodeId, times: usize) -> Option<usize> {
        let rules = self.known_rules(id)?;
        (0..times).find_map(|_| {
            rules.operands.iter().enumerate().find_map(|(operand, rule)| {
                let again = self.record_rule(id, operand);
                (!again.is_ok_and(|again| same_rule(rule, &again))).then_some(operand)
            })
        })
    }
}
