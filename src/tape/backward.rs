//! Putting rules on the tape: cotangents as nodes, handed from a node to its operands.

use super::recorder::Recorder;
use super::rule::{Content, OpRules, Part};
use crate::error::Result;
use crate::graph::{NodeId, Origin, ShapeIndex, Stamp};
use crate::ops::Scalar;
use std::convert::Infallible;
use std::ops::Range;

/// What the reverse pass knows of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lead {
    /// It does not lead to a var that is asked for.
    Out,
    /// It does, and nothing was handed on to it yet.
    Open,
    /// The cotangent that it has so far.
    Has(NodeId),
}

impl Recorder {
    /// Goes down through single numbers and scalar functions whose rules have been on the tape before, up to the first
    /// node that wants more than that. `note` is told what each operand of a node is given.
    ///
    /// What it records is what [`apply_rule`](Self::apply_rule) and [`accumulate`](Self::accumulate) would.
    #[inline(never)]
    pub(crate) fn hand_on_numbers(
        &mut self,
        leads: &mut [Lead],
        nodes: Range<usize>,
        mut note: impl FnMut(NodeId, usize, NodeId),
    ) -> Option<NodeId> {
        let sum = self.built_in(Scalar::Add);
        let Self { graph, rules, .. } = self;
        let leads = &mut leads[..nodes.end];
        for i in nodes.rev() {
            let Lead::Has(dy) = leads[i] else { continue };
            let id = NodeId::new(i);
            let record = *graph.record(id);
            if record.op.is_leaf() {
                continue;
            }
            let patterns = rules.patterns.get(record.op.0 as usize).and_then(Option::as_ref);
            let (Some(patterns), Some(sum), ShapeIndex::SCALAR) = (patterns, sum, record.shape) else {
                return Some(id);
            };
            let ([a, b], site, origin) = (record.pair(), record.site, Origin::Backward(id));
            let given = [a, b, id, dy];
            for operand in 0..2 {
                let x = given[operand];
                let (Some(pattern), lead) = (&patterns[operand], leads[x.index()]) else { continue };
                if lead == Lead::Out {
                    continue;
                }
                let part = graph.push_pattern(pattern, given, site, origin);
                note(id, operand, part);
                leads[x.index()] = Lead::Has(match lead {
                    Lead::Has(before) => {
                        let (shape, site) = (ShapeIndex::SCALAR, graph.record(x).site);
                        graph.push(
                            Stamp { op: sum, shape, site, origin: Origin::Backward(x) },
                            &[before, part],
                        )
                    }
                    Lead::Out | Lead::Open => part,
                });
            }
        }
        None
    }

    /// Begins to put the rules of a node on the tape, given its cotangent; returns the number of its operands.
    #[inline]
    pub(crate) fn begin_rules(&mut self, node: NodeId, dy: NodeId) -> usize {
        let Self { graph, operands, .. } = self;
        let inputs = graph.node(node).inputs();
        operands.clear();
        // A copy of one or two by name costs less than a copy of any number.
        match *inputs {
            [a] => operands.extend([a, node, dy]),
            [a, b] => operands.extend([a, b, node, dy]),
            _ => operands.extend(inputs.iter().copied().chain([node, dy])),
        }
        inputs.len()
    }

    /// An operand of the node whose rules were begun last.
    #[inline]
    pub(crate) fn operand(&self, operand: usize) -> NodeId {
        self.operands[operand]
    }

    /// Puts the rule of `node` for one operand on the tape: what its cotangent contributes to the operand's; `None` for a
    /// structural zero. `rules` are the node's, [placed](Self::placed_rules) and [begun](Self::begin_rules), and there is
    /// a [derivative](Self::differentiable).
    ///
    /// The new nodes carry the scope and source line of `node`, and its id as their origin.
    #[inline]
    pub(crate) fn apply_rule(&mut self, rules: &OpRules, node: NodeId, operand: usize) -> Option<NodeId> {
        let Self { graph, operands: slots, .. } = self;
        let (site, origin) = (graph.record(node).site, Origin::Backward(node));
        slots.truncate(rules.operands.len() + 2);
        let put = |part: Part<'_, NodeId>| -> Result<NodeId, Infallible> {
            let (op, shape) = part.node.placed.get();
            let stamp = Stamp { op, shape, site, origin };
            Ok(match part.content {
                Content::Constant(&[number]) => graph.push_constant(stamp, [number]),
                Content::Constant(numbers) => graph.push_constant(stamp, numbers.iter().copied()),
                Content::Inputs(inputs) => graph.push(stamp, inputs),
            })
        };
        let Ok(result) = rules[operand].walk(slots, put);
        result
    }

    /// The sum of two contributions to the cotangent of `node`.
    #[inline]
    pub(crate) fn accumulate(&mut self, node: NodeId, sum: NodeId, part: NodeId) -> NodeId {
        let op = self.sum_op();
        let record = self.graph.record(node);
        let stamp = Stamp { op, shape: record.shape, site: record.site, origin: Origin::Backward(node) };
        self.graph.push(stamp, &[sum, part])
    }
}
