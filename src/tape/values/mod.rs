//! The values of a tape: a number or a place for every node, and one buffer that all arrays lie in.

mod feeding;
mod given;
mod located;
mod read;
mod value;

pub(crate) use feeding::not_fed;
pub use given::{IntoIndices, IntoValue};
pub(crate) use located::{OperandView, Operands};
pub use value::Value;
pub(crate) use value::shaped;

use crate::base::shape::{Layout, size};
use crate::error::Result;
use crate::graph::{Graph, Kind, Node, NodeId, Record};
use crate::kernel::Lane;
use std::ops::Range;

/// The state of a node's value, and what its slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueState {
    /// Nothing. The slot of an array that was computed before still says where its place is.
    Unknown,
    /// Requested by the call that is under way; the slot as with `Unknown`.
    Requested,
    /// The slot is the number.
    Number,
    /// The slot is the place in `arena` where the elements begin, in row-major order.
    Array,
    /// The slot is a place in `views`.
    View,
    /// The slot is the place in `indices` where the elements begin.
    Indices,
}

impl ValueState {
    #[inline]
    pub(crate) fn is_value(self) -> bool {
        !matches!(self, Self::Unknown | Self::Requested)
    }
}

/// The slot of a node without a place: these bits are no index of a buffer.
const NOWHERE: f64 = f64::NAN;

/// What each node's value is, or where: all but the arrays, so that one can be written while others are read.
#[derive(Debug, Default)]
pub(crate) struct ValuePlaces {
    pub(crate) known: Vec<ValueState>,
    /// For each node its number or, by its bits, a place.
    pub(crate) slots: Vec<f64>,
    /// Elements of another node's value: whose, and where.
    views: Vec<(NodeId, Layout)>,
    indices: Vec<usize>,
}

/// The values computed so far, and those given to leaves.
///
/// An array keeps its place in the buffer from the first time it is computed until the tape is reset, so computing it
/// again on other leaves takes no more room. Operands are computed before results, so they lie before them.
#[derive(Debug, Default)]
pub(crate) struct Values {
    pub(crate) places: ValuePlaces,
    pub(crate) arena: Vec<f64>,
    /// How much of the arena is in use.
    top: usize,
    pub(crate) scratch: Vec<f64>,
    /// The queue of the search for requested nodes.
    pub(crate) queue: Vec<NodeId>,
    /// The range of requested nodes; not empty between calls only after a failure.
    pub(crate) unfinished: Range<usize>,
    /// Before this node, all single numbers whose operands are known were computed.
    pub(crate) tried: usize,
    /// Whether anything was computed since everything computed was forgotten.
    pub(crate) computed: bool,
}

impl Values {
    /// Forgets everything and keeps the memory.
    pub(crate) fn clear(&mut self) {
        let ValuePlaces { known, slots, views, indices } = &mut self.places;
        known.clear();
        slots.clear();
        views.clear();
        indices.clear();
        self.top = 0;
        self.unfinished = 0..0;
        self.tried = 0;
        self.computed = false;
    }

    pub(crate) fn grow(&mut self, len: usize) {
        let ValuePlaces { known, slots, .. } = &mut self.places;
        if known.len() < len {
            known.resize(len, ValueState::Unknown);
            slots.resize(len, NOWHERE);
        }
    }

    /// Whether a node's value is known.
    pub(crate) fn has(&self, id: NodeId) -> bool {
        self.places.known.get(id.index()).is_some_and(|known| known.is_value())
    }

    /// Withdraws all requests.
    pub(crate) fn withdraw(&mut self) {
        for known in &mut self.places.known[std::mem::take(&mut self.unfinished)] {
            if *known == ValueState::Requested {
                *known = ValueState::Unknown;
            }
        }
    }

    /// The place of an array of `len` elements: the one that it has, or a new one.
    #[inline]
    pub(crate) fn reserve(&mut self, id: NodeId, len: usize) -> Result<usize> {
        let slot = &mut self.places.slots[id.index()];
        if slot.to_bits() == NOWHERE.to_bits() {
            let end = self.top.saturating_add(len);
            if end > self.arena.len() {
                crate::base::alloc::grow("value", &mut self.arena, end, len)?;
            }
            *slot = f64::from_bits(self.top as u64);
            self.top = end;
        }
        Ok(slot.to_bits() as usize)
    }

    /// Gives a node its numbers, in row-major order, of a shape.
    pub(crate) fn set(
        &mut self,
        id: NodeId,
        shape: &[usize],
        mut numbers: impl Iterator<Item = f64>,
    ) -> Result<()> {
        self.grow(id.index() + 1);
        if shape.is_empty() {
            self.tried = self.tried.min(id.index());
            numbers.for_each(|x| self.places.set_number(id, x));
            return Ok(());
        }
        let len = size(shape);
        let place = self.reserve(id, len)?;
        self.arena[place..place + len].fill_with(|| numbers.next().unwrap_or(f64::NAN));
        self.places.known[id.index()] = ValueState::Array;
        Ok(())
    }

