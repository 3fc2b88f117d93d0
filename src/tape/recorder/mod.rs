//! The part of a tape that changes: the graph with its interned ops, and where the next node belongs.

mod access;
mod intern;
mod nodes;
mod scope;

pub(super) use intern::record;
pub(super) use nodes::infer;
pub(crate) use nodes::kinds;
pub use scope::Scope;

use super::limits::Limits;
use super::values::Values;
use crate::graph::{Attributes, Callers, Graph, NodeId, OpIndex, Origin};
use rustc_hash::FxHashMap;
use std::any::{Any, TypeId};
use std::cell::Cell;
use std::sync::Arc;

/// What makes two recorded ops the same op: type, attributes and number of operands.
type OpKey = (TypeId, Attributes, usize);

/// Places for scalar functions known by name, at least as many as there are.
const SCALARS: usize = 64;

/// What loops over nodes need to know of an op, in few bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpInfo {
    /// The number of the scalar function that it is, if it is [one](OpInfo::scalar).
    scalar: u8,
    pub(crate) arity: usize,
    /// Whether it reads the elements of all its operands.
    pub(crate) reads_all: bool,
}

/// A recorder of ops of type `O`: of [`dyn Op`](super::Op), which speaks of tapes and so cannot be named here.
#[derive(Debug)]
pub(crate) struct RecorderOf<O: ?Sized> {
    pub(crate) graph: Graph,
    /// The ops of the graph's table, by its index; the leaves at its start have a stand-in that is never run.
    pub(crate) ops: Vec<Arc<O>>,
    /// What loops over nodes need to know of each of them.
    pub(crate) infos: Vec<OpInfo>,
    /// A hash of each op's identity, where attributes alone may not tell it from others of its type.
    identities: Vec<Option<u64>>,
    /// The scalar functions known by name by their places among the ops; 0, a leaf's, where they are not there yet.
    built_in: [OpIndex; SCALARS],
    keys: FxHashMap<OpKey, OpIndex>,
    /// Ops without fields and their number of operands: found by their type, without making attributes.
    units: FxHashMap<(TypeId, usize), OpIndex>,
    callers: Callers,
    /// Cells, so that a guard can put them back while the graph is held.
    pub(super) scope: Cell<u32>,
    pub(super) origin: Cell<Origin>,
    pub(super) parameters: FxHashMap<String, NodeId>,
    /// Shared with the plans compiled from this recording, which tell its vars from those of other tapes by it.
    pub(crate) tape_id: Arc<()>,
    /// Limits of a loaded graph; none on what a program records itself.
    pub(super) limits: Limits,
    pub(crate) values: Values,
    /// The rules met so far, and the memory of the reverse pass.
    pub(crate) reverse: Kept,
}

/// What a layer above the tape keeps with a recording between calls, of a type that the tape does not know.
#[derive(Debug, Default)]
pub(crate) struct Kept(Option<Box<dyn Any>>);

impl Kept {
    /// Takes what is kept, or a default.
    pub(crate) fn take<T: Any + Default>(&mut self) -> Box<T> {
        self.0.take().and_then(|kept| kept.downcast().ok()).unwrap_or_default()
    }

    /// Keeps it for the next call.
    pub(crate) fn put_back<T: Any>(&mut self, kept: Box<T>) {
        self.0 = Some(kept);
    }

    /// What is kept, to be read.
    pub(crate) fn get<T: Any>(&self) -> Option<&T> {
        self.0.as_ref()?.downcast_ref()
    }
}

impl<O: ?Sized> RecorderOf<O> {
    /// Forgets the recording and keeps its memory, its ops and their rules.
    pub(super) fn reset(&mut self) {
        self.graph.clear();
        self.parameters.clear();
        self.values.clear();
        self.tape_id = Arc::new(());
        self.limits = Limits::none();
        self.scope.set(0);
        self.origin.set(Origin::Forward);
    }

    /// A name below the present scope.
    pub(super) fn path(&self, name: &str) -> String {
        match self.graph.scope_at(self.scope.get()) {
            "" => name.to_owned(),
            scope => format!("{scope}/{name}"),
        }
    }
}
