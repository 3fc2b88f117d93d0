//! Single numbers, computed in tight loops over the nodes: by one match instead of a virtual call with views.

use crate::graph::{Graph, Leaf, NodeId, Record, ShapeIndex};
use crate::kernel::vectorize;
use crate::tape::{ValueState, OpInfo, Places, Recorder};
use std::ops::Range;

/// How many stretches of nodes are gone through side by side.
const STRANDS: usize = 4;
/// So many nodes are worth it.
const MANY: usize = 1 << 14;
/// Of so many nodes at once it is asked whether all are known.
const LOOK: usize = 64;

/// What the loops read and write, of as many nodes as there are records.
struct Numbers<'a> {
    graph: &'a Graph,
    records: &'a [Record],
    infos: &'a [OpInfo],
    known: &'a mut [ValueState],
    slots: &'a mut [f64],
}

impl Numbers<'_> {
    /// The first of the nodes, all lists cut where the compiler sees that they have one length.
    #[inline(always)]
    fn first(&mut self, len: usize) -> Numbers<'_> {
        let Self { graph, records, infos, known, slots } = self;
        Numbers { graph, records: &records[..len], infos, known: &mut known[..len], slots: &mut slots[..len] }
    }

    /// Computes a node, if it is a single number and its operands are known; false if they may be later.
    ///
    /// A number that is known is computed once more, which costs less than to ask.
    #[inline(always)]
    fn compute(&mut self, i: usize) -> bool {
        let record = &self.records[i];
        if record.shape != ShapeIndex::SCALAR {
            return true;
        }
        let number = match self.infos[record.op.0 as usize].scalar() {
            Some(scalar) => {
                let [a, b] = record.pair().map(NodeId::index);
                // Not asked of the numbers themselves: that would wait for them.
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

    /// Computes what is not known among some nodes, of which most are.
    #[inline(always)]
    fn compute_unknown(&mut self, mut first: usize, end: usize) {
        while first < end {
            let next = end.min(first + LOOK);
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
    fn numbers(&mut self, end: usize) -> Numbers<'_> {
        let Self { graph, infos, values, .. } = self;
        let Places { known, slots, .. } = &mut values.places;
        Numbers { graph, records: &graph.records()[..end], infos, known, slots }
    }

    /// Computes the single numbers up to a node whose operands are known, whoever wants them: where many are wanted, that
    /// costs less than to find out which.
    ///
    /// It starts from several places at once. While one number waits for another, as in a chain of functions, the
    /// processor works on others; what lies behind a place where it has to wait is done at the end.
    pub(super) fn compute_all_numbers(&mut self, end: usize) {
        let nodes = self.values.tried.min(end)..end;
        self.values.tried = self.values.tried.max(end);
        let mut numbers = self.numbers(end);
        vectorize(
            #[inline(always)]
            move || {
                let part = if nodes.len() < MANY { 0 } else { nodes.len() / STRANDS };
                let strands = nodes.start..nodes.start + STRANDS * part;
                // For each, where what had to wait ends.
                let mut waited = [0; STRANDS];
                let mut among = numbers.first(strands.end);
                for first in strands.start..strands.start + part {
                    // Not a loop over the strands: it would become a copy of what it does for each of them, too many to
                    // keep their places in registers.
                    let mut i = first;
                    while i < among.records.len() {
                        if !among.compute(i) {
                            waited[(i - strands.start) / part] = i + 1;
                        }
                        i += part;
                    }
                }
                let mut all = numbers.first(nodes.end);
                let waiting = strands.clone().step_by(part.max(1)).zip(waited);
                for (first, end) in waiting.chain([(strands.end, nodes.end)]) {
                    all.compute_unknown(first, end);
                }
            },
        );
    }

    /// Computes single numbers up to the first wanted node that is something else.
    pub(super) fn compute_numbers(&mut self, nodes: Range<usize>) -> Option<NodeId> {
        let mut numbers = self.numbers(nodes.end);
        let mut numbers = numbers.first(nodes.end);
        for i in nodes {
            if numbers.known[i] == ValueState::Wanted {
                numbers.compute(i);
                if numbers.known[i] == ValueState::Wanted {
                    return Some(NodeId::new(i));
                }
            }
        }
        None
    }
}
