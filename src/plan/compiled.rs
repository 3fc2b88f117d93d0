//! A compiled plan, as data.

use super::find::{InputNames, by_node};
use super::options::PlanOptions;
use super::pool::PlanPool;
use super::slots::{InputSlot, ParameterSlot};
use super::step::{BufferView, Step};
use crate::graph::{Graph, NodeId};
use crate::kernel::MOST_THREADS;
use crate::tape::{Op, Precision};
use std::fmt;
use std::sync::Arc;

/// A compiled, replayable schedule in the precision `F`.
///
/// A plan stands on its own: it borrows nothing from the tape, and can be sent to another thread. A clone shares its steps and
/// constants, and has inputs and results of its own: [`infer`](Self::infer) runs several on one state.
///
/// *Updates* `(parameter, new value)` read the state as it was before the run and take effect together after its last
/// read; an output that names a parameter gives the old value. A whole training step, gradients and optimiser
/// included, is one plan.
///
/// ```
/// use chainrule::{Plan, State, Tape};
/// let tape = Tape::new();
/// let (x, w) = (tape.input("x", [3]), tape.parameter("w", [3]));
/// let loss = (x * w - 1.0).square().sum();
/// let [dw] = loss.grad([w]);
/// let mut step = Plan::<f32>::compile([loss], [(w, w - 0.1 * dw)])?;
///
/// let mut state = State::new();
/// state.insert("w", ndarray::arr1(&[0.0, 0.0, 0.0]));
/// step.feed(x, &ndarray::arr1(&[1.0, 2.0, 0.5]))?;
/// let before = step.run(&mut state)?.item(loss);
/// let after = step.run(&mut state)?.item(loss);
/// assert_eq!(before, 3.0);
/// assert!(after < before);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone)]
pub struct Plan<F> {
    pub(crate) ops: Arc<[Arc<dyn Op>]>,
    /// Clones share them.
    pub(crate) steps: Arc<Vec<Step>>,
    /// The steps whose ops are asked before the first of them runs.
    pub(crate) checked_before: Vec<usize>,
    /// Updates that could not be written in place: the new value, and the parameter's slot.
    pub(crate) writes: Vec<(BufferView, usize)>,
    /// In the order of their nodes, as are the index inputs.
    pub(crate) inputs: Vec<InputSlot<F>>,
    pub(crate) indices: Vec<InputSlot<usize>>,
    pub(crate) names: InputNames,
    pub(crate) index_names: InputNames,
    pub(crate) parameters: Vec<ParameterSlot>,
    /// Clones share them.
    pub(crate) constants: Arc<Vec<Vec<F>>>,
    /// The buffers of indices that steps compute, and of those that are held.
    pub(crate) index_results: Vec<Vec<usize>>,
    pub(crate) outputs: Vec<(NodeId, BufferView)>,
    /// Their names, where they have one.
    pub(crate) output_names: Vec<Option<String>>,
    pub(crate) arena: Vec<F>,
    /// The most elements of results that are alive at one time.
    pub(crate) least: usize,
    /// The number of results of all steps.
    pub(crate) results: usize,
    /// What steps work with, one after another: the registers of programs, the workspaces of kernels.
    pub(crate) scratch: Vec<F>,
    pub(crate) pool: PlanPool,
    /// Whether a step is computed by several threads.
    pub(crate) uses_threads: bool,
    pub(crate) options: PlanOptions,
    /// The identity of the tape that it was compiled from, which the recording and its plans share: node ids of two tapes are
    /// equal numbers.
    pub(crate) tape_id: Arc<()>,
    /// The graph it was compiled from, where a run may have to name a node of it.
    pub(crate) graph: Option<Arc<Graph>>,
}

impl<F: Precision> Plan<F> {
    /// A plan without steps.
    pub(crate) fn new(ops: Arc<[Arc<dyn Op>]>, options: PlanOptions, tape_id: Arc<()>) -> Self {
        Self {
            ops,
            steps: Arc::default(),
            checked_before: Vec::new(),
            writes: Vec::new(),
            inputs: Vec::new(),
            indices: Vec::new(),
            names: InputNames::default(),
            index_names: InputNames::default(),
            parameters: Vec::new(),
            constants: Arc::default(),
            index_results: Vec::new(),
            outputs: Vec::new(),
            output_names: Vec::new(),
            arena: Vec::new(),
            least: 0,
            results: 0,
            scratch: Vec::new(),
            pool: PlanPool::default(),
            uses_threads: false,
            // Parts do not follow the processors: the same number of threads gives the same parts everywhere.
            options: PlanOptions { threads: options.threads.clamp(1, MOST_THREADS), ..options },
            tape_id,
            graph: None,
        }
    }

    /// What is read after the last step: the outputs, and the new values that were not written in place.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &BufferView> {
        self.outputs.iter().map(|(_, view)| view).chain(self.writes.iter().map(|(view, _)| view))
    }

    /// The number of steps of a run: a kernel, a program of elementwise ops, or both, each.
    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// The number of elements that intermediate and final results take together; [`schedule`](Self::schedule) says how many
    /// are alive at one time.
    pub fn memory(&self) -> usize {
        self.arena.len()
    }

    /// The names of the inputs that the plan reads.
    pub fn input_names(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().map(|s| s.name.as_str()).chain(self.indices.iter().map(|s| s.name.as_str()))
    }

    /// The names of the parameters that the plan reads or updates.
    pub fn parameter_names(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(|s| s.name.as_str())
    }

    /// The slot of a node, if the plan reads it as an input.
    pub(crate) fn slot(&self, node: NodeId) -> Option<usize> {
        by_node(&self.inputs, node)
    }

    /// The numbers of the input in a slot, in row-major order.
    pub(crate) fn slot_mut(&mut self, slot: usize) -> &mut [F] {
        &mut self.inputs[slot].values
    }
}

impl<F: Precision> fmt::Debug for Plan<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (nodes, arena) = (self.results, self.arena.len());
        write!(f, "Plan<{}>({} steps, {nodes} results, {arena} elements)", F::NAME, self.steps.len())
    }
}
