//! Patterns: groups of nodes that are appended many times, each time on other operands.

use super::ids::{NodeId, OpId, ShapeId, SiteId};
use super::record::{Origin, Record};
use super::storage::Graph;

/// The number of operands of a pattern.
pub(crate) const GIVEN: usize = 6;

/// A pattern has no more nodes than this.
const LONGEST: usize = 32;
/// A pattern has no more constants than this.
const CONSTANTS: usize = 2;

/// A node by its distance from a base.
#[derive(Debug, Clone, Copy)]
struct PatternInput {
    base: Base,
    plus: u8,
}

/// What distances are counted from.
// An enum and no number: indexing by it needs no bounds check.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum Base {
    Given0,
    Given1,
    Given2,
    Given3,
    Given4,
    Given5,
    /// The first of the pattern's nodes.
    Nodes,
    /// The first of its constants.
    Constants,
    /// 0, for inputs that are never read.
    Nothing,
}

const GIVENS: [Base; GIVEN] =
    [Base::Given0, Base::Given1, Base::Given2, Base::Given3, Base::Given4, Base::Given5];
const NOTHING: PatternInput = PatternInput { base: Base::Nothing, plus: 0 };

/// Which of three nodes a node of a pattern takes its site and origin from.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum NodeOwner {
    First,
    Second,
    Third,
}

#[derive(Debug, Clone, Copy)]
struct PatternNode {
    op: OpId,
    shape: ShapeId,
    inputs: [PatternInput; 2],
    owner: NodeOwner,
}

/// A few nodes of up to two inputs, with two results and two parts that are reported.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    nodes: Vec<PatternNode>,
    constants: [f64; CONSTANTS],
    count: usize,
    results: [PatternInput; 2],
    parts: [Option<PatternInput>; 2],
}

/// The results and parts of a pattern that was appended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Put {
    /// As numbers, as operands are given.
    pub(crate) results: [u32; 2],
    pub(crate) parts: [Option<NodeId>; 2],
}

impl Pattern {
    /// An empty pattern, whose results are operands.
    pub(crate) fn new(results: [usize; 2]) -> Option<Self> {
        let [a, b] = results.map(Self::place);
        Some(Self {
            nodes: Vec::new(),
            constants: [0.0; CONSTANTS],
            count: 0,
            results: [a?, b?],
            parts: [None; 2],
        })
    }

    fn place(slot: usize) -> Option<PatternInput> {
        Some(match GIVENS.get(slot) {
            Some(&base) => PatternInput { base, plus: 0 },
            None => PatternInput { base: Base::Nodes, plus: u8::try_from(slot - GIVEN).ok()? },
        })
    }

    /// The slot of the node to be appended next. Slots are numbered: the operands first, then the nodes in order.
    pub(crate) fn next(&self) -> usize {
        GIVEN + self.nodes.len()
    }

    /// Appends an op on slots, recorded for one of the owners; its slot, or `None` if a pattern cannot have it.
    pub(crate) fn op(
        &mut self,
        op: OpId,
        shape: ShapeId,
        slots: &[usize],
        owner: NodeOwner,
    ) -> Option<usize> {
        let inputs = match *slots {
            [a] => [a, a],
            [a, b] => [a, b],
            _ => return None,
        };
        let [a, b] = inputs.map(Self::place);
        self.push(PatternNode { op, shape, inputs: [a?, b?], owner })
    }

    /// Appends a constant of one number, as [`op`](Self::op).
    pub(crate) fn constant(
        &mut self,
        op: OpId,
        shape: ShapeId,
        number: f64,
        owner: NodeOwner,
    ) -> Option<usize> {
        *self.constants.get_mut(self.count)? = number;
        let inputs = [PatternInput { base: Base::Constants, plus: self.count as u8 }, NOTHING];
        self.count += 1;
        self.push(PatternNode { op, shape, inputs, owner })
    }

    fn push(&mut self, node: PatternNode) -> Option<usize> {
        self.nodes.push(node);
        (self.nodes.len() <= LONGEST).then(|| self.next() - 1)
    }

