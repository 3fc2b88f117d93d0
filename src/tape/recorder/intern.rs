//! The table of ops: each op once, however many nodes use it.

use super::{Kept, OpInfo, OpKey, SCALARS};
use crate::error::{Error, Result};
use crate::graph::{Callers, Graph, Leaf, Node, OpIndex, OpRecord, Origin};
use crate::ops::Scalar;
use crate::tape::identity::{Identity, Unlisted, told_apart};
use crate::tape::limits::Limits;
use crate::tape::op::{Op, Recorder};
use crate::tape::values::Values;
use rustc_hash::FxHashMap;
use std::any::{Any, TypeId};
use std::cell::Cell;
use std::sync::Arc;

impl Default for Recorder {
    fn default() -> Self {
        Self::on(Graph::new(), Vec::new())
    }
}

impl Recorder {
    /// A recorder that continues a graph, whose ops these are, from the first after the leaves.
    pub(in super::super) fn on(graph: Graph, ops: Vec<Arc<dyn Op>>) -> Self {
        let mut recorder = Self {
            graph,
            ops: Vec::new(),
            infos: Vec::new(),
            identities: Vec::new(),
            built_in: [Leaf::Input.op(); SCALARS],
            keys: FxHashMap::default(),
            units: FxHashMap::default(),
            callers: Callers::default(),
            scope: Cell::new(0),
            origin: Cell::new(Origin::Forward),
            parameters: FxHashMap::default(),
            tape_id: Arc::new(()),
            limits: Limits::none(),
            values: Values::default(),
            reverse: Kept::default(),
        };
        let leaf: Arc<dyn Op> = Arc::new(crate::ops::StopGradient);
        for _ in 0..4 {
            recorder.ops.push(leaf.clone());
            recorder.infos.push(OpInfo::new(None, 0, true));
            recorder.identities.push(None);
        }
        let used = recorder.graph.used_ops();
        for (i, op) in ops.into_iter().enumerate() {
            let index = OpIndex(i as u32 + 4);
            let arity = recorder.graph.op_record(index).arity;
            // One that no node uses is not interned, since what a file says of it was not checked.
            if used[i + 4] {
                recorder.adopt(op, arity, index);
            } else {
                recorder.infos.push(OpInfo::new(None, arity, true));
                recorder.identities.push(None);
                recorder.ops.push(op);
            }
        }
        let parameters = recorder.graph.nodes().filter(|n| n.leaf() == Some(Leaf::Parameter));
        recorder.parameters = parameters.filter_map(|n| Some((n.name()?.to_owned(), n.id()))).collect();
        recorder
    }

    fn adopt(&mut self, op: Arc<dyn Op>, arity: usize, index: OpIndex) {
        self.keys.insert(key(&*op, arity), index);
        let scalar = Scalar::of(&*op).filter(|scalar| scalar.arity() == arity);
        if let Some(scalar) = scalar {
            self.built_in[scalar as usize] = index;
        }
        let reads_all = self.graph.op_record(index).shape_only.is_empty();
        self.infos.push(OpInfo::new(scalar, arity, reads_all));
        self.identities.push(Identity::of(&*op).map(|identity| identity.0));
        self.ops.push(op);
    }

    /// The index of an op, which is put in the table at its first use; `location` is where it is asked for.
    ///
    /// # Errors
    ///
    /// [`Error::Indistinct`] if the op in the table that has its type and attributes is not the same.
    pub(crate) fn intern(
        &mut self,
        op: Arc<dyn Op>,
        arity: usize,
        location: impl FnOnce(&Graph) -> crate::location::Location,
    ) -> Result<OpIndex> {
        let Some(&index) = self.keys.get(&key(&*op, arity)) else { return Ok(self.add(op, arity)) };
        let known = &self.ops[index.0 as usize];
        if self.identities[index.0 as usize].is_none_or(|identity| Identity(identity).is_of(&op, known)) {
            return Ok(index);
        }
        let first = self.graph.nodes().find(|node| self.graph.record(node.id()).op == index);
        if let Some(first) = first {
            return Err(self.indistinct(&*op, first, location(&self.graph)));
        }
        // No node uses it since the tape was reset: it is replaced.
        Ok(self.add(op, arity))
    }

