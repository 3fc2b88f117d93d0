//! The cotangents of a sweep: single numbers in one list, arrays in buffers that are reused.

use super::pool::Pool;
use crate::base::shape::Layout;
use crate::error::Result;
use crate::graph::{Graph, NodeId};
use crate::ops::Scalar;
use crate::tape::{OperandView, Values};
use std::sync::Arc;

/// The adjoint of a node, and what its slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Adjoint {
    /// It does not depend on a var that is asked for, or has been propagated.
    Inactive,
    /// The slot is the cotangent of a single number; of any other node there is none yet.
    Number,
    /// The slot is a buffer, which the cotangent fills in row-major order.
    Buffer,
    /// The slot is a place in `pieces`.
    Piece,
}

/// The slot of a node without a cotangent: a signalling NaN, which no arithmetic returns (IEEE 754-2019, section 6.2).
const NONE: f64 = f64::from_bits(0x7ff4_0000_0000_0000);

#[inline(always)]
pub(super) fn is_none(slot: f64) -> bool {
    slot.to_bits() == NONE.to_bits()
}

/// An array that lies somewhere, or a number.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// One, of rank 0.
    Number(f64),
    /// A node's value.
    Node(NodeId),
    /// Elements of a node's value.
    View(NodeId, Layout),
    /// Elements of a buffer; this is one of the buffer's uses.
    Buffer(usize, Layout),
    /// Indices that a rule computes as an intermediate result.
    Indices(Arc<[usize]>, Layout),
}

/// The cotangents of a reverse sweep.
#[derive(Debug, Default)]
pub(in super::super) struct Cotangents {
    /// Filled when the sweep reaches a node that is no scalar function of single numbers; empty before.
    pub(super) adjoints: Vec<Adjoint>,
    /// For each node its number or, by its bits, an index. An inactive single number may have one, too: it is discarded.
    pub(super) slots: Vec<f64>,
    pieces: Vec<Piece>,
    pub(super) pool: Pool,
    /// The operands, result and cotangent of a node, then what the nodes of its rule give.
    pub(super) operands: Vec<Piece>,
    pub(super) rule_slots: Vec<usize>,
    pub(super) scratch: Vec<f64>,
}

impl Cotangents {
    /// Slots for the nodes up to `end`, without cotangents.
    pub(super) fn begin(&mut self, end: usize) {
        self.adjoints.clear();
        self.slots.clear();
        self.slots.resize(end + 1, NONE);
    }

    /// Ends all uses of buffers and keeps the memory.
    pub(super) fn finish(&mut self) {
        self.pieces.clear();
        self.operands.clear();
        self.pool.clear();
    }

    pub(super) fn place(&self, id: NodeId) -> usize {
        self.slots[id.index()].to_bits() as usize
    }

    /// The cotangent of a node; the piece does not count as a use of its buffer.
    pub(super) fn piece(&self, graph: &Graph, id: NodeId) -> Option<Piece> {
        let slot = self.slots[id.index()];
        match self.adjoints.get(id.index()).copied().unwrap_or(Adjoint::Number) {
            Adjoint::Inactive => None,
            Adjoint::Number => (!is_none(slot)).then_some(Piece::Number(slot)),
            Adjoint::Buffer => {
                Some(Piece::Buffer(self.place(id), Layout::contiguous(graph.node(id).shape())))
            }
            Adjoint::Piece => Some(self.pieces[self.place(id)].clone()),
        }
    }

    /// Sets a node's cotangent to a whole buffer, and takes over one use of it.
    #[inline]
    pub(super) fn set_whole(&mut self, id: NodeId, k: usize) {
        self.adjoints[id.index()] = Adjoint::Buffer;
        self.slots[id.index()] = f64::from_bits(k as u64);
    }

    /// Sets a node's cotangent to a piece, and takes over the use that it is.
    pub(super) fn set(&mut self, id: NodeId, piece: Piece) {
        let (state, slot) = match piece {
            Piece::Number(number) => {
                self.slots[id.index()] = number;
                return;
            }
            Piece::Buffer(k, layout)
                if layout.is_contiguous()
                    && layout.offset == 0
                    && layout.len() == self.pool.buffer(k).len() =>
            {
                return self.set_whole(id, k);
            }
            piece => {
                self.pieces.push(piece);
                (Adjoint::Piece, f64::from_bits(self.pieces.len() as u64 - 1))
            }
        };
        self.adjoints[id.index()] = state;
        self.slots[id.index()] = slot;
    }

