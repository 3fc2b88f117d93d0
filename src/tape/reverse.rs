//! What the reverse pass records for a scalar function of single numbers, as patterns: made once from its recorded rules,
//! for all that its operands can be by then.

use super::backward::Lead;
use super::recorder::Recorder;
use super::rule::{Made, OpRules, RuleGraph};
use crate::graph::{NodeId, OpIndex, Owner, Pattern, ShapeIndex};
use crate::ops::Scalar;
use smallvec::SmallVec;

/// The slots that a pattern is given besides `x0` and `x1`: the result, its cotangent, and what the operands have of theirs
/// so far.
const Y: usize = 2;
const DY: usize = 3;
const BEFORE: [usize; 2] = [4, 5];

/// What there can be known of the first operand, and of the second: as of the first, or that they are one node.
const FIRST: [Lead; 3] = [Lead::OUT, Lead::OPEN, Lead::HAS];
const SAME: usize = FIRST.len();

/// The rules of both operands, with the sums of what comes to one node, for all that can be known of the operands. Results
/// are the operands' cotangents then, and what is shown is what this node contributes to them.
#[derive(Debug, Clone)]
pub(crate) struct Reverse(Box<[[Pattern; FIRST.len() + 1]; FIRST.len()]>);

impl Reverse {
    /// The pattern for operands of which so much is known.
    #[inline(always)]
    pub(super) fn pattern(&self, x: [NodeId; 2], [first, second]: [Lead; 2]) -> &Pattern {
        &self.0[first.state()][if x[0] == x[1] { SAME } else { second.state() }]
    }

    /// From the recorded rules of an op of one or two operands, which are in the tape's tables; `None` if they can be no
    /// patterns.
    fn of(rules: &OpRules, sum: OpIndex) -> Option<Self> {
        let mut patterns = Vec::new();
        for first in FIRST {
            let [a, b, c] = FIRST.map(|second| one(rules, sum, first, Some(second)));
            patterns.push([a?, b?, c?, one(rules, sum, first, None)?]);
        }
        Some(Self(Box::new(patterns.try_into().ok()?)))
    }
}

/// One of the patterns; without a lead of the second operand, it is the first once more.
fn one(rules: &OpRules, sum: OpIndex, first: Lead, second: Option<Lead>) -> Option<Pattern> {
    let mut pattern = Pattern::new(BEFORE)?;
    let mut leads = [first, second.unwrap_or(Lead::OUT)];
    let mut totals = BEFORE;
    let arity = rules.operands.len();
    for (operand, rule) in rules.operands.iter().enumerate() {
        // What holds of one node that is both operands is kept with the first.
        let x = if second.is_none() { 0 } else { operand };
        let lead = *leads.get(x)?;
        let (nodes, result) = match rule {
            _ if lead == Lead::OUT => continue,
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
            match &node.content {
                Made::Constant(numbers) => match **numbers {
                    [number] => pattern.constant(node.op(), node.shape(), number, Owner::First)?,
                    _ => return None,
                },
                Made::Op(_) | Made::Leaf(_) => pattern.op(node.op(), node.shape(), &slots, Owner::First)?,
            };
        }
        let part = slot(result);
        let owner = [Owner::Second, Owner::Third][x];
        totals[x] = match lead {
            Lead::OPEN => part,
            _ => pattern.op(sum, ShapeIndex::SCALAR, &[totals[x], part], owner)?,
        };
        leads[x] = Lead::HAS;
        pattern.show(operand, part)?;
    }
    pattern.give(0, totals[0])?;
    pattern.give(1, totals[if second.is_none() { 0 } else { 1 }])?;
    Some(pattern)
}

impl Recorder {
    /// Makes the patterns of a scalar function of single numbers whose rules were on the tape before, if there are none
    /// yet, and the op that sums are made with is in the table.
    #[inline]
    pub(crate) fn learn(&mut self, id: NodeId) {
        let op = self.graph.record(id).op.0 as usize;
        if self.rules_of_number(id).is_some() && self.rules.reverse.get(op).is_none_or(Option::is_none) {
            self.learn_op(id, op);
        }
    }

    #[cold]
    fn learn_op(&mut self, id: NodeId, op: usize) {
        let Some(sum) = self.built_in(Scalar::Add) else { return };
        let made = self.rules_of_number(id).filter(|rules| rules.placed.get());
        let made = made.and_then(|rules| Reverse::of(rules, sum));
        let reverse = &mut self.rules.reverse;
        reverse.resize(reverse.len().max(op + 1), None);
        reverse[op] = made;
    }
}
