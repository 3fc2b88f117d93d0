//! Recording nodes: leaves, constants, and ops on operands whose shapes are inferred.

use super::intern::named;
use crate::error::{Error, Result};
use crate::graph::{Graph, Kind, Leaf, NodeId, OpIndex, ShapeIndex, Stamp};
use crate::ops::Scalar;
use crate::tape::op::{Op, Operand, Recorder};
use std::panic::Location;
use std::sync::Arc;

impl Recorder {
    #[inline]
    fn stamp(&mut self, op: OpIndex, shape: ShapeIndex, caller: &'static Location<'static>) -> Stamp {
        let site = self.callers.site(caller, self.scope.get(), &mut self.graph);
        Stamp { op, shape, site, origin: self.origin.get() }
    }

    pub(in super::super) fn leaf(
        &mut self,
        leaf: Leaf,
        name: String,
        shape: &[usize],
        caller: &'static Location<'static>,
    ) -> Result<NodeId> {
        crate::base::shape::checked_size(shape).map_err(|problem| Error::Argument {
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
    pub(in super::super) fn number(&mut self, number: f64, caller: &'static Location<'static>) -> NodeId {
        let stamp = self.stamp(Leaf::Constant.op(), ShapeIndex::SCALAR, caller);
        self.graph.push_constant(stamp, [number])
    }

    pub(in super::super) fn constant(
        &mut self,
        shape: &[usize],
        values: impl IntoIterator<Item = f64>,
        caller: &'static Location<'static>,
    ) -> NodeId {
        let shape = self.graph.shape_id(shape);
        let stamp = self.stamp(Leaf::Constant.op(), shape, caller);
        self.graph.push_constant(stamp, values)
    }

    pub(in super::super) fn record<O: Op>(
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

    pub(in super::super) fn record_shared(
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
    /// `None`, and nothing recorded, where that needs a look-up or an allocation.
    ///
    /// It calls nothing and cannot panic, so the compiler needs no landing pads and spills no registers in callers.
    #[inline(always)]
    pub(in super::super) fn record_alike(
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
        let info = &self.infos[op.0 as usize];
        if info.scalar().is_none() || info.arity != x.len() {
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
}

/// The shape of a result and the kind of its elements, or the error for operands that the op does not accept.
pub(in super::super) fn infer(
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
        crate::base::shape::checked_size(&shape)?;
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

/// The error for operands that an op does not accept.
pub(in super::super) fn refusal(
    graph: &Graph,
    op: String,
    problem: String,
    x: &[NodeId],
    location: crate::location::Location,
) -> Error {
    Error::Operands { op, problem, operands: graph.describe_operands(x), location }
}

/// Kinds of the operands of a node.
pub(crate) fn kinds(graph: &Graph, x: &[NodeId]) -> impl Iterator<Item = Kind> {
    x.iter().map(|&id| graph.node(id).kind())
}
