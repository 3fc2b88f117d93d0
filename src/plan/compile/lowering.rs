//! A plan in the making: the buffers of its nodes.

use super::fold::FoldedConstants;
use super::fuse::FusionGroups;
use super::live::LiveGraph;
use super::merge::Held;
use crate::base::alloc;
use crate::base::float::Written;
use crate::base::shape::size;
use crate::error::{Error, Result};
use crate::graph::{Kind, Leaf, Node, NodeId};
use crate::ops::{Scalar, is_built_in};
use crate::plan::compiled::Plan;
use crate::plan::program::{AppliedOp, Register};
use crate::plan::slots::{InputSlot, ParameterSlot};
use crate::plan::step::{Buffer, BufferView, IndexKernel, OutputTarget, StepOutput};
use crate::tape::{Precision, Recorder};
use rustc_hash::FxHashMap;
use std::any::Any;
use std::sync::Arc;

/// The entry of a node whose numbers are in no register.
pub(super) const NO_REGISTER: Register = Register::MAX;

/// What lowering knows, and the plan that it makes.
pub(super) struct Lowering<'g, F> {
    pub(super) live: LiveGraph<'g>,
    pub(super) groups: &'g FusionGroups,
    /// For each node, whether its group stores it.
    pub(super) stored: Vec<bool>,
    /// The built-in function that each op is, if it is one.
    functions: Vec<Option<Scalar>>,
    /// Whether each op accepts all numbers and does not panic.
    built_in: Vec<bool>,
    buffers: FxHashMap<NodeId, Buffer>,
    /// How often the current group still reads each node, and the register of the node.
    pub(super) uses: Vec<u32>,
    pub(super) registers: Vec<Register>,
    /// The sizes of the results.
    pub(super) results: Vec<usize>,
    pub(super) plan: Plan<F>,
}

impl<'g, F: Precision> Lowering<'g, F> {
    pub(super) fn new(live: LiveGraph<'g>, groups: &'g FusionGroups, plan: Plan<F>) -> Self {
        Self {
            live,
            groups,
            stored: groups.stored(live),
            functions: live.ops.iter().map(|op| Scalar::of(&**op)).collect(),
            built_in: live.ops.iter().map(|op| is_built_in((&**op as &dyn Any).type_id())).collect(),
            buffers: FxHashMap::default(),
            uses: vec![0; live.graph.len()],
            registers: vec![NO_REGISTER; live.graph.len()],
            results: Vec::new(),
            plan,
        }
    }

    /// Gives a node that no step computes its buffer.
    ///
    /// # Errors
    ///
    /// If a constant is infinite in this precision, or there is no room for a buffer.
    pub(super) fn source(
        &mut self,
        id: NodeId,
        recorder: &Recorder,
        held: &Held,
        folded: &FoldedConstants<F>,
    ) -> Result<()> {
        let (node, plan) = (self.live.graph.node(id), &mut self.plan);
        let given = |numbers: &[f64]| numbers.iter().map(|&x| F::of(x)).collect();
        let buffer = if let (Some(numbers), Kind::Index) = (held.get(&id), node.kind()) {
            plan.index_results.push(numbers.iter().map(|&x| x as usize).collect());
            Buffer::IndexResult(plan.index_results.len() - 1)
        } else if let Some(numbers) = held.get(&id) {
            plan.inputs.push(slot(node, Some(given(numbers)))?);
            Buffer::Input(plan.inputs.len() - 1)
        } else if let Some(numbers) = folded.get(id) {
            check_finite(node, numbers)?;
            Arc::make_mut(&mut plan.constants).push(numbers.to_vec());
            Buffer::Constant(plan.constants.len() - 1)
        } else {
            match node.leaf() {
                Some(Leaf::Input) => {
                    plan.inputs.push(slot(node, recorder.fed(id).map(given))?);
                    Buffer::Input(plan.inputs.len() - 1)
                }
                Some(Leaf::Index) => {
                    plan.indices.push(slot(node, recorder.fed_indices(id).map(<[usize]>::to_vec))?);
                    Buffer::Index(plan.indices.len() - 1)
                }
                Some(Leaf::Parameter) => {
                    plan.parameters.push(ParameterSlot {
                        name: node.name().unwrap_or_default().to_owned(),
                        shape: node.shape().into(),
                        location: node.place(),
                        read: false,
                        updated: false,
                        index: 0,
                    });
                    Buffer::Parameter(plan.parameters.len() - 1)
                }
                Some(Leaf::Constant) | None => unreachable!("constants were folded"),
            }
        };
        self.buffers.insert(id, buffer);
        Ok(())
    }

    /// The numbers of a node.
    pub(super) fn view(&self, id: NodeId) -> BufferView {
        let (root, layout) = self.live.classes.located(self.live.graph, self.live.merged.of(id));
        BufferView { buffer: self.buffers[&root], layout }
    }

    /// A new result, which is a node's numbers.
    pub(super) fn output(&mut self, node: NodeId) -> StepOutput {
        let result = self.result(self.live.graph.node(node).shape());
        self.buffers.insert(node, Buffer::Result(result));
        StepOutput { node, result, target: OutputTarget::Arena(result), read: false }
    }

    /// A kernel whose result is the indices of a node, with a new buffer for them.
    pub(super) fn index_kernel(&mut self, op: usize, node: NodeId) -> IndexKernel {
        let buffer = self.plan.index_results.len();
        self.plan.index_results.push(vec![0; size(self.live.graph.node(node).shape())]);
        self.buffers.insert(node, Buffer::IndexResult(buffer));
        // It takes nothing of the arena.
        self.results.push(0);
        IndexKernel { op, node, buffer, result: self.results.len() - 1 }
    }

    /// The number of a new result.
    pub(super) fn result(&mut self, shape: &[usize]) -> usize {
        self.results.push(size(shape));
        self.results.len() - 1
    }

    /// What computes a node.
    pub(super) fn applied(&self, id: NodeId) -> AppliedOp {
        let op = self.live.graph.record(id).op.0 as usize;
        AppliedOp { op, function: self.functions[op], checked: (!self.built_in[op]).then_some(id) }
    }
}

/// That no number of a constant is too great for the precision.
fn check_finite<F: Precision>(node: Node<'_>, numbers: &[F]) -> Result<()> {
    let exact = node.constant().unwrap_or_default();
    match exact.iter().zip(numbers).find(|(x, y)| x.is_finite() && !y.is_finite()) {
        None => Ok(()),
        Some((x, _)) => Err(Error::Argument {
            what: "compile",
            problem: format!("constant {} of {} is infinite in {}", Written(*x), node.id(), F::NAME),
        }),
    }
}

/// The slot of a node that is given from outside, with its first values if it has some.
fn slot<T: Default + Clone>(node: Node<'_>, given: Option<Vec<T>>) -> Result<InputSlot<T>> {
    Ok(InputSlot {
        id: node.id(),
        name: node.name().unwrap_or_default().to_owned(),
        shape: node.shape().into(),
        location: node.place(),
        fed: given.is_some(),
        values: match given {
            Some(values) => values,
            None => alloc::filled("compile", size(node.shape()), T::default())?,
        },
    })
}
