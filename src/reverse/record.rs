//! The recorded reverse pass: cotangents as nodes, propagated from a node to its operands.

use super::adjoint::{AdjointState, GatheredSlices};
use super::patterns::NumberPatterns;
use super::rule::{OpRules, RuleInputs, RuleStep};
use super::rules::Rules;
use crate::error::Result;
use crate::graph::{Kind, Node, NodeId, Origin, Reserved, ShapeIndex, Stamp};
use crate::ops::Scalar;
use crate::tape::Recorder;
use std::convert::Infallible;
use std::ops::Range;

/// Places are reserved for so many nodes for each that is left, and for so many at most: they stay in the first-level cache.
const AHEAD: usize = 4;
const MOST: usize = 256;

/// A reverse pass that is being recorded.
pub(super) struct RecordedPass<'r> {
    pub(super) recorder: &'r mut Recorder,
    pub(super) rules: &'r mut Rules,
    pub(super) adjoints: &'r mut Vec<AdjointState>,
    /// The operands, result and cotangent of the node at hand, and what its rule has recorded so far.
    pub(super) slots: &'r mut Vec<NodeId>,
    pub(super) slices: GatheredSlices,
}

impl RecordedPass<'_> {
    /// Propagates the cotangents of `ends` together down to the nodes `sources`, or to everything that they depend on.
    /// `contribution` is told what each operand of a node is given.
    ///
    /// Every node between the two passes its cotangent through its rules; contributions to one node are added up here
    /// and nowhere else.
    pub(super) fn run(
        &mut self,
        ends: &[(NodeId, NodeId)],
        sources: Option<&[NodeId]>,
        mut contribution: impl FnMut(NodeId, usize, NodeId),
    ) -> Result<()> {
        let Some(last) = ends.iter().map(|(end, _)| end.index()).max() else { return Ok(()) };
        self.activate(last, sources);
        for &(end, dy) in ends {
            let dy = match self.adjoints[end.index()].cotangent() {
                Some(sum) => self.accumulate(end, sum, dy),
                None => dy,
            };
            self.adjoints[end.index()] = AdjointState::with(dy);
        }
        let mut below = self.adjoints.len();
        while let Some(id) = self.propagate_numbers(0..below, &mut contribution) {
            self.propagate(id, &mut contribution)?;
            self.learn(id);
            below = id.index();
        }
        while let Some(node) = self.slices.first() {
            self.close(node);
        }
        Ok(())
    }

    /// Activates the nodes that depend on one of `sources`, themselves included; or, without, those that hold real numbers.
    fn activate(&mut self, end: usize, sources: Option<&[NodeId]>) {
        let Self { recorder, adjoints, .. } = self;
        adjoints.clear();
        let Some(sources) = sources else {
            let state = |node: Node<'_>| match node.kind() {
                Kind::Real => AdjointState::EMPTY,
                Kind::Index => AdjointState::INACTIVE,
            };
            return adjoints.extend(recorder.graph.nodes().take(end + 1).map(state));
        };
        adjoints.resize(end + 1, AdjointState::INACTIVE);
        let mut first = end + 1;
        for i in sources.iter().map(|id| id.index()).filter(|&i| i <= end) {
            adjoints[i] = AdjointState::EMPTY;
            first = first.min(i);
        }
        recorder.graph.mark_descendants(adjoints, AdjointState::EMPTY, first);
    }

    /// Propagates a node's cotangent to its active operands.
    fn propagate(&mut self, id: NodeId, contribution: &mut impl FnMut(NodeId, usize, NodeId)) -> Result<()> {
        let Some(dy) = self.close(id) else { return Ok(()) };
        let inputs = self.recorder.graph.node(id).inputs();
        if inputs.iter().all(|x| self.adjoints[x.index()] == AdjointState::INACTIVE) {
            return Ok(());
        }
        let count = inputs.len();
        let rules = self.rules.placed(self.recorder, id)?;
        self.begin(id, dy);
        for operand in 0..count {
            let input = self.slots[operand];
            if self.adjoints[input.index()] == AdjointState::INACTIVE {
                continue;
            }
            rules[operand].differentiable(&self.recorder.graph, id, operand)?;
            if let Some(part) = self.apply_rule(&rules, id, operand) {
                contribution(id, operand, part);
                let sum = match self.adjoints[input.index()].cotangent() {
                    Some(sum) => self.accumulate(input, sum, part),
                    None => part,
                };
                self.adjoints[input.index()] = AdjointState::with(sum);
            }
        }
        Ok(())
    }

    /// The cotangent of a node that gets no more contributions.
    fn close(&mut self, node: NodeId) -> Option<NodeId> {
        let sum = self.adjoints[node.index()].cotangent()?;
        let Some(dy) = self.slices.add_up(self.recorder, node) else { return Some(sum) };
        self.adjoints[node.index()] = AdjointState::with(dy);
        Some(dy)
    }

    /// Fills the slots with the operands of a node, itself and its cotangent.
    #[inline]
    fn begin(&mut self, node: NodeId, dy: NodeId) {
        let Self { recorder, slots, .. } = self;
        slots.clear();
        // Copying one or two by name is cheaper than copying any number.
        match *recorder.graph.node(node).inputs() {
            [a] => slots.extend([a, node, dy]),
            [a, b] => slots.extend([a, b, node, dy]),
            ref inputs => slots.extend(inputs.iter().copied().chain([node, dy])),
        }
    }

    /// Records the rule of `node` for one operand: what its cotangent contributes to the operand's; `None` for a structural
    /// zero.
    ///
    /// The new nodes carry the scope and source line of `node`, and its id as their origin.
    #[inline]
    fn apply_rule(&mut self, rules: &OpRules, node: NodeId, operand: usize) -> Option<NodeId> {
        let Self { recorder, slots, .. } = self;
        let graph = &mut recorder.graph;
        let (site, origin) = (graph.record(node).site, Origin::Backward(node));
        slots.truncate(rules.operands.len() + 2);
        let record = |step: RuleStep<'_, NodeId>| -> Result<NodeId, Infallible> {
            let (op, shape) = step.node.placed.get();
            let stamp = Stamp { op, shape, site, origin };
            Ok(match step.inputs {
                RuleInputs::Constant(&[number]) => graph.push_constant(stamp, [number]),
                RuleInputs::Constant(numbers) => graph.push_constant(stamp, numbers.iter().copied()),
                RuleInputs::Slots(inputs) => graph.push(stamp, inputs),
            })
        };
        let Ok(result) = rules[operand].walk(slots, record);
        result
    }

    /// The sum of two contributions to the cotangent of `node`; of those of slices, which are gathered first, the first one
    /// stands for all.
    #[inline]
    fn accumulate(&mut self, node: NodeId, sum: NodeId, part: NodeId) -> NodeId {
        let mut sum = sum;
        if self.recorder.graph.record(node).shape != ShapeIndex::SCALAR {
            if self.slices.gather(self.recorder, |id| id, node, sum, part) {
                return sum;
            }
            sum = self.slices.add_up(self.recorder, node).unwrap_or(sum);
        }
        self.sum_of(node, sum, part)
    }

    #[inline]
    fn sum_of(&mut self, node: NodeId, sum: NodeId, part: NodeId) -> NodeId {
        let op = self.recorder.sum_op();
        let record = self.recorder.graph.record(node);
        let stamp = Stamp { op, shape: record.shape, site: record.site, origin: Origin::Backward(node) };
        self.recorder.graph.push(stamp, &[sum, part])
    }

    /// Propagates through scalar functions of single numbers that have [patterns](NumberPatterns), down to the first node that
    /// needs the general way.
    ///
    /// What it records is what [`apply_rule`](Self::apply_rule) and [`accumulate`](Self::accumulate) would.
    #[inline(never)]
    fn propagate_numbers(
        &mut self,
        nodes: Range<usize>,
        contribution: &mut impl FnMut(NodeId, usize, NodeId),
    ) -> Option<NodeId> {
        let Self { recorder, rules, adjoints, .. } = self;
        let (graph, patterns) = (&mut recorder.graph, &*rules.patterns);
        let adjoints = &mut adjoints[..];
        let (mut below, mut more) = (nodes.end, 0);
        loop {
            let mut places = graph.reserve(more);
            let records = &places.there()[..nodes.end];
            let adjoints = &mut adjoints[..records.len()];
            // The node that needs the general way, if one does; nothing where more places are needed.
            let stop = loop {
                if below == nodes.start {
                    break Some(None);
                }
                let i = below - 1;
                let Some(dy) = adjoints[i].cotangent() else {
                    below = i;
                    continue;
                };
                let (id, record) = (NodeId::new(i), &records[i]);
                let of_op = patterns.get(record.op.0 as usize).and_then(Option::as_ref);
                let (Some(of_op), ShapeIndex::SCALAR) = (of_op, record.shape) else {
                    if record.op.is_leaf() {
                        below = i;
                        continue;
                    }
                    break Some(Some(id));
                };
                if !places.is_enough() {
                    break None;
                }
                below = i;
                let x = record.pair();
                let [x0, x1] = x.map(NodeId::index);
                let of_x = [adjoints[x0], adjoints[x1]];
                let given =
                    [x0 as u32, x1 as u32, i as u32, dy.index() as u32, of_x[0].number(), of_x[1].number()];
                let sites = [record.site, records[x0].site, records[x1].site];
                let put =
                    places.push(of_op.pattern(x, of_x), given, sites, [id, x[0], x[1]].map(Origin::Backward));
                adjoints[x0] = AdjointState::of_number(put.results[0]);
                adjoints[x1] = AdjointState::of_number(put.results[1]);
                for (operand, part) in put.parts.into_iter().enumerate() {
                    if let Some(part) = part {
                        contribution(id, operand, part);
                    }
                }
            };
            let used = places.used();
            graph.leave(used);
            if let Some(stop) = stop {
                return stop;
            }
            more = (AHEAD * (below - nodes.start)).clamp(Reserved::ENOUGH, MOST);
        }
    }

    /// Makes the patterns of a scalar function of single numbers whose rules have been recorded, if there are none yet, and
    /// the op for sums is in the table.
    #[inline]
    fn learn(&mut self, id: NodeId) {
        let op = self.recorder.graph.record(id).op.0 as usize;
        let known = self.rules.of_number(self.recorder, id).is_some();
        if known && self.rules.patterns.get(op).is_none_or(Option::is_none) {
            self.learn_op(id, op);
        }
    }

    #[cold]
    fn learn_op(&mut self, id: NodeId, op: usize) {
        let Some(sum) = self.recorder.built_in(Scalar::Add) else { return };
        let made = self.rules.of_number(self.recorder, id).filter(|rules| rules.placed.get());
        let made = made.and_then(|rules| NumberPatterns::of(rules, sum));
        let patterns = &mut self.rules.patterns;
        patterns.resize(patterns.len().max(op + 1), None);
        patterns[op] = made;
    }
}
