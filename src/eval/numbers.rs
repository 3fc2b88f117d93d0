//! The fast lane for single numbers: tight loops over the nodes, with a match in the place of a virtual call with views.

use crate::graph::{Graph, Leaf, NodeId, Record, ShapeIndex};
use crate::kernel::vectorize;
use crate::tape::{OpInfo, Recorder, ValuePlaces, ValueState};
use std::ops::Range;

/// How many ranges of nodes are computed in turn, one node of each at a time.
const RANGES: usize = 4;
/// From so many nodes on, several ranges are faster than one.
const MANY: usize = 1 << 14;
/// So many nodes are tested together for whether all are known.
const TOGETHER: usize = 64;

/// What the loops read and write: slices of one length, one element for each node.
struct NumberLane<'a> {
    graph: &'a Graph,
    records: &'a [Record],
    infos: &'a [OpInfo],
    known: &'a mut [ValueState],
    slots: &'a mut [f64],
}

impl NumberLane<'_> {
    /// The first nodes. All slices are cut to one length here, which lets the compiler drop bounds checks.
    #[inline(always)]
    fn first(&mut self, len: usize) -> NumberLane<'_> {
        let Self { graph, records, infos, known, slots } = self;
        NumberLane {
            graph,
            records: &records[..len],
            infos,
            known: &mut known[..len],
            slots: &mut slots[..len],
        }
    }

    /// Computes a node, if it is a single number whose operands are known; false if an operand is not known yet.
    ///
    /// A number that is known is computed again: an unconditional write is cheaper than a test.
    #[inline(always)]
    fn compute(&mut self, i: usize) -> bool {
        let record = &self.records[i];
        if record.shape != ShapeIndex::SCALAR {
            return true;
        }
        let number = match self.infos[record.op.0 as usize].scalar() {
            Some(scalar) => {
                let [a, b] = record.pair().map(NodeId::index);
                // The states are tested and not the numbers: testing the value would stall on its data dependency.
                if self.known[a] != ValueState::Number || self.known[b] != ValueState::Number {
                    return false;
                }
                scalar.binary(self.slots[a], self.slots[b])
            }
            None if record.op == Leaf::Constant.op() => self.graph.number(record),
            None => return self.known[i].is_value(),
        };
        self.slots[i] = number;
        self.known[i] = ValueState::Number;
        true
    }

    /// Computes the unknown ones of some nodes, most of which are known.
    #[inline(always)]
    fn compute_unknown(&mut self, mut first: usize, end: usize) {
        while first < end {
            let next = end.min(first + TOGETHER);
            if !self.known[first..next].iter().fold(true, |all, known| all & known.is_value()) {
                for i in first..next {
                    if !self.known[i].is_value() {
                        self.compute(i);
                    }
                }
            }
            first = next;
        }
    }
}

impl Recorder {
    fn numbers(&mut self, end: usize) -> NumberLane<'_> {
        let Self { graph, infos, values, .. } = self;
        let ValuePlaces { known, slots, .. } = &mut values.places;
        NumberLane { graph, records: &graph.records()[..end], infos, known, slots }
    }

    /// Computes all single numbers before `end` whose operands are known, requested or not: where many are requested,
    /// computing all is cheaper than finding out which.
    ///
    /// Several ranges are computed in turn. In a chain of functions each number depends on the one before it, and the
    /// processor overlaps chains of different ranges. A node that depends on another range is computed in a second pass.
    pub(super) fn compute_all_numbers(&mut self, end: usize) {
        let nodes = self.values.tried.min(end)..end;
        self.values.tried = self.values.tried.max(end);
        let mut numbers = self.numbers(end);
        vectorize(
            #[inline(always)]
            move || {
                let part = if nodes.len() < MANY { 0 } else { nodes.len() / RANGES };
                let ranges = nodes.start..nodes.start + RANGES * part;
                // For each range, the end of the nodes that need the second pass.
                let mut waited = [0; RANGES];
                let mut among = numbers.first(ranges.end);
                for first in ranges.start..ranges.start + part {
                    // No inner loop over the ranges: the compiler would unroll it, and run out of registers.
                    let mut i = first;
                    while i < among.records.len() {
                        if !among.compute(i) {
                            waited[(i - ranges.start) / part] = i + 1;
                        }
                        i += part;
                    }
                }
                let mut all = numbers.first(nodes.end);
                let waiting = ranges.clone().step_by(part.max(1)).zip(waited);
                for (first, end) in waiting.chain([(ranges.end, nodes.end)]) {
                    all.compute_unknown(first, end);
                }
            },
        );
    }

    /// Computes requested single numbers up to the first requested node that is something else.
    pub(super) fn compute_numbers(&mut self, nodes: Range<usize>) -> Option<NodeId> {
        let mut numbers = self.numbers(nodes.end);
        let mut numbers = numbers.first(nodes.end);
        for i in nodes {
            if numbers.known[i] == ValueState::Requested {
                numbers.compute(i);
                if numbers.known[i] == ValueState::Requested {
                    return Some(NodeId::new(i));
                }
            }
        }
        None
    }
}
