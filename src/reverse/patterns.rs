//! What the reverse pass records for a scalar function of single numbers, as patterns: made once from its recorded rules,
//! for all that its operands can be by then.

use super::adjoint::AdjointState;
use super::rule::{OpRules, RuleGraph, RuleValue};
use crate::graph::{NodeId, OpIndex, Owner, Pattern, ShapeIndex};
use smallvec::SmallVec;

/// The slots that a pattern is given besides `x0` and `x1`: the result, its cotangent, and what the operands have of theirs
/// so far.
const Y: usize = 2;
const DY: usize = 3;
const BEFORE: [usize; 2] = [4, 5];

/// What there can be known of the first operand, and of the second: as of the first, or that they are one node.
const FIRST: [AdjointState; 3] = [AdjointState::INACTIVE, AdjointState::EMPTY, AdjointState::FIRST];
const SAME: usize = FIRST.len();

/// The rules of both operands, with the sums of what comes to one node, for all that can be known of the operands. Results
/// are the operands' cotangents then, and what is shown is what this node contributes to them.
#[derive(Debug, Clone)]
pub(crate) struct NumberPatterns(Box<[[Pattern; FIRST.len() + 1]; FIRST.len()]>);

impl NumberPatterns {
    /// The pattern for operands of which so much is known.
    #[inline(always)]
    pub(super) fn pattern(&self, x: [NodeId; 2], [first, second]: [AdjointState; 2]) -> &Pattern {
        &self.0[first.which()][if x[0] == x[1] { SAME } else { second.which() }]
    }

    /// From the recorded rules of an op of one or two operands, which are in the tape's tables; `None` if they can be no
    /// patterns.
    pub(super) fn of(rules: &OpRules, sum: OpIndex) -> Option<Self> {
        let mut patterns = Vec::new();
        for first in FIRST {
            let [a, b, c] = FIRST.map(|second| one(rules, sum, first, Some(second)));
            patterns.push([a?, b?, c?, one(rules, sum, first, None)?]);
        }
        Some(Self(Box::new(patterns.try_into().ok()?)))
    }
}

/// One of the patterns; without a state of the second operand, it is the first once more.
fn one(rules: &OpRules, sum: OpIndex, first: AdjointState, second: Option<AdjointState>) -> Option<Pattern> {
    let mut pattern = Pattern::new(BEFORE)?;
    let mut states = [first, second.unwrap_or(AdjointState::INACTIVE)];
    let mut totals = BEFORE;
    let arity = rules.operands.len();
    for (operand, rule) in rules.operands.iter().enumerate() {
        // What holds of one node that is both operands is kept with the first.
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
                    [number] => pattern.constant(node.op(), node.shape(), number, Owner::First)?,
                    _ => return None,
                },
                RuleValue::Op(_) | RuleValue::Leaf(_) => pattern.op(node.op(), node.shape(), &slots, Owner::First)?,
            };
        }
        let part = slot(result);
        let owner = [Owner::Second, Owner::Third][x];
        totals[x] = match state {
            AdjointState::EMPTY => part,
            _ => pattern.op(sum, ShapeIndex::SCALAR, &[totals[x], part], owner)?,
        };
        states[x] = AdjointState::FIRST;
        pattern.show(operand, part)?;
    }
    pattern.give(0, totals[0])?;
    pattern.give(1, totals[if second.is_none() { 0 } else { 1 }])?;
    Some(pattern)
}
