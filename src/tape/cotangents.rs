//! What a reverse sweep in numbers works with: a cotangent for every node on the way, single numbers in one list, arrays
//! in buffers that are used again.

use super::run::Located;
use super::values::Values;
use crate::error::Result;
use crate::graph::{Graph, NodeId};
use crate::shape::Layout;
use std::sync::Arc;

/// What is known of a node, and what its slot says of its cotangent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It does not depend on a var that is asked for, or is done with.
    Out,
    /// The slot is the cotangent of a single number; of any other node there is none yet.
    Open,
    /// The slot is the buffer, which it fills in row-major order.
    Whole,
    /// The slot is a place in `pieces`.
    Piece,
}

/// The slot of a node without a cotangent: a signalling NaN, which no arithmetic gives (IEEE 754-2019, section 6.2).
const NONE: f64 = f64::from_bits(0x7ff4_0000_0000_0000);

#[inline(always)]
pub(super) fn is_none(slot: f64) -> bool {
    slot.to_bits() == NONE.to_bits()
}

/// Numbers somewhere.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// One, of rank 0.
    Number(f64),
    /// A node's value.
    Node(NodeId),
    /// Elements of a node's value.
    Part(NodeId, Layout),
    /// Elements of a buffer, of which this is one use.
    Buffer(usize, Layout),
    /// Indices that a rule computes on its way.
    Indices(Arc<[usize]>, Layout),
}

/// Buffers, each with its number of uses; those without are there to be taken.
#[derive(Debug, Default)]
pub(super) struct Pool {
    buffers: Vec<Vec<f64>>,
    uses: Vec<u32>,
    /// Free buffers by length, and whether one of that length was taken since the last clearing.
    free: Vec<(usize, bool, Vec<usize>)>,
    /// The place in `free` that was looked up last.
    latest: usize,
    /// Places in `buffers` that hold none.
    vacant: Vec<usize>,
}

impl Pool {
    /// A buffer with arbitrary numbers in it.
    #[inline]
    pub(super) fn take(&mut self, len: usize) -> Result<usize> {
        let class = self.class(len);
        let (_, taken, free) = &mut self.free[class];
        *taken = true;
        let k = match free.pop() {
            Some(k) => k,
            None => self.another(len)?,
        };
        self.uses[k] = 1;
        Ok(k)
    }

    /// The place in `free` of the buffers of a length.
    #[inline]
    fn class(&mut self, len: usize) -> usize {
        if self.free.get(self.latest).is_none_or(|(l, ..)| *l != len) {
            self.latest = self.free.iter().position(|(l, ..)| *l == len).unwrap_or_else(|| {
                self.free.push((len, true, Vec::new()));
                self.free.len() - 1
            });
        }
        self.latest
    }

    #[cold]
    fn another(&mut self, len: usize) -> Result<usize> {
        let buffer = crate::room::filled("gradient", len, 0.0)?;
        Ok(match self.vacant.pop() {
            Some(k) => {
                self.buffers[k] = buffer;
                k
            }
            None => {
                self.buffers.push(buffer);
                self.uses.push(0);
                self.buffers.len() - 1
            }
        })
    }

    /// A buffer of one number.
    pub(super) fn one(&mut self, number: f64) -> Result<usize> {
        let k = self.take(1)?;
        self.buffers[k][0] = number;
        Ok(k)
    }

    pub(super) fn share(&mut self, k: usize) {
        self.uses[k] += 1;
    }

    #[inline]
    pub(super) fn release(&mut self, k: usize) {
        self.uses[k] -= 1;
        if self.uses[k] == 0 {
            let class = self.class(self.buffers[k].len());
            self.free[class].2.push(k);
        }
    }

    /// Takes a buffer out while it is written, so that others can be read.
    pub(super) fn lend(&mut self, k: usize) -> Vec<f64> {
        std::mem::take(&mut self.buffers[k])
    }

    pub(super) fn put_back(&mut self, k: usize, buffer: Vec<f64>) {
        self.buffers[k] = buffer;
    }

    pub(super) fn buffer(&self, k: usize) -> &[f64] {
        &self.buffers[k]
    }

    /// A buffer to be read, unless it is the first of those to be written, and none, one or two to be written.
    #[inline]
    pub(super) fn read_and_write(
        &mut self,
        from: Option<usize>,
        to: [Option<usize>; 2],
    ) -> (&[f64], [&mut [f64]; 2]) {
        let apart = "what is written is another buffer";
        let buffers = &mut self.buffers;
        match (from, to) {
            (Some(from), [Some(a), Some(b)]) => {
                let [from, a, b] = buffers.get_disjoint_mut([from, a, b]).expect(apart);
                (from, [a, b])
            }
            (Some(from), [Some(a), None]) => {
                let [from, a] = buffers.get_disjoint_mut([from, a]).expect(apart);
                (from, [a, &mut []])
            }
            (Some(from), [None, Some(b)]) => {
                let [from, b] = buffers.get_disjoint_mut([from, b]).expect(apart);
                (from, [&mut [], b])
            }
            (Some(from), [None, None]) => (&buffers[from], [&mut [], &mut []]),
            (None, [Some(a), Some(b)]) => {
                (&[], buffers.get_disjoint_mut([a, b]).expect(apart).map(|x| &mut **x))
            }
            (None, [Some(a), None]) => (&[], [&mut buffers[a], &mut []]),
            (None, [None, _]) => unreachable!("what is read is the first that is written"),
        }
    }

    /// Ends all uses; frees the buffers of lengths that no one took since the last time.
    fn clear(&mut self) {
        for k in 0..self.buffers.len() {
            if self.uses[k] > 0 {
                self.uses[k] = 1;
                self.release(k);
            }
        }
        let Self { buffers, free, vacant, .. } = self;
        free.retain_mut(|(_, taken, free)| {
            if !std::mem::take(taken) {
                free.iter().for_each(|&k| buffers[k] = Vec::new());
                vacant.append(free);
                return false;
            }
            true
        });
    }
}

