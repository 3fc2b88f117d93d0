//! Single numbers, computed in tight loops over the nodes: by one match instead of a virtual call with views.

use super::recorder::{Facts, Recorder};
use super::values::{Known, Places};
use crate::graph::{Graph, Leaf, NodeId, Record, ShapeIndex};
use crate::kernel::vectorize;
use std::ops::Range;

/// How many stretches of nodes are gone through side by side.
const STRANDS: usize = 4;
/// So many nodes are worth it.
const MANY: usize = 1 << 14;

/// What the loops read and write.
struct Numbers<'a> {
    graph: &'a Graph,
    records: &'a [Record],
    facts: &'a [Facts],
    known: &'a mut [Known],
    slots: &'a mut [f64],
}

impl Numbers<'_> {
    /// Computes a node, if it is a single number and its operands are known; false if it is not known then.
    #[inline(always)]
    fn compute(&mut self, i: usize) -> bool {
        if self.known[i].is_value() {
            return true;
        }
        let record = &self.records[i];
        if record.shape != ShapeIndex::SCALAR {
            return false;
        }
        let number = match self.facts[record.op.0 as usize].scalar {
            Some(scalar) => {
                let [a, b] = record.pair().map(NodeId::index);
                if self.known[a] != Known::Number || self.known[b] != Known::Number {
                    return false;
                }
                scalar.binary(self.slots[a], self.slots[b])
            }
            None if record.op == Leaf::Constant.op() => self.graph.number(record),
            None => return false,
        };
        self.slots[i] = number;
        self.known[i] = Known::Number;
        true
    }
}

impl Recorder {
    fn numbers(&mut self, end: usize) -> Numbers<'_> {
        let Self { graph, facts, values, .. } = self;
        let Places { known, slots, .. } = &mut values.places;
        let records = &graph.records()[..end];
        Numbers { graph, records, facts, known: &mut known[..end], slots: &mut slots[..end] }
    }

    /// Computes the single numbers up to a node whose operands are known, whoever wants them: where many are wanted, that
    /// costs less than to find out which.
    ///
    /// It starts from several places at once. While one number waits for another, as in a chain of functions, the
    /// processor works on others; what lies behind a place where it has to wait is done at the end.
    pub(super) fn compute_all_numbers(&mut self, end: usize) {
        let nodes = self.values.tried.min(end)..end;
        self.values.tried = self.values.tried.max(end);
        let numbers = self.numbers(end);
        vectorize(
            #[inline(always)]
            move || {
                let mut numbers = numbers;
                let mut left = true;
                if nodes.len() >= MANY {
                    let part = nodes.len() / STRANDS;
                    left = false;
                    for i in nodes.start..nodes.start + part {
                        for strand in 0..STRANDS {
                            left |= !numbers.compute(i + strand * part);
                        }
                    }
                    let rest = nodes.start + STRANDS * part..nodes.end;
                    rest.for_each(|i| left |= !numbers.compute(i));
                }
                if left {
                    for i in nodes {
                        numbers.compute(i);
                    }
                }
            },
        );
    }

    /// Computes single numbers up to the first wanted node that is something else.
    pub(super) fn compute_numbers(&mut self, nodes: Range<usize>) -> Option<NodeId> {
        let mut numbers = self.numbers(nodes.end);
        for i in nodes {
            if numbers.known[i] == Known::Wanted && !numbers.compute(i) {
                return Some(NodeId::new(i));
            }
        }
        None
    }
}
