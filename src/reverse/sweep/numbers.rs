//! The sweep through single numbers, in a tight loop over the nodes.

use super::cotangents::{is_none, sum};
use super::pass::Sweep;
use crate::graph::{NodeId, ShapeIndex};
use crate::kernel::vectorize;
use std::ops::Range;

impl Sweep<'_> {
    /// Propagates through scalar functions of single numbers, down to the first node that needs the general way.
    ///
    /// Operands are not asked whether a gradient is wanted of them: cotangents of unrequested nodes are discarded, which
    /// costs less than a test.
    #[inline(never)]
    pub(super) fn propagate_numbers(&mut self, nodes: Range<usize>, complete: bool) -> Option<NodeId> {
        let Self { recorder, c, .. } = self;
        let (records, infos) = (&recorder.graph.records()[..nodes.end], &*recorder.infos);
        let wants_more = |i: &usize| !is_none(c.slots[*i]) && infos[records[*i].op.0 as usize].arity > 0;
        if !complete {
            return nodes.rev().find(wants_more).map(NodeId::new);
        }
        let (slots, values) = (&mut *c.slots, &*recorder.values.places.slots);
        vectorize(
            #[inline(always)]
            move || {
                // Cut to one length here, which lets the compiler drop bounds checks.
                let len = records.len();
                let (slots, values) = (&mut slots[..len], &values[..len]);
                for i in nodes.rev() {
                    let dy = slots[i];
                    if is_none(dy) {
                        continue;
                    }
                    let record = &records[i];
                    let info = &infos[record.op.0 as usize];
                    let scalar = match info.scalar() {
                        Some(scalar) if record.shape == ShapeIndex::SCALAR => scalar,
                        _ if info.arity == 0 => continue,
                        _ => return Some(NodeId::new(i)),
                    };
                    let x = record.pair().map(NodeId::index);
                    let (at_x, y) = (x.map(|x| values[x]), values[i]);
                    let accumulate = |operand: usize, part| {
                        let slot = &mut slots[x[operand]];
                        *slot = if is_none(*slot) { part } else { sum(*slot, part) };
                    };
                    scalar.propagate(at_x, y, dy, accumulate);
                }
                None
            },
        )
    }
}