    /// The error for an op that would be taken for the op of a node.
    #[cold]
    fn indistinct(&self, op: &dyn Op, node: Node<'_>, location: crate::location::Location) -> Error {
        let known = &*self.ops[self.graph.record(node.id()).op.0 as usize];
        let [new, known] = told_apart(op, known);
        let unlisted = Unlisted::of(op).map(|unlisted| unlisted.fields).filter(|fields| !fields.is_empty());
        let unlisted =
            unlisted.map(|fields| format!(" (`{}` not among the attributes)", fields.join("`, `")));
        Error::Indistinct {
            op: named(op),
            new: new + &unlisted.unwrap_or_default(),
            known: format!("{known}, {} recorded at {}", node.id(), node.place()),
            location,
        }
    }

    /// The index of a built-in op, of which its attributes say all.
    pub(crate) fn intern_listed(&mut self, op: Arc<dyn Op>, arity: usize) -> OpIndex {
        let known = self.keys.get(&key(&*op, arity)).copied();
        known.unwrap_or_else(|| self.add(op, arity))
    }

    /// The index of an op of a type without fields: all ops of it are the same.
    pub(super) fn intern_unit<O: Op>(&mut self, op: O, arity: usize) -> OpIndex {
        let unit = (TypeId::of::<O>(), arity);
        if let Some(&index) = self.units.get(&unit) {
            return index;
        }
        let known = self.keys.get(&key(&op, arity)).copied();
        let index = known.unwrap_or_else(|| self.add(Arc::new(op), arity));
        self.units.insert(unit, index);
        index
    }

    /// Puts an op in the table.
    fn add(&mut self, op: Arc<dyn Op>, arity: usize) -> OpIndex {
        let index = self.graph.op_id(record(&*op, arity));
        self.adopt(op, arity, index);
        index
    }

    /// A scalar function known by name, if it is in the table of ops.
    #[inline]
    pub(crate) fn built_in(&self, scalar: Scalar) -> Option<OpIndex> {
        let op = self.built_in[scalar as usize];
        (!op.is_leaf()).then_some(op)
    }

    /// The op that accumulates cotangents.
    #[inline]
    pub(crate) fn sum_op(&mut self) -> OpIndex {
        self.built_in(Scalar::Add).unwrap_or_else(|| self.intern_unit(crate::ops::Add, 2))
    }
}

fn key(op: &dyn Op, arity: usize) -> OpKey {
    ((op as &dyn Any).type_id(), op.attributes(), arity)
}

/// An op as the graph keeps it.
pub(in super::super) fn record(op: &dyn Op, arity: usize) -> OpRecord {
    OpRecord {
        name: op.name().to_owned(),
        symbol: op.symbol(),
        formula: op.formula().to_owned(),
        attributes: op.attributes(),
        arity,
        // An elementwise op reads them all, whatever it says.
        shape_only: (0..arity).filter(|&i| !op.elementwise() && !op.reads(i)).collect(),
        gates: op.gates(),
        branches: op.branches(),
    }
}

/// An op's name with its attributes, as messages have it.
pub(super) fn named(op: &dyn Op) -> String {
    let attributes = op.attributes();
    if attributes.is_empty() { op.name().to_owned() } else { format!("{}({attributes})", op.name()) }
}

// A recorder has places for all of them.
const _: () = assert!(Scalar::COUNT <= SCALARS);

impl OpInfo {
    fn new(scalar: Option<Scalar>, arity: usize, reads_all: bool) -> Self {
        Self { scalar: scalar.map_or(u8::MAX, |scalar| scalar as u8), arity, reads_all }
    }

    /// Which function known by name it is; then it takes as many operands as that.
    #[inline(always)]
    pub(crate) fn scalar(&self) -> Option<Scalar> {
        Scalar::numbered(self.scalar)
    }
}