    /// Sets the slot of a result.
    pub(crate) fn set_result(&mut self, result: usize, slot: usize) -> Option<()> {
        self.results[result] = Self::place(slot)?;
        Some(())
    }

    /// Sets the slot of a part.
    pub(crate) fn set_part(&mut self, part: usize, slot: usize) -> Option<()> {
        self.parts[part] = Some(Self::place(slot)?);
        Some(())
    }
}

/// The nodes of a graph, and places reserved for more.
#[derive(Debug)]
pub(crate) struct Reserved<'g> {
    there: &'g [Record],
    places: &'g mut [Record],
    next: u32,
    // At least as many as places for nodes, since each constant is a node.
    constants: &'g mut [f64],
    next_constant: u32,
}

impl Graph {
    /// Reserves places for more nodes; those that stay unused are given back by [`leave`](Self::leave).
    ///
    /// Patterns are written to reserved places, since a capacity check for each node costs as much as writing it.
    ///
    /// # Panics
    ///
    /// If a graph cannot have so many nodes.
    pub(crate) fn reserve(&mut self, more: usize) -> Reserved<'_> {
        let (next, next_constant) = (self.nodes.len(), self.constants.len());
        if more > 0 {
            let _ = (NodeId::new(next + more), NodeId::new(next_constant + more));
            self.forget_consumers();
            self.nodes.resize(next + more, Record::default());
            self.constants.resize(next_constant + more, 0.0);
        }
        let (there, places) = self.nodes.split_at_mut(next);
        let constants = &mut self.constants[next_constant..];
        Reserved { there, places, next: next as u32, constants, next_constant: next_constant as u32 }
    }

    /// Gives back unused places. [`Reserved::used`] says how many nodes and constants there are.
    pub(crate) fn leave(&mut self, [nodes, constants]: [usize; 2]) {
        self.nodes.truncate(nodes);
        self.constants.truncate(constants);
    }
}

impl<'g> Reserved<'g> {
    /// The places that one pattern needs at most.
    pub(crate) const ENOUGH: usize = LONGEST;

    /// Whether any pattern fits.
    #[inline(always)]
    pub(crate) fn is_enough(&self) -> bool {
        self.places.len() >= LONGEST
    }

    /// The numbers of nodes and constants, with those appended.
    pub(crate) fn used(&self) -> [usize; 2] {
        [self.next, self.next_constant].map(|x| x as usize)
    }

    /// The nodes from before.
    pub(crate) fn there(&self) -> &'g [Record] {
        self.there
    }

    /// Appends the nodes of a pattern on operands, given by their numbers; sites and origins are those of the owners.
    #[inline(always)]
    pub(crate) fn push(
        &mut self,
        pattern: &Pattern,
        [a, b, c, d, e, f]: [u32; GIVEN],
        sites: [SiteId; 3],
        origins: [Origin; 3],
    ) -> Put {
        let bases = [a, b, c, d, e, f, self.next, self.next_constant, 0];
        let number = |place: PatternInput| bases[place.base as usize].wrapping_add(u32::from(place.plus));
        let origins = origins.map(Origin::pack);
        let (written, rest) = std::mem::take(&mut self.places).split_at_mut(pattern.nodes.len());
        self.places = rest;
        self.next += pattern.nodes.len() as u32;
        for (record, node) in written.iter_mut().zip(&pattern.nodes) {
            let (op, shape, inputs) = (node.op, node.shape, node.inputs.map(|place| NodeId(number(place))));
            let owner = node.owner as usize;
            *record = Record { op, shape, inputs, site: sites[owner], origin: origins[owner] };
        }
        // Unconditional write, cheaper than a length check.
        let constants = std::mem::take(&mut self.constants);
        if let Some(first) = constants.first_chunk_mut() {
            *first = pattern.constants;
        }
        self.constants = &mut constants[pattern.count..];
        self.next_constant += pattern.count as u32;
        let parts = pattern.parts.map(|place| place.map(|place| NodeId(number(place))));
        Put { results: pattern.results.map(number), parts }
    }
}