/// The cotangents of a reverse sweep.
#[derive(Debug, Default)]
pub(crate) struct Cotangents {
    /// Filled where the sweep comes to a node that is no scalar function of single numbers; empty before.
    pub(super) state: Vec<State>,
    /// For each node its number or, by its bits, a place. A single number that is `Out` may have one, too.
    pub(super) slots: Vec<f64>,
    pieces: Vec<Piece>,
    pub(super) pool: Pool,
    /// The operands, result and cotangent of a node, and what its rule makes of them.
    pub(super) at_work: Vec<Piece>,
    pub(super) walked: Vec<usize>,
    pub(super) scratch: Vec<f64>,
}

impl Cotangents {
    /// Room for the nodes up to one, which have no cotangents.
    pub(super) fn begin(&mut self, end: usize) {
        self.state.clear();
        self.slots.clear();
        self.slots.resize(end + 1, NONE);
    }

    /// Ends all uses of buffers and keeps the memory.
    pub(super) fn finish(&mut self) {
        self.pieces.clear();
        self.at_work.clear();
        self.pool.clear();
    }

    pub(super) fn place(&self, id: NodeId) -> usize {
        self.slots[id.index()].to_bits() as usize
    }

    /// The cotangent that a node has, which the piece is no use of.
    pub(super) fn piece(&self, graph: &Graph, id: NodeId) -> Option<Piece> {
        let slot = self.slots[id.index()];
        match self.state.get(id.index()).copied().unwrap_or(State::Open) {
            State::Out => None,
            State::Open => (!is_none(slot)).then_some(Piece::Number(slot)),
            State::Whole => Some(Piece::Buffer(self.place(id), Layout::contiguous(graph.node(id).shape()))),
            State::Piece => Some(self.pieces[self.place(id)].clone()),
        }
    }

    /// Makes a whole buffer, with a use of it, a node's cotangent.
    #[inline]
    pub(super) fn set_whole(&mut self, id: NodeId, k: usize) {
        self.state[id.index()] = State::Whole;
        self.slots[id.index()] = f64::from_bits(k as u64);
    }

    /// Makes a piece, with the use that it is, a node's cotangent.
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
                (State::Piece, f64::from_bits(self.pieces.len() as u64 - 1))
            }
        };
        self.state[id.index()] = state;
        self.slots[id.index()] = slot;
    }

    /// Ends a node's part in the sweep.
    #[inline]
    pub(super) fn release(&mut self, id: NodeId) {
        match self.state[id.index()] {
            State::Whole => self.pool.release(self.place(id)),
            State::Piece => {
                if let Piece::Buffer(k, _) = self.pieces[self.place(id)] {
                    self.pool.release(k);
                }
            }
            State::Out | State::Open => {}
        }
        self.state[id.index()] = State::Out;
    }

    /// Ends the use that a piece is.
    pub(super) fn drop_piece(&mut self, piece: &Piece) {
        if let Piece::Buffer(k, _) = piece {
            self.pool.release(*k);
        }
    }

    /// Whether a node's cotangent is a whole buffer that is used for nothing else.
    #[inline]
    pub(super) fn is_its_own(&self, id: NodeId) -> bool {
        self.state[id.index()] == State::Whole && self.pool.uses[self.place(id)] == 1
    }

    /// The buffer of a node's cotangent, which is an array, made its own.
    pub(super) fn own(&mut self, graph: &Graph, values: &Values, id: NodeId) -> Result<usize> {
        if self.is_its_own(id) {
            return Ok(self.place(id));
        }
        let new = self.pool.take(crate::shape::size(graph.node(id).shape()))?;
        if let Some(piece) = self.piece(graph, id) {
            let mut buffer = self.pool.lend(new);
            crate::kernel::gather(piece.locate(graph, values, &self.pool).view(), 0, &mut buffer);
            self.pool.put_back(new, buffer);
        }
        self.release(id);
        self.set_whole(id, new);
        Ok(new)
    }

    /// Adds a piece to a node's cotangent, and ends the use that it is.
    pub(super) fn add(&mut self, graph: &Graph, values: &Values, id: NodeId, piece: Piece) -> Result<()> {
        let i = id.index();
        match (self.state[i], &piece) {
            (State::Out, _) => self.drop_piece(&piece),
            (State::Open, _) if is_none(self.slots[i]) => self.set(id, piece),
            (State::Open, Piece::Number(more)) => self.slots[i] = sum(self.slots[i], *more),
            _ => {
                let k = self.own(graph, values, id)?;
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

/// The sum of two contributions, as the op for it has it.
#[inline]
pub(super) fn sum(a: f64, b: f64) -> f64 {
    crate::ops::Scalar::Add.binary(a, b)
}

impl Piece {
    /// Where the numbers are.
    pub(super) fn locate<'a>(&'a self, graph: &Graph, values: &'a Values, pool: &'a Pool) -> Located<'a> {
        match self {
            Self::Number(x) => {
                Located { data: std::slice::from_ref(x), indices: None, layout: Layout::contiguous(&[]) }
            }
            Self::Node(id) => values.locate(graph.node(*id)),
            Self::Part(id, layout) => Located { layout: layout.clone(), ..values.locate(graph.node(*id)) },
            Self::Indices(indices, layout) => {
                Located { data: &[], indices: Some(&**indices), layout: layout.clone() }
            }
            Self::Buffer(k, layout) => {
                Located { data: pool.buffer(*k), indices: None, layout: layout.clone() }
            }
        }
    }
}
