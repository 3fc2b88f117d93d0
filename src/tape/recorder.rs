//! The part of a tape that changes: the graph with its interned ops, and where the next node belongs.

use super::backward::Lead;
use super::cotangents::Cotangents;
use super::identity::{Identity, Unlisted, told_apart};
use super::limits::Limits;
use super::op::{Op, Operand};
use super::rule::Rules;
use super::values::Values;
use crate::error::{Error, Result};
use crate::graph::{
    Attributes, Callers, Graph, Kind, Leaf, Node, NodeId, OpIndex, OpRecord, Origin, ShapeIndex, Stamp,
};
use crate::ops::Scalar;
use rustc_hash::FxHashMap;
use std::any::{Any, TypeId};
use std::cell::Cell;
use std::panic::Location;
use std::sync::Arc;

/// What makes two recorded ops the same op: type, attributes and number of operands.
type OpKey = (TypeId, Attributes, usize);

/// What loops over nodes ask of an op, side by side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// Which function known by name it is; then it takes as many operands as that.
    pub(crate) scalar: Option<Scalar>,
    pub(crate) arity: usize,
    /// Whether it reads the elements of all its operands.
    pub(crate) reads_all: bool,
}

#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) graph: Graph,
    /// The ops of the graph's table, by its index; the leaves at its start have a stand-in that is never run.
    pub(crate) ops: Vec<Arc<dyn Op>>,
    /// What loops over nodes ask of each of them.
    pub(crate) facts: Vec<Facts>,
    /// What each of them said of itself, where attributes alone may not tell it from others of its type.
    identities: Vec<Option<Identity>>,
    /// The scalar functions known by name by their places among the ops; 0, a leaf's, where they are not there yet.
    built_in: [OpIndex; Scalar::COUNT],
    keys: FxHashMap<OpKey, OpIndex>,
    /// Ops without fields and their number of operands: found by their type, without making attributes.
    units: FxHashMap<(TypeId, usize), OpIndex>,
    callers: Callers,
    /// Cells, so that a guard can put them back while the graph is held.
    pub(super) scope: Cell<u32>,
    pub(super) origin: Cell<Origin>,
    pub(super) parameters: FxHashMap<String, NodeId>,
    /// Shared with the plans compiled from this recording, which by it know its vars from those of other tapes.
    pub(crate) lineage: Arc<()>,
    /// What a graph from outside may ask for: none on what a program records itself.
    pub(super) limits: Limits,
    pub(super) values: Values,
    pub(super) rules: Rules,
    /// What a rule being put on the tape is put together from; kept for its memory.
    pub(super) operands: Vec<NodeId>,
    /// What a reverse sweep works with; kept for its memory.
    pub(crate) cotangents: Cotangents,
    /// What a recorded reverse pass knows of the nodes; kept for its memory.
    pub(crate) leads: Vec<Lead>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self::on(Graph::new(), Vec::new())
    }
}

impl Recorder {
    /// A recorder on a graph whose ops these are, from the first after the leaves.
    pub(super) fn on(graph: Graph, ops: Vec<Arc<dyn Op>>) -> Self {
        let mut recorder = Self {
            graph,
            ops: Vec::new(),
            facts: Vec::new(),
            identities: Vec::new(),
            built_in: [Leaf::Input.op(); Scalar::COUNT],
            keys: FxHashMap::default(),
            units: FxHashMap::default(),
            callers: Callers::default(),
            scope: Cell::new(0),
            origin: Cell::new(Origin::Forward),
            parameters: FxHashMap::default(),
            lineage: Arc::new(()),
            limits: Limits::none(),
            values: Values::default(),
            rules: Rules::default(),
            operands: Vec::new(),
            cotangents: Cotangents::default(),
            leads: Vec::new(),
        };
        let leaf: Arc<dyn Op> = Arc::new(crate::ops::StopGradient);
        for _ in 0..4 {
            recorder.ops.push(leaf.clone());
            recorder.facts.push(Facts { scalar: None, arity: 0, reads_all: true });
            recorder.identities.push(None);
        }
        let used = recorder.graph.used_ops();
        for (i, op) in ops.into_iter().enumerate() {
            let index = OpIndex(i as u32 + 4);
            let arity = recorder.graph.op_record(index).arity;
            // One that no node uses is not found again, since not all was looked up that a file says of it.
            if used[i + 4] {
                recorder.adopt(op, arity, index);
            } else {
                recorder.facts.push(Facts { scalar: None, arity, reads_all: true });
                recorder.identities.push(None);
                recorder.ops.push(op);
            }
        }
        let parameters = recorder.graph.nodes().filter(|n| n.leaf() == Some(Leaf::Parameter));
        recorder.parameters = parameters.filter_map(|n| Some((n.name()?.to_owned(), n.id()))).collect();
        recorder
    }

