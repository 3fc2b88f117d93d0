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
        let (records, facts) = (&self.graph.records()[..nodes.end], &*self.facts);
        let wants_more = |i: &usize| !is_none(c.slots[*i]) && facts[records[*i].op.0 as usize].arity > 0;
        if !complete {
            return nodes.rev().find(wants_more).map(NodeId::new);
        }
        let (slots, values) = (&mut *c.slots, &*self.values.places.slots);
        vectorize(
            #[inline(always)]
            move || {
                // Cut here, where the compiler sees that all have one length.
                let len = records.len();
                let (slots, values) = (&mut slots[..len], &values[..len]);
                for i in nodes.rev() {
                    let dy = slots[i];
                    if is_none(dy) {
                        continue;
                    }
                    let record = &records[i];
                    let facts = &facts[record.op.0 as usize];
                    let scalar = match facts.scalar {
                        Some(scalar) if record.shape == ShapeIndex::SCALAR => scalar,
                        _ if facts.arity == 0 => continue,
                        _ => return Some(NodeId::new(i)),
                    };
                    let x = record.pair().map(NodeId::index);
                    let (at_x, y) = (x.map(|x| values[x]), values[i]);
                    let hand_on = |operand: usize, part| {
                        let slot = &mut slots[x[operand]];
                        *slot = if is_none(*slot) { part } else { sum(*slot, part) };
                    };
                    scalar.hand_on(at_x, y, dy, hand_on);
                }
                None
            },
        )
    }
}
