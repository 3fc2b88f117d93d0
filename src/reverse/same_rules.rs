//! Whether recorded gradients are still right where leaves have other shapes.

use super::rule::{RuleGraph, RuleNode, RuleValue};
use super::rules::Rules;
use crate::error::{Error, Result};
use crate::graph::{Origin, ShapeIndex};
use crate::ops::SumToLike;
use crate::tape::identity::are_same;
use crate::tape::{Op, Recorder, Tape, Var};
use rustc_hash::FxHashSet;
use smallvec::SmallVec;
use std::collections::BTreeMap;

impl Tape {
    /// The same recording with other shapes of leaves, such as another batch size; values are not taken along.
    ///
    /// Ids stay the same, so a var of this tape is found again by [`Tape::var`].
    ///
    /// # Errors
    ///
    /// [`Error::Operands`] if an op does not accept the new shapes; [`Error::Graph`] if the tape was loaded and a node would
    /// be larger than its limits allow.
    #[track_caller]
    pub fn with_shapes<'t, S: AsRef<[usize]>>(
        &'t self,
        leaves: impl IntoIterator<Item = (Var<'t>, S)>,
    ) -> Result<Self> {
        let mut shapes = BTreeMap::new();
        for (leaf, shape) in leaves {
            self.own("with_shapes", leaf, &[])?;
            shapes.insert(leaf.id(), shape.as_ref().to_vec());
        }
        let old = self.recorder().borrow();
        let new = old.with_shapes(&shapes)?;
        check_same(&old, &new)?;
        Ok(Self::with(new))
    }
}

/// That the gradients recorded in `old` are still right in `new`, the same nodes with other shapes: that the rules of
/// the nodes they came through are the same. Where an axis of size 1 grows, an operand that was not stretched now is,
/// and a sum is missing from what was recorded.
fn check_same(old: &Recorder, new: &Recorder) -> Result<()> {
    let through = old.graph.nodes().filter_map(|n| match n.origin() {
        Origin::Backward(through) => Some(through),
        Origin::Forward | Origin::Update => None,
    });
    // A rule that returns dy itself records no node, so all ancestors of the nodes with recorded rules are compared.
    let below = old.graph.ancestors(through);
    let (mut old_rules, mut new_rules) = (Rules::default(), Rules::default());
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
        let (before, after) = (old_rules.of(old, id)?, new_rules.of(new, id)?);
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
                matches!(&sum.value, RuleValue::Op(op) if op.name() == SumToLike.name())
                    && *sum.inputs == [new_result, operand]
            }
            _ => false,
        }
}

/// Whether two nodes of rules compute the same from the same places.
fn same_node(a: &RuleNode, b: &RuleNode) -> bool {
    let same_content = match (&a.value, &b.value) {
        (RuleValue::Op(a), RuleValue::Op(b)) => are_same(a, b),
        (RuleValue::Leaf(a), RuleValue::Leaf(b)) => a == b,
        (RuleValue::Constant(a), RuleValue::Constant(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
        }
        _ => false,
    };
    same_content && a.inputs == b.inputs
}

/// Whether two rules are the same.
pub(super) fn same_rule(a: &RuleGraph, b: &RuleGraph) -> bool {
    match (a, b) {
        (RuleGraph::Nodes { nodes: a, result: ra }, RuleGraph::Nodes { nodes: b, result: rb }) => {
            ra == rb && a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_node(a, b))
        }
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}