    /// Discards a node's cotangent and makes the node inactive.
    #[inline]
    pub(super) fn release(&mut self, id: NodeId) {
        match self.adjoints[id.index()] {
            Adjoint::Buffer => self.pool.release(self.place(id)),
            Adjoint::Piece => {
                if let Piece::Buffer(k, _) = self.pieces[self.place(id)] {
                    self.pool.release(k);
                }
            }
            Adjoint::Inactive | Adjoint::Number => {}
        }
        self.adjoints[id.index()] = Adjoint::Inactive;
    }

    /// Ends the use that a piece is.
    pub(super) fn drop_piece(&mut self, piece: &Piece) {
        if let Piece::Buffer(k, _) = piece {
            self.pool.release(*k);
        }
    }

    /// Whether a node's cotangent is a whole buffer with no other use.
    #[inline]
    pub(super) fn is_unshared(&self, id: NodeId) -> bool {
        self.adjoints[id.index()] == Adjoint::Buffer && self.pool.uses(self.place(id)) == 1
    }

    /// The buffer of a node's cotangent, copied first if it has other uses.
    pub(super) fn unshare(&mut self, graph: &Graph, values: &Values, id: NodeId) -> Result<usize> {
        if self.is_unshared(id) {
            return Ok(self.place(id));
        }
        let new = self.pool.take(crate::base::shape::size(graph.node(id).shape()))?;
        if let Some(piece) = self.piece(graph, id) {
            let mut buffer = self.pool.lend(new);
            crate::kernel::gather(piece.locate(graph, values, &self.pool).view(), 0, &mut buffer);
            self.pool.put_back(new, buffer);
        }
        self.release(id);
        self.set_whole(id, new);
        Ok(new)
    }

    /// Accumulates a piece into a node's cotangent, and ends the use that it is.
    pub(super) fn accumulate(
        &mut self,
        graph: &Graph,
        values: &Values,
        id: NodeId,
        piece: Piece,
    ) -> Result<()> {
        let i = id.index();
        match (self.adjoints[i], &piece) {
            (Adjoint::Inactive, _) => self.drop_piece(&piece),
            (Adjoint::Number, _) if is_none(self.slots[i]) => self.set(id, piece),
            (Adjoint::Number, Piece::Number(more)) => self.slots[i] = sum(self.slots[i], *more),
            _ => {
                let k = self.unshare(graph, values, id)?;
                let mut total = self.pool.lend(k);
                let located = piece.locate(graph, values, &self.pool);
                let more = match located.as_slice() {
                    Some(more) => more,
                    None => {
                        self.scratch.resize(self.scratch.len().max(total.len()), 0.0);
                        let copy = &mut self.scratch[..total.len()];
                        crate::kernel::gather(located.view(), 0, copy);
                        copy
                    }
                };
                total.iter_mut().zip(more).for_each(|(total, &more)| *total = sum(*total, more));
                self.pool.put_back(k, total);
                self.drop_piece(&piece);
            }
        }
        Ok(())
    }
}

/// The sum of two contributions, bit for bit that of the op `add`.
#[inline]
pub(super) fn sum(a: f64, b: f64) -> f64 {
    Scalar::Add.binary(a, b)
}

impl Piece {
    /// Where the numbers are.
    pub(super) fn locate<'a>(&'a self, graph: &Graph, values: &'a Values, pool: &'a Pool) -> OperandView<'a> {
        match self {
            Self::Number(x) => {
                OperandView { data: std::slice::from_ref(x), indices: None, layout: Layout::contiguous(&[]) }
            }
            Self::Node(id) => values.locate(graph.node(*id)),
            Self::View(id, layout) => {
                OperandView { layout: layout.clone(), ..values.locate(graph.node(*id)) }
            }
            Self::Indices(indices, layout) => {
                OperandView { data: &[], indices: Some(&**indices), layout: layout.clone() }
            }
            Self::Buffer(k, layout) => {
                OperandView { data: pool.buffer(*k), indices: None, layout: layout.clone() }
            }
        }
    }
}
