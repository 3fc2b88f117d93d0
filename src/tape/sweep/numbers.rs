//! The sweep through single numbers, in a tight loop over the nodes.

use crate::graph::{NodeId, ShapeIndex};
use crate::kernel::vectorize;
use crate::tape::cotangents::{Cotangents, is_none, sum};
use crate::tape::recorder::Recorder;
use std::ops::Range;

impl Recorder {
    /// Goes down through scalar functions of single numbers, up to the first node that wants more than that.
    ///
    /// It asks of no operand whether a gradient is wanted of it: what is handed on to one of which none is leads nowhere,
    /// and costs less than to find out.
    #[inline(never)]
    pub(super) fn pull_numbers(
        &self,
        c: &mut Cotangents,
        nodes: Range<usize>,
        complete: bool,
    ) -> Option<NodeId> {
        let len = nodes.end;
        let (records, facts) = (&self.graph.records()[..len], &*self.facts);
        let slots = &mut c.slots[..len];
        // What is not complete may end before its last nodes.
        let values = self.values.places.slots.get(..len).unwrap_or_default();
        vectorize(
            #[inline(always)]
            move || {
                for i in nodes.rev() {
                    let dy = slots[i];
                    if is_none(dy) {
                        continue;
                    }
                    let record = &records[i];
                    let facts = &facts[record.op.0 as usize];
                    let scalar = match facts.scalar {
                        Some(scalar) if complete && record.shape == ShapeIndex::SCALAR => scalar,
                        _ if facts.arity == 0 => continue,
                        _ => return Some(NodeId::new(i)),
                    };
                    let x = record.pair().map(NodeId::index);
                    let hand_on = |operand: usize, part| {
                        let slot = &mut slots[x[operand]];
                        *slot = if is_none(*slot) { part } else { sum(*slot, part) };
                    };
                    scalar.hand_on(x.map(|x| values[x]), values[i], dy, hand_on);
                }
                None
            },
        )
    }
}