    pub(super) fn reset(&mut self) {
        self.graph.clear();
        self.parameters.clear();
        self.values.clear();
        self.lineage = Arc::new(());
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

    fn adopt(&mut self, op: Arc<dyn Op>, arity: usize, index: OpIndex) {
        self.keys.insert(key(&*op, arity), index);
        let scalar = Scalar::of(&*op).filter(|scalar| scalar.arity() == arity);
        if let Some(scalar) = scalar {
            self.built_in[scalar as usize] = index;
        }
        let reads_all = self.graph.op_record(index).shape_only.is_empty();
        self.facts.push(Facts { scalar, arity, reads_all });
        self.identities.push(Identity::of(&*op));
        self.ops.push(op);
    }

    /// The index of an op, which is put in the table at its first use; `location` is where it is asked for.
    ///
    /// # Errors
    ///
    /// [`Error::Indistinct`] if the op in the table that has its type and attributes is not the same.
    pub(super) fn intern(
        &mut self,
        op: Arc<dyn Op>,
        arity: usize,
        location: impl FnOnce(&Graph) -> crate::location::Location,
    ) -> Result<OpIndex> {
        let Some(&index) = self.keys.get(&key(&*op, arity)) else { return Ok(self.add(op, arity)) };
        let known = &self.ops[index.0 as usize];
        if self.identities[index.0 as usize].is_none_or(|identity| identity.is_of(&op, known)) {
            return Ok(index);
        }
        let first = self.graph.nodes().find(|node| self.graph.record(node.id()).op == index);
        if let Some(first) = first {
            return Err(self.indistinct(&*op, first, location(&self.graph)));
        }
        // It was recorded before the tape was emptied, and gives way.
        Ok(self.add(op, arity))
    }

    /// The error for an op that would be taken for that of a node.
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

    /// The index of an op of a type without fields: all ops of it are the same.
    fn intern_unit<O: Op>(&mut self, op: O, arity: usize) -> OpIndex {
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

    #[inline]
    fn stamp(&mut self, op: OpIndex, shape: ShapeIndex, caller: &'static Location<'static>) -> Stamp {
        let site = self.callers.site(caller, self.scope.get(), &mut self.graph);
        Stamp { op, shape, site, origin: self.origin.get() }
    }

    pub(super) fn leaf(
        &mut self,
        leaf: Leaf,
        name: String,
        shape: &[usize],
        caller: &'static Location<'static>,
    ) -> Result<NodeId> {
        crate::shape::checked_size(shape).map_err(|problem| Error::Argument {
            what: leaf.name(),
            problem: format!("`{name}`: {problem}"),
        })?;
        let shape = self.graph.shape_id(shape);
        let stamp = self.stamp(leaf.op(), shape, caller);
        let id = self.graph.push(stamp, &[]);
        if leaf == Leaf::Parameter {
            self.parameters.insert(name.clone(), id);
        }
        self.graph.set_name(id, name);
        Ok(id)
    }

    /// A constant of rank 0.
    #[inline]
    pub(super) fn number(&mut self, number: f64, caller: &'static Location<'static>) -> NodeId {
        let stamp = self.stamp(Leaf::Constant.op(), ShapeIndex::SCALAR, caller);
        self.graph.push_constant(stamp, [number])
    }

    pub(super) fn constant(
        &mut self,
        shape: &[usize],
        values: impl IntoIterator<Item = f64>,
        caller: &'static Location<'static>,
    ) -> NodeId {
        let shape = self.graph.shape_id(shape);
        let stamp = self.stamp(Leaf::Constant.op(), shape, caller);
        self.graph.push_constant(stamp, values)
    }

    pub(super) fn record<O: Op>(
        &mut self,
        op: O,
        x: &[NodeId],
        caller: &'static Location<'static>,
    ) -> Result<NodeId> {
        let index = if size_of::<O>() == 0 {
            self.intern_unit(op, x.len())
        } else {
            self.intern(Arc::new(op), x.len(), |_| caller.into())?
        };
        self.record_interned(index, x, caller)
    }

    pub(super) fn record_shared(
        &mut self,
        op: Arc<dyn Op>,
        x: &[NodeId],
        caller: &'static Location<'static>,
    ) -> Result<NodeId> {
        let index = self.intern(op, x.len(), |_| caller.into())?;
        self.record_interned(index, x, caller)
    }

    fn record_interned(
        &mut self,
        op: OpIndex,
        x: &[NodeId],
        caller: &'static Location<'static>,
    ) -> Result<NodeId> {
        let shape = match self.alike(op, x) {
            Some(shape) => shape,
            None => {
                let (shape, kind) = infer(&self.graph, &*self.ops[op.0 as usize], x, || caller.into())?;
                self.graph.shape_id(&shape).of_kind(kind)
            }
        };
        let stamp = self.stamp(op, shape, caller);
        Ok(self.graph.push(stamp, x))
    }

    /// Records a scalar function known by name on operands of one shape, of which a function of one takes the first;
    /// `None`, and nothing recorded, where there is more to look at or to do.
    ///
    /// It calls nothing and cannot panic, so that its callers need not keep anything for afterwards.
    #[inline(always)]
    pub(super) fn record_alike(
        &mut self,
        scalar: Scalar,
        x: [NodeId; 2],
        caller: &'static Location<'static>,
    ) -> Option<NodeId> {
        let op = self.built_in(scalar)?;
        let shape = self.shared_shape(&x)?;
        let site = self.callers.latest(caller, self.scope.get())?;
        self.graph.push_at_once(Stamp { op, shape, site, origin: self.origin.get() }, x)
    }

    /// The shape of a scalar function's operands, and so of its result, if it is given the right number of real ones
    /// and they have one shape.
    #[inline]
    fn alike(&self, op: OpIndex, x: &[NodeId]) -> Option<ShapeIndex> {
        let facts = &self.facts[op.0 as usize];
        if facts.scalar.is_none() || facts.arity != x.len() {
            return None;
        }
        self.shared_shape(x)
    }

    /// The shape of some nodes of real numbers, if all have the same.
    #[inline]
    fn shared_shape(&self, x: &[NodeId]) -> Option<ShapeIndex> {
        let records = self.graph.records();
        let shape = records.get(x.first()?.index())?.shape;
        if shape.kind() == Kind::Index {
            return None;
        }
        let fits = |id: &NodeId| {
            records.get(id.index()).is_some_and(|r| r.shape == shape && r.op != Leaf::Index.op())
        };
        x.iter().all(fits).then_some(shape)
    }

    /// A scalar function known by name, if it is in the table of ops.
    #[inline]
    pub(super) fn built_in(&self, scalar: Scalar) -> Option<OpIndex> {
        let op = self.built_in[scalar as usize];
        (!op.is_leaf()).then_some(op)
    }

    /// The op that contributions to a cotangent are added with.
    #[inline]
    pub(crate) fn sum_op(&mut self) -> OpIndex {
        self.built_in(Scalar::Add).unwrap_or_else(|| self.intern_unit(crate::ops::Add, 2))
    }
}

fn key(op: &dyn Op, arity: usize) -> OpKey {
    ((op as &dyn Any).type_id(), op.attributes(), arity)
}

/// An op as the graph keeps it.
pub(super) fn record(op: &dyn Op, arity: usize) -> OpRecord {
    OpRecord {
        name: op.name().to_owned(),
        symbol: op.symbol(),
        formula: op.formula().to_owned(),
        attributes: op.attributes(),
        arity,
        // An elementwise op reads them all, whatever it says.
        shape_only: (0..arity).filter(|&i| !op.elementwise() && !op.reads(i)).collect(),
        gates: op.gates(),
    }
}

/// The shape of a result and the kind of its elements, or the error that says everything about the operands.
pub(super) fn infer(
    graph: &Graph,
    op: &dyn Op,
    x: &[NodeId],
    location: impl Fn() -> crate::location::Location,
) -> Result<(Vec<usize>, Kind)> {
    let operands: smallvec::SmallVec<[Operand<'_>; 4]> = x
        .iter()
        .map(|&id| {
            let node = graph.node(id);
            Operand { shape: node.shape(), kind: node.kind() }
        })
        .collect();
    let checked = |shape: Vec<usize>| {
        crate::shape::checked_size(&shape)?;
        let kind = op.kind(&operands);
        let of_indices = kind == Kind::Index || operands.iter().any(|x| x.kind == Kind::Index);
        if of_indices && op.elementwise() {
            return Err(
                "says that it is elementwise, and operands and results of such an op are real numbers"
                    .to_owned(),
            );
        }
        Ok((shape, kind))
    };
    op.shape(&operands).and_then(checked).map_err(|problem| refusal(graph, named(op), problem, x, location()))
}

/// An op's name with its attributes, as messages have it.
fn named(op: &dyn Op) -> String {
    let attributes = op.attributes();
    if attributes.is_empty() { op.name().to_owned() } else { format!("{}({attributes})", op.name()) }
}

/// The error that says everything about the operands of an op.
pub(super) fn refusal(
    graph: &Graph,
    op: String,
    problem: String,
    x: &[NodeId],
    location: crate::location::Location,
) -> Error {
    Error::Operands { op, problem, operands: graph.describe_operands(x), location }
}

/// Kinds of the operands of a node.
pub(super) fn kinds(graph: &Graph, x: &[NodeId]) -> impl Iterator<Item = Kind> {
    x.iter().map(|&id| graph.node(id).kind())
}
