//! Nodes that are appended again and again, each time on other operands.

use super::node::{OpId, Record, ShapeId, SiteId};
use super::{Graph, NodeId, Origin};

/// Operands that a pattern can be put on.
pub(crate) const GIVEN: usize = 4;

/// Where an input is: so many places after one of the bases. These are the operands, then the first of the pattern's
/// nodes, then the first of its constants, and 0 for what no one reads.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    base: u8,
    plus: u8,
}

const NODES: u8 = GIVEN as u8;
const CONSTANTS: u8 = NODES + 1;
const NOTHING: Place = Place { base: CONSTANTS + 1, plus: 0 };

#[derive(Debug, Clone, Copy)]
struct PatternNode {
    op: OpId,
    shape: ShapeId,
    inputs: [Place; 2],
}

/// A few nodes of up to two inputs, and which of them is the result.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pattern {
    nodes: Vec<PatternNode>,
    constants: Vec<f64>,
    result: Place,
}

impl Pattern {
    fn place(slot: usize) -> Option<Place> {
        Some(match slot.checked_sub(GIVEN) {
            None => Place { base: slot as u8, plus: 0 },
            Some(node) => Place { base: NODES, plus: u8::try_from(node).ok()? },
        })
    }

    /// Appends an op on slots: the operands first, then the nodes in order; `None` if there are more of them than a pattern
    /// has.
    pub(crate) fn op(&mut self, op: OpId, shape: ShapeId, slots: &[usize]) -> Option<()> {
        let inputs = match *slots {
            [a] => [a, a],
            [a, b] => [a, b],
            _ => return None,
        };
        let [a, b] = inputs.map(Self::place);
        self.nodes.push(PatternNode { op, shape, inputs: [a?, b?] });
        Some(())
    }

    /// Appends a constant, as above.
    pub(crate) fn constant(&mut self, op: OpId, shape: ShapeId, numbers: &[f64]) -> Option<()> {
        let plus = u8::try_from(self.constants.len()).ok()?;
        self.nodes.push(PatternNode { op, shape, inputs: [Place { base: CONSTANTS, plus }, NOTHING] });
        self.constants.extend_from_slice(numbers);
        Some(())
    }

    /// Says which slot holds the result.
    pub(crate) fn finish(mut self, result: usize) -> Option<Self> {
        self.result = Self::place(result)?;
        Some(self)
    }
}

impl Graph {
    /// Appends the nodes of a pattern on some operands; its result.
    #[inline(always)]
    pub(crate) fn push_pattern(
        &mut self,
        pattern: &Pattern,
        given: [NodeId; GIVEN],
        site: SiteId,
        origin: Origin,
    ) -> NodeId {
        let first = self.nodes.len();
        // The last one's id is asked for, so the graph has room for all.
        let _ = NodeId::new(first + pattern.nodes.len());
        let [a, b, c, d] = given.map(|id| id.0);
        let bases = [a, b, c, d, first as u32, self.constants.len() as u32, 0, 0];
        let id = |place: Place| NodeId(bases[usize::from(place.base % 8)] + u32::from(place.plus));
        self.forget_consumers();
        let origin = origin.pack();
        // Loops of one or two steps, which a copy in one go would not make shorter.
        pattern.constants.iter().for_each(|&number| self.constants.push(number));
        for node in &pattern.nodes {
            let (op, shape, inputs) = (node.op, node.shape, node.inputs.map(id));
            self.nodes.push(Record { op, shape, inputs, site, origin });
        }
        id(pattern.result)
    }
}
