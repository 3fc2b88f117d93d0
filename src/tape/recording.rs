//! What a user records on a tape.

use super::limits::Limits;
use super::op::{Op, Recorder, Tape, Var};
use super::recorder::Scope;
use super::registry::Registry;
use super::values::{IntoIndices, IntoValue};
use crate::error::{Error, Result, expected, refuse};
use crate::graph::{Graph, Kind, Leaf, NodeId};
use crate::ops::Scalar;
use std::cell::{Ref, RefCell};
use std::sync::Arc;

impl Tape {
    /// An empty tape.
    pub fn new() -> Self {
        Self::default()
    }

    /// An input with a value: a number or an array.
    ///
    /// # Panics
    ///
    /// If the [graph](Tape::graph) is held, or there is no room for the array. So do all other ways to record a leaf.
    #[doc(alias = "Parameter")]
    #[doc(alias = "requires_grad")]
    #[doc(alias = "tensor")]
    #[track_caller]
    pub fn leaf(&self, name: &str, value: impl IntoValue) -> Var<'_> {
        let value = value.into_value();
        let var = self.add_leaf(Leaf::Input, name.to_owned(), value.shape());
        let given = self.write("leaf").give(var.id(), &value);
        expected(given);
        var
    }

    /// An index input with values: class labels, or positions.
    ///
    /// # Panics
    ///
    /// As [`leaf`](Self::leaf); and if an index is negative, with its place.
    #[doc(alias = "LongTensor")]
    #[track_caller]
    pub fn index_leaf(&self, name: &str, indices: impl IntoIndices) -> Var<'_> {
        let indices = match indices.into_indices() {
            Ok(indices) => indices,
            Err(found) => refuse(Error::Argument {
                what: "index_leaf",
                problem: format!("`{name}` takes indices from 0, got {found}"),
            }),
        };
        let var = self.add_leaf(Leaf::Index, name.to_owned(), indices.shape());
        self.write("index_leaf").values.set_indices(var.id(), indices);
        var
    }

    /// An input to be fed per run.
    #[doc(alias = "placeholder")]
    #[track_caller]
    pub fn input(&self, name: &str, shape: impl AsRef<[usize]>) -> Var<'_> {
        self.add_leaf(Leaf::Input, name.to_owned(), shape.as_ref())
    }

    /// An input of class labels or positions, to be fed per run, never differentiated.
    #[track_caller]
    pub fn index_input(&self, name: &str, shape: impl AsRef<[usize]>) -> Var<'_> {
        self.add_leaf(Leaf::Index, name.to_owned(), shape.as_ref())
    }

    /// The parameter of this name in the present [scope](Tape::scope): the same var at every call.
    ///
    /// # Panics
    ///
    /// If it was recorded with another shape, or is new and the [graph](Tape::graph) is held.
    #[track_caller]
    pub fn parameter(&self, name: &str, shape: impl AsRef<[usize]>) -> Var<'_> {
        let shape = shape.as_ref();
        let (known, full) = {
            let recorder = self.recorder.borrow();
            let full = recorder.path(name);
            (recorder.parameters.get(&full).copied(), full)
        };
        let Some(id) = known else { return self.add_leaf(Leaf::Parameter, full, shape) };
        let graph = self.graph();
        let node = graph.node(id);
        if node.shape() != shape {
            refuse(Error::Feed {
                what: "parameter",
                leaf: graph.describe(id),
                expected: format!("shape {:?}", node.shape()),
                found: format!("shape {shape:?}"),
                location: node.place(),
            })
        }
        Var::new(self, id)
    }

    /// A fixed number or array.
    #[track_caller]
    pub fn constant(&self, value: impl IntoValue) -> Var<'_> {
        let caller = std::panic::Location::caller();
        let id = match value.as_number() {
            Some(x) => self.write("constant").number(x, caller),
            None => {
                let value = value.into_value();
                self.write("constant").constant(value.shape(), value.iter().copied(), caller)
            }
        };
        Var::new(self, id)
    }

    #[track_caller]
    fn add_leaf(&self, leaf: Leaf, name: String, shape: &[usize]) -> Var<'_> {
        let caller = std::panic::Location::caller();
        let id = self.write(leaf.name()).leaf(leaf, name, shape, caller);
        Var::new(self, expected(id))
    }

    /// Records an op.
    ///
    /// # Panics
    ///
    /// With the message of the error that [`try_apply`](Self::try_apply) returns.
    #[inline(always)]
    #[track_caller]
    pub fn apply<O: Op>(&self, op: O, inputs: &[Var<'_>]) -> Var<'_> {
        match self.try_apply_alike::<O>(inputs) {
            Some(var) => var,
            None => expected(self.try_apply_other(op, inputs)),
        }
    }

    /// Records an op, for code that must not panic.
    ///
    /// # Errors
    ///
    /// [`Error::Operands`] if the op does not accept the operands, [`Error::MixedTapes`] if one is not of this tape,
    /// [`Error::Indistinct`] if another op of its type with equal attributes is on the tape, [`Error::GraphHeld`] if the
    /// [graph](Tape::graph) is held.
    #[inline(always)]
    #[track_caller]
    pub fn try_apply<O: Op>(&self, op: O, inputs: &[Var<'_>]) -> Result<Var<'_>> {
        match self.try_apply_alike::<O>(inputs) {
            Some(var) => Ok(var),
            None => self.try_apply_other(op, inputs),
        }
    }

    /// The way on which most nodes of a graph of single numbers are recorded: see [`Recorder::record_alike`].
    ///
    /// Inlined, so that the number of operands is known; of a type that is not such an op, nothing is left.
    #[inline(always)]
    #[track_caller]
    fn try_apply_alike<O: Op>(&self, x: &[Var<'_>]) -> Option<Var<'_>> {
        let caller = std::panic::Location::caller();
        let scalar = Scalar::of_type::<O>()?;
        let operands = match *x {
            [a] => [a, a],
            [a, b] => [a, b],
            _ => return None,
        };
        if x.len() != scalar.arity() || !operands.iter().all(|x| std::ptr::eq(x.tape(), self)) {
            return None;
        }
        let id = self.recorder.try_borrow_mut().ok()?.record_alike(scalar, operands.map(Var::id), caller)?;
        Some(Var::new(self, id))
    }

    /// The way of all others.
    ///
    /// One or two operands are passed as a copy, so that callers can keep them in registers until here.
    #[inline(always)]
    #[track_caller]
    fn try_apply_other<O: Op>(&self, op: O, inputs: &[Var<'_>]) -> Result<Var<'_>> {
        match *inputs {
            [a] => self.try_apply_any(op, &[a]),
            [a, b] => self.try_apply_any(op, &[a, b]),
            _ => self.try_apply_any(op, inputs),
        }
    }

    #[inline(never)]
    #[track_caller]
    fn try_apply_any<O: Op>(&self, op: O, inputs: &[Var<'_>]) -> Result<Var<'_>> {
        let caller = std::panic::Location::caller();
        let ids = self.own_all(op.name(), inputs)?;
        let id = self.try_write(op.name())?.record(op, &ids, caller)?;
        Ok(Var::new(self, id))
    }

    /// Records an op that is known by its trait alone, such as one from a [`Registry`].
    ///
    /// # Errors
    ///
    /// As [`try_apply`](Self::try_apply).
    #[track_caller]
    pub fn try_apply_shared(&self, op: Arc<dyn Op>, inputs: &[Var<'_>]) -> Result<Var<'_>> {
        let caller = std::panic::Location::caller();
        let ids = self.own_all(op.name(), inputs)?;
        let id = self.try_write(op.name())?.record_shared(op, &ids, caller)?;
        Ok(Var::new(self, id))
    }

    /// Opens a name scope, which nodes and parameters are recorded in until the guard is dropped. Guards are dropped in
    /// the reverse order of their making, as blocks do.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let weight = {
    ///     let _scope = tape.scope("affine1");
    ///     tape.parameter("weight", [3, 2])
    /// };
    /// assert_eq!(weight.name().as_deref(), Some("affine1/weight"));
    /// ```
    ///
    /// # Panics
    ///
    /// If the [graph](Tape::graph) is held.
    #[track_caller]
    pub fn scope(&self, name: &str) -> Scope<'_> {
        Scope::enter(self, name)
    }

    /// Leaves all scopes until the guard is dropped: what is recorded until then has the names that it would have in none.
    ///
    /// Optimisers do so, since what they remember of a parameter is found by the parameter's name, wherever they are
    /// called.
    ///
    /// # Panics
    ///
    /// If the [graph](Tape::graph) is held.
    #[track_caller]
    pub fn root_scope(&self) -> Scope<'_> {
        Scope::root(self)
    }

    /// Marks what is recorded until the guard is dropped as an update, as optimisers do.
    ///
    /// # Panics
    ///
    /// If the [graph](Tape::graph) is held.
    #[track_caller]
    pub fn updating(&self) -> Scope<'_> {
        Scope::update(self)
    }

    /// Marks what is recorded until the guard is dropped as backward of a node.
    #[track_caller]
    pub(crate) fn backward_of(&self, node: NodeId) -> Scope<'_> {
        Scope::backward(self, node)
    }

    /// The graph recorded so far.
    ///
    /// Nothing can be recorded or computed on the tape while it is held: what records panics with
    /// [`Error::GraphHeld`], at the caller's line, and what returns a [`Result`] returns that.
    #[track_caller]
    pub fn graph(&self) -> Ref<'_, Graph> {
        Ref::map(self.recorder.borrow(), |r| &r.graph)
    }

    /// The graph, taken out of the tape; O(1).
    pub fn into_graph(self) -> Graph {
        self.recorder.into_inner().graph
    }

    /// A tape that goes on where a recorder is.
    pub(crate) fn with(recorder: Recorder) -> Self {
        Self { recorder: RefCell::new(recorder) }
    }

    pub(crate) fn recorder(&self) -> &RefCell<Recorder> {
        &self.recorder
    }

    /// The var of a node, or `None` if there is no such node.
    pub fn var(&self, id: NodeId) -> Option<Var<'_>> {
        self.graph().get(id)?;
        Some(Var::new(self, id))
    }

    /// All parameters, in the order in which they were recorded; O(|V|).
    pub fn parameters(&self) -> Vec<Var<'_>> {
        let ids: Vec<NodeId> =
            self.graph().nodes().filter(|n| n.leaf() == Some(Leaf::Parameter)).map(|n| n.id()).collect();
        ids.into_iter().map(|id| Var::new(self, id)).collect()
    }

    /// Empties the tape and keeps its memory, for the next recording. No var survives, since this takes `&mut`.
    pub fn reset(&mut self) {
        self.recorder.get_mut().reset();
    }

    /// A tape on a loaded graph: its ops found by name in the registry, its shapes inferred again and compared.
    ///
    /// # Errors
    ///
    /// [`Error::Graph`] if an op is not in the registry, does not accept its operands, or gives another shape; or if a node
    /// is larger than [`Limits::default`] allows: a file of a few bytes can ask for more elements than there is time for.
    pub fn from_graph(graph: Graph, registry: &Registry) -> Result<Self> {
        Self::from_graph_with(graph, registry, Limits::default())
    }

    /// As [`from_graph`](Self::from_graph), with other limits.
    ///
    /// # Errors
    ///
    /// As [`from_graph`](Self::from_graph).
    pub fn from_graph_with(graph: Graph, registry: &Registry, limits: Limits) -> Result<Self> {
        Ok(Self::with(Recorder::load(graph, registry, limits)?))
    }

    /// The op of a node that is no leaf.
    pub(crate) fn op(&self, id: NodeId) -> Arc<dyn Op> {
        let recorder = self.recorder.borrow();
        recorder.ops[recorder.graph.record(id).op.0 as usize].clone()
    }

    /// What each op of the graph's table says of itself.
    pub(crate) fn of_ops<T>(&self, say: impl Fn(&dyn Op) -> T) -> Vec<T> {
        self.recorder.borrow().ops.iter().map(|op| say(&**op)).collect()
    }

    /// Whether a node's values are real numbers or indices.
    pub(crate) fn kind(&self, id: NodeId) -> Kind {
        self.graph().node(id).kind()
    }
}
