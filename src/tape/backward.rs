//! Putting rules on the tape: cotangents as nodes, handed from a node to its operands.

use super::recorder::Recorder;
use super::rule::{Content, OpRules, Part};
use crate::error::Result;
use crate::graph::{NodeId, Origin, Room, ShapeIndex, Stamp};
use std::convert::Infallible;
use std::ops::Range;

/// What the reverse pass knows of a node: whether it leads to a var that is asked for, and the cotangent that it has so
/// far. As one number, 0 and 1 and then the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lead(u32);

impl Lead {
    /// It does not lead to a var that is asked for.
    pub(crate) const OUT: Self = Self(0);
    /// It does, and nothing was handed on to it yet.
    pub(crate) const OPEN: Self = Self(1);
    /// The least that has a cotangent.
    pub(super) const HAS: Self = Self(2);

    /// It has this cotangent so far.
    #[inline]
    pub(crate) fn has(cotangent: NodeId) -> Self {
        Self::of_number(cotangent.index() as u32)
    }

    /// The cotangent that it has so far.
    #[inline]
    pub(crate) fn cotangent(self) -> Option<NodeId> {
        (self.0 >= Self::HAS.0).then(|| NodeId::new(self.number() as usize))
    }

    /// Which of the three it is, from 0.
    #[inline(always)]
    pub(super) fn state(self) -> usize {
        self.0.min(Self::HAS.0) as usize
    }

    /// The cotangent's number; any other if it has none, of which [`of_number`](Self::of_number) makes the same again.
    #[inline(always)]
    fn number(self) -> u32 {
        self.0.wrapping_sub(Self::HAS.0)
    }

    #[inline(always)]
    fn of_number(number: u32) -> Self {
        Self(number.wrapping_add(Self::HAS.0))
    }
}

/// Room is made for so many nodes for each that is left, and for so many at most: what leaves room in the first-level cache.
const AHEAD: usize = 4;
const MOST: usize = 256;

impl Recorder {
    /// Goes down through single numbers and scalar functions that there are [patterns](super::reverse::Reverse) of, up to the first node
    /// that wants more than that. `note` is told what each operand of a node is given.
    ///
    /// What it records is what [`apply_rule`](Self::apply_rule) and [`accumulate`](Self::accumulate) would.
    #[inline(never)]
    pub(crate) fn hand_on_numbers(
        &mut self,
        leads: &mut [Lead],
        nodes: Range<usize>,
        mut note: impl FnMut(NodeId, usize, NodeId),
    ) -> Option<NodeId> {
        let Self { graph, rules, .. } = self;
        let reverse = &*rules.reverse;
        let (mut below, mut more) = (nodes.end, 0);
        loop {
            let mut room = graph.room(more);
            let records = &room.there()[..nodes.end];
            let leads = &mut leads[..records.len()];
            // The node that wants more than that, if one does; nothing, if more room is wanted.
            let stop = loop {
                if below == nodes.start {
                    break Some(None);
                }
                let i = below - 1;
                let Some(dy) = leads[i].cotangent() else {
                    below = i;
                    continue;
                };
                let (id, record) = (NodeId::new(i), &records[i]);
                let reverse = reverse.get(record.op.0 as usize).and_then(Option::as_ref);
                let (Some(reverse), ShapeIndex::SCALAR) = (reverse, record.shape) else {
                    if record.op.is_leaf() {
                        below = i;
                        continue;
                    }
                    break Some(Some(id));
                };
                if !room.is_enough() {
                    break None;
                }
                below = i;
                let x = record.pair();
                let [x0, x1] = x.map(NodeId::index);
                let of_x = [leads[x0], leads[x1]];
                let given =
                    [x0 as u32, x1 as u32, i as u32, dy.index() as u32, of_x[0].number(), of_x[1].number()];
                let sites = [record.site, records[x0].site, records[x1].site];
                let put =
                    room.push(reverse.pattern(x, of_x), given, sites, [id, x[0], x[1]].map(Origin::Backward));
                leads[x0] = Lead::of_number(put.results[0]);
                leads[x1] = Lead::of_number(put.results[1]);
                for (operand, part) in put.parts.into_iter().enumerate() {
                    if let Some(part) = part {
                        note(id, operand, part);
                    }
                }
            };
            let used = room.used();
            graph.leave(used);
            if let Some(stop) = stop {
                return stop;
            }
            more = (AHEAD * (below - nodes.start)).clamp(Room::ENOUGH, MOST);
        }
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
