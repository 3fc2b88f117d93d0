//! The sweep through scalar functions of arrays of one shape that lie side by side, without layouts or recorded rules.

use crate::error::Result;
use crate::graph::{NodeId, ShapeIndex};
use crate::ops::{Given, Target};
use crate::shape::size;
use crate::tape::cotangents::{Cotangents, State, is_none};
use crate::tape::recorder::Recorder;
use crate::tape::values::Known;
use std::ops::Range;

impl Recorder {
    /// Hands cotangents on from the last of some nodes downwards, up to the first that wants more than that; the node
    /// after which the others are done.
    pub(super) fn pull_arrays(
        &self,
        c: &mut Cotangents,
        nodes: Range<usize>,
        vars: &[NodeId],
    ) -> Result<usize> {
        let Self { graph, facts, values, .. } = self;
        let records = graph.records();
        let (mut shape, mut len) = (ShapeIndex::SCALAR, 1);
        for i in nodes.clone().rev() {
            let (id, record) = (NodeId::new(i), &records[i]);
            match c.state[i] {
                State::Out => continue,
                State::Open if record.shape != ShapeIndex::SCALAR || is_none(c.slots[i]) => continue,
                State::Whole => {}
                State::Open | State::Piece => return Ok(i + 1),
            }
            let facts = &facts[record.op.0 as usize];
            let inputs = record.pair();
            let (Some(scalar), true) = (facts.scalar, self.side_by_side(c, id)) else {
                if record.op.is_leaf() {
                    continue;
                }
                return Ok(i + 1);
            };
            if record.shape != shape {
                (shape, len) = (record.shape, size(graph.shape_of(record.shape)));
            }
            let asked = vars.contains(&id);
            // Where a cotangent ends with its node, its buffer is the first operand's then, if that has none.
            let in_place = !asked
                && c.state[inputs[0].index()] == State::Open
                && (facts.arity == 1 || inputs[0] != inputs[1])
                && scalar.gives(0)
                && c.is_its_own(id);
            let place = c.place(id);
            if in_place {
                c.state[i] = State::Out;
                c.set_whole(inputs[0], place);
            }
            let mut to = [None; 2];
            for (operand, &input) in inputs[..facts.arity].iter().enumerate() {
                to[operand] = match c.state[input.index()] {
                    State::Out => None,
                    _ if in_place && operand == 0 => Some((place, false)),
                    State::Open if !scalar.gives(operand) => None,
                    State::Open => {
                        let k = c.pool.take(len)?;
                        c.set_whole(input, k);
                        Some((k, false))
                    }
                    State::Whole | State::Piece => Some((c.own(graph, values, input)?, true)),
                };
            }
            let lane = |x| values.places.lane(x, len, &values.arena);
            let (x, y) = ([lane(inputs[0]), lane(inputs[1])], lane(id));
            let from = (!in_place).then_some(place);
            let mut pull = |to: [Option<(usize, bool)>; 2]| {
                let add = |to: Option<(usize, bool)>| to.is_some_and(|(_, add)| add);
                let place_of = |to: Option<(usize, bool)>| to.map(|(k, _)| k);
                let (dy, [dx0, dx1]) = c.pool.read_and_write(from, [place_of(to[0]), place_of(to[1])]);
                let targets = [Target { dx: dx0, add: add(to[0]) }, Target { dx: dx1, add: add(to[1]) }];
                scalar.pull(Given { x, y, dy }, targets);
            };
            match to {
                [None, None] => {}
                // As in `x × x`.
                [Some((a, _)), Some((b, _))] if a == b => {
                    pull([to[0], None]);
                    pull([None, to[1]]);
                }
                to => pull(to),
            }
            if !in_place && !asked {
                c.release(id);
            }
        }
        Ok(nodes.start)
    }

    /// Whether a node and its one or two operands are arrays of one shape with their elements in order; an operand of
    /// which no gradient is wanted may be one number.
    #[inline]
    fn side_by_side(&self, c: &Cotangents, id: NodeId) -> bool {
        let (known, record) = (&self.values.places.known, self.graph.record(id));
        let array =
            |x: NodeId| known[x.index()] == Known::Array && self.graph.record(x).shape == record.shape;
        let number = |x: NodeId| known[x.index()] == Known::Number && c.state[x.index()] == State::Out;
        let [a, b] = record.pair();
        array(id) && (array(a) || number(a)) && (array(b) || number(b))
    }
}