    /// Gives a node its indices, as many as it had before if it had any.
    pub(crate) fn set_indices(&mut self, id: NodeId, new: impl IntoIterator<Item = usize>) {
        self.grow(id.index() + 1);
        let ValuePlaces { known, slots, indices, .. } = &mut self.places;
        let slot = &mut slots[id.index()];
        if slot.to_bits() == NOWHERE.to_bits() {
            *slot = f64::from_bits(indices.len() as u64);
            indices.extend(new);
        } else {
            let place = slot.to_bits() as usize;
            indices[place..].iter_mut().zip(new).for_each(|(index, new)| *index = new);
        }
        known[id.index()] = ValueState::Indices;
    }

    /// Forgets everything but the values of leaves; O(1) where nothing was computed since the last time, so that many
    /// leaves can be fed one after another.
    pub(crate) fn forget_computed(&mut self, graph: &Graph) {
        if !std::mem::take(&mut self.computed) {
            return;
        }
        let ValuePlaces { known, slots, views, .. } = &mut self.places;
        for ((node, known), slot) in graph.nodes().zip(known).zip(slots) {
            if node.leaf().is_none() && known.is_value() {
                if matches!(*known, ValueState::Number | ValueState::View) {
                    *slot = NOWHERE;
                }
                *known = ValueState::Unknown;
            }
        }
        views.clear();
        self.tried = 0;
    }

    /// The numbers of an input, if it was fed.
    pub(crate) fn fed(&self, node: Node<'_>) -> Option<&[f64]> {
        let known = *self.places.known.get(node.id().index())?;
        matches!(known, ValueState::Number | ValueState::Array).then(|| self.places.buffer(node, &self.arena))
    }

    /// The indices of an index input, if it was fed.
    pub(crate) fn fed_indices(&self, node: Node<'_>) -> Option<&[usize]> {
        let known = *self.places.known.get(node.id().index())?;
        (known == ValueState::Indices).then(|| self.places.indices_of(node))
    }

    /// Where a node's numbers or indices are.
    pub(crate) fn locate(&self, node: Node<'_>) -> OperandView<'_> {
        self.places.locate(node, &self.arena)
    }
}

impl ValuePlaces {
    #[inline(always)]
    fn place(&self, id: NodeId) -> usize {
        self.slots[id.index()].to_bits() as usize
    }

    #[inline]
    pub(crate) fn set_number(&mut self, id: NodeId, number: f64) {
        self.slots[id.index()] = number;
        self.known[id.index()] = ValueState::Number;
    }

    /// Says of a node that its elements are among those of its first operand.
    pub(crate) fn set_view(&mut self, id: NodeId, of: NodeId, layout: Layout) {
        let root = match self.known[of.index()] {
            ValueState::View => self.views[self.place(of)].0,
            _ => of,
        };
        self.slots[id.index()] = f64::from_bits(self.views.len() as u64);
        self.views.push((root, layout));
        self.known[id.index()] = ValueState::View;
    }

    /// The buffer that a node's numbers, which are no view, fill.
    fn buffer<'a>(&'a self, node: Node<'_>, arena: &'a [f64]) -> &'a [f64] {
        let id = node.id();
        match self.known[id.index()] {
            ValueState::Array => &arena[self.place(id)..][..size(node.shape())],
            ValueState::Number => std::slice::from_ref(&self.slots[id.index()]),
            _ => &[],
        }
    }

    fn indices_of(&self, node: Node<'_>) -> &[usize] {
        &self.indices[self.place(node.id())..][..size(node.shape())]
    }

    /// Where a node's numbers or indices are; nowhere, where nothing is known but its shape.
    pub(crate) fn locate<'a>(&'a self, node: Node<'_>, arena: &'a [f64]) -> OperandView<'a> {
        let known = self.known.get(node.id().index()).copied().unwrap_or(ValueState::Unknown);
        if known == ValueState::View {
            let (root, layout) = &self.views[self.place(node.id())];
            let root = node.of_same_graph(*root);
            let indices = (root.kind() == Kind::Index).then(|| self.indices_of(root));
            return OperandView { data: self.buffer(root, arena), indices, layout: layout.clone() };
        }
        let layout = Layout::contiguous(node.shape());
        let indices = (known == ValueState::Indices).then(|| self.indices_of(node));
        let data = if known.is_value() { self.buffer(node, arena) } else { &[] };
        OperandView { data, indices, layout }
    }

    /// Whether the operands of a node of one or two are known, each either one number or an array of the node's shape with
    /// its elements in order.
    #[inline(always)]
    pub(crate) fn fit(&self, records: &[Record], id: NodeId) -> bool {
        let record = &records[id.index()];
        record.pair().iter().all(|x| match self.known[x.index()] {
            ValueState::Array => records[x.index()].shape == record.shape,
            known => known == ValueState::Number,
        })
    }

    /// The numbers of a node that [fits](Self::fit) a result of `len` elements.
    #[inline(always)]
    pub(crate) fn lane<'a>(&self, id: NodeId, len: usize, arena: &'a [f64]) -> Lane<'a, f64> {
        match self.known[id.index()] {
            ValueState::Number => Lane::Number(self.slots[id.index()]),
            _ => Lane::Numbers(&arena[self.place(id)..][..len]),
        }
    }
}
