//! The fast lane for contiguous arrays of one shape: scalar functions of them, in a tight loop over the nodes.

use crate::base::shape::size;
use crate::error::Result;
use crate::graph::{NodeId, ShapeIndex};
use crate::tape::{Recorder, ValueState, Values};
use std::ops::Range;

impl Recorder {
    /// Computes requested arrays up to the first requested node that is something else, or has an operand that is not
    /// contiguous; returns that node's index, or the end.
    #[inline(never)]
    pub(super) fn compute_arrays(&mut self, nodes: Range<usize>) -> Result<usize> {
        let Self { graph, infos, values, .. } = self;
        let records = graph.records();
        let (mut shape, mut len) = (ShapeIndex::SCALAR, 1);
        for i in nodes.clone() {
            if values.places.known[i] != ValueState::Requested {
                continue;
            }
            let (id, record) = (NodeId::new(i), &records[i]);
            let Some(scalar) = infos[record.op.0 as usize].scalar() else { return Ok(i) };
            if record.shape == ShapeIndex::SCALAR || !values.places.fit(records, id) {
                return Ok(i);
            }
            if record.shape != shape {
                (shape, len) = (record.shape, size(graph.shape_of(record.shape)));
            }
            let place = values.reserve(id, len)?;
            let Values { places, arena, .. } = &mut *values;
            let (before, after) = arena.split_at_mut(place);
            let [a, b] = record.pair();
            scalar.map([places.lane(a, len, before), places.lane(b, len, before)], &mut after[..len]);
            places.known[i] = ValueState::Array;
        }
        Ok(nodes.end)
    }
}
