//! What drawings and checks ask about the rules of a node.

use super::memory::ReverseMemory;
use super::rule::{RuleGraph, RuleStep};
use super::rules::{Rules, record_rule};
use super::same_rules::same_rule;
use crate::error::Result;
use crate::graph::{Graph, NodeId};
use crate::tape::Recorder;

impl Recorder {
    /// Lends the rules, beside the recorder.
    pub(super) fn with_rules<R>(&mut self, f: impl FnOnce(&mut Self, &mut Rules) -> R) -> R {
        let mut memory = self.reverse.take::<ReverseMemory>();
        let result = f(self, &mut memory.rules);
        self.reverse.put_back(memory);
        result
    }

    /// What the rule of `node` for one operand has recorded, if it is there: each of its nodes as `find` finds it, from
    /// `dy` on. Nothing is recorded.
    pub(crate) fn find_rule(
        &mut self,
        node: NodeId,
        operand: usize,
        dy: NodeId,
        mut find: impl FnMut(&Graph, RuleStep<'_, NodeId>) -> Option<NodeId>,
    ) -> Result<Option<NodeId>> {
        let rules = self.with_rules(|recorder, rules| rules.placed(recorder, node))?;
        let graph = &self.graph;
        let mut slots = graph.node(node).inputs().to_vec();
        slots.extend([node, dy]);
        Ok(rules[operand].walk(&mut slots, |step| find(graph, step).ok_or(())).unwrap_or_default())
    }

    /// Whether the rule of `node` for an operand says anything but that its cotangent is zero.
    pub(crate) fn has_rule(&mut self, node: NodeId, operand: usize) -> Result<bool> {
        let rules = self.with_rules(|recorder, rules| rules.of(recorder, node))?;
        Ok(matches!(rules[operand], RuleGraph::Nodes { .. }))
    }

    /// The first operand of a node whose rule, recorded anew so many times, is once another than the one in use; none where
    /// no rule of the node is in use.
    pub(crate) fn changing_rule(&self, id: NodeId, times: usize) -> Option<usize> {
        let rules = self.reverse.get::<ReverseMemory>()?.rules.known(self, id)?;
        (0..times).find_map(|_| {
            rules.operands.iter().enumerate().find_map(|(operand, rule)| {
                let again = record_rule(self, id, operand);
                (!again.is_ok_and(|again| same_rule(rule, &again))).then_some(operand)
            })
        })
    }
}
