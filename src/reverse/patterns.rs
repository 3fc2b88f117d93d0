//! Templates of what the reverse pass records for a scalar function of single numbers: both rules with the sums, one
//! template for each combination of the operands' adjoint states.
//!
//! Recording from a template looks nothing up and allocates nothing. Without them, 100,000 single numbers with their
//! recorded gradients take 88.3 million instructions instead of 49.9.

use super::adjoint::AdjointState;
use super::rule::{OpRules, RuleGraph, RuleValue};
use crate::graph::{NodeId, NodeOwner, OpIndex, Pattern, ShapeIndex};
use smallvec::SmallVec;

/// The slots that a pattern is given besides `x0` and `x1`: the result, its cotangent, and the cotangents that the operands
/// have so far.
const Y: usize = 2;
const DY: usize = 3;
const BEFORE: [usize; 2] = [4, 5];

/// The adjoint states of the first operand. The second has one of them, or is the same node.
const FIRST: [AdjointState; 3] = [AdjointState::INACTIVE, AdjointState::EMPTY, AdjointState::FIRST];
const SAME: usize = FIRST.len();

/// The patterns of an op, by the states of its operands. The results of a pattern are the operands' new cotangents; its
/// parts are what the node contributes to each.
#[derive(Debug, Clone)]
pub(crate) struct NumberPatterns(Box<[[Pattern; FIRST.len() + 1]; FIRST.len()]>);

impl NumberPatterns {
    /// The pattern for operands in these states.
    #[inline(always)]
    pub(super) fn pattern(&self, x: [NodeId; 2], [first, second]: [AdjointState; 2]) -> &Pattern {
        &self.0[first.which()][if x[0] == x[1] { SAME } else { second.which() }]
    }

    /// Patterns from the placed rules of an op of one or two operands; `None` if a rule is no pattern.
    pub(super) fn of(rules: &OpRules, sum: OpIndex) -> Option<Self> {
        let mut patterns = Vec::new();
        for first in FIRST {
            let [a, b, c] = FIRST.map(|second| one(rules, sum, first, Some(second)));
            patterns.push([a?, b?, c?, one(rules, sum, first, None)?]);
        }
        Some(Self(Box::new(patterns.try_into().ok()?)))
    }
}

/// The pattern for one combination of states; without a second state, both operands are one node.
fn one(rules: &OpRules, sum: OpIndex, first: AdjointState, second: Option<AdjointState>) -> Option<Pattern> {
    let mut pattern = Pattern::new(BEFORE)?;
    let mut states = [first, second.unwrap_or(AdjointState::INACTIVE)];
    let mut totals = BEFORE;
    let arity = rules.operands.len();
    for (operand, rule) in rules.operands.iter().enumerate() {
        // Where both operands are one node, its cotangent is kept with the first.
        let x = if second.is_none() { 0 } else { operand };
        let state = *states.get(x)?;
        let (nodes, result) = match rule {
            _ if state == AdjointState::INACTIVE => continue,
            RuleGraph::Zero => continue,
            RuleGraph::NotDifferentiable => return None,
            RuleGraph::Nodes { nodes, result } => (nodes, *result),
        };
        let begin = pattern.next();
        let slot = |slot: usize| match slot {
            x if x < arity => x,
            y if y == arity => Y,
            dy if dy == arity + 1 => DY,
            node => begin + node - arity - 2,
        };
        for node in nodes {
            let slots: SmallVec<[usize; 2]> = node.inputs.iter().map(|&input| slot(input)).collect();
            match &node.value {
                RuleValue::Constant(numbers) => match **numbers {
                    [number] => pattern.constant(node.op(), node.shape(), number, NodeOwner::First)?,
                    _ => return None,
                },
                RuleValue::Op(_) | RuleValue::Leaf(_) => {
                    pattern.op(node.op(), node.shape(), &slots, NodeOwner::First)?
                }
            };
        }
        let part = slot(result);
        let owner = [NodeOwner::Second, NodeOwner::Third][x];
        totals[x] = match state {
            AdjointState::EMPTY => part,
            _ => pattern.op(sum, ShapeIndex::SCALAR, &[totals[x], part], owner)?,
        };
        states[x] = AdjointState::FIRST;
        pattern.set_part(operand, part)?;
    }
    pattern.set_result(0, totals[0])?;
    pattern.set_result(1, totals[if second.is_none() { 0 } else { 1 }])?;
    Some(pattern)
}
