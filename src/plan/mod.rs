//! Plans: compiled schedules of what given outputs and updates need, replayed on new inputs without recording and
//! without allocating.
//!
//! Compiling drops dead nodes and merges equal ones ([`merge`](compile::merge)), computes what depends on constants alone ([`fold`](compile::fold)),
//! gathers elementwise nodes into programs, with the kernels before them ([`fuse`](compile::fuse)), puts these into an order ([`order`](compile::order))
//! and writes them down as steps ([`lower`](compile::lower)), whose results get places in one arena that are used again ([`place`](compile::place)
//! ).

mod compile;
mod feed;
mod find;
mod options;
mod outputs;
mod pool;
mod program;
mod run;
mod schedule;
mod step;

pub(crate) use compile::merge::Merged;
pub(crate) use run::incremental::Point;
pub(crate) use run::replay::Seen;

pub use feed::{FeedValue, Key};
pub use options::PlanOptions;
pub use outputs::Outputs;
pub(crate) use schedule::table::bytes;
pub use schedule::table::{Schedule, ScheduledLeaf, ScheduledStep, Slot, Write};

use crate::error::Result;
use crate::graph::{Graph, NodeId};
use crate::location::Location;
use crate::shape::Sizes;
use crate::tape::{Op, Precision, Var};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use step::{Place, Step};

/// The numbers of nodes that are not computed, in row-major order.
pub(crate) type Held = FxHashMap<NodeId, Vec<f64>>;

/// A compiled, replayable schedule in the precision `F`.
///
/// A plan stands on its own: it borrows nothing from the tape, and can be sent to another thread.
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
    ops: Vec<Arc<dyn Op>>,
    steps: Vec<Step>,
    /// The steps whose ops are asked before the first of them runs.
    indexed: Vec<usize>,
    /// Updates that could not be written in place: where the new value lies, and the parameter.
    writes: Vec<(Place, usize)>,
    /// In the order of their nodes, as are the index inputs.
    inputs: Vec<InputSlot<F>>,
    indices: Vec<InputSlot<usize>>,
    names: find::Names,
    index_names: find::Names,
    parameters: Vec<ParameterSlot>,
    constants: Vec<Vec<F>>,
    outputs: Vec<(NodeId, Place)>,
    arena: Vec<F>,
    /// The most elements of results that are needed at one time.
    least: usize,
    /// The number of results of all steps.
    results: usize,
    scratch: Vec<F>,
    vigil: pool::Vigil,
    options: PlanOptions,
    /// That of the tape it was compiled from.
    lineage: Arc<()>,
    /// The graph it was compiled from, where a run may have to name a node of it.
    graph: Option<Arc<Graph>>,
}

/// A leaf that is fed, and its buffer.
#[derive(Debug, Clone)]
pub(crate) struct InputSlot<T> {
    id: NodeId,
    name: String,
    shape: Sizes,
    location: Location,
    values: Vec<T>,
    fed: bool,
}

/// A parameter that is read or updated, and where it was found in the state of the last run.
#[derive(Debug, Clone)]
pub(crate) struct ParameterSlot {
    name: String,
    shape: Sizes,
    location: Location,
    /// Whether a step reads it.
    read: bool,
    place: usize,
}

impl<F: Precision> Plan<F> {
    /// Compiles outputs and updates `(parameter, new value)`. Inputs that have a value on the tape start with it.
    ///
    /// Passes over the nodes of the tape cost O(|V| + |E|), finding places for results O(steps · results alive at
    /// once): about half a microsecond for each node.
    ///
    /// # Errors
    ///
    /// If there is nothing to compile, vars are of several tapes or hold indices, an update does not name a parameter
    /// and a value of its shape, a parameter has two different updates, a constant is infinite in this precision, an op
    /// refuses constants, a node has more elements than [`PlanOptions::max_elements`], or there is no room for an array.
    #[track_caller]
    pub fn compile<'t>(
        outputs: impl IntoIterator<Item = Var<'t>>,
        updates: impl IntoIterator<Item = (Var<'t>, Var<'t>)>,
    ) -> Result<Self> {
        Self::compile_with(outputs, updates, PlanOptions::default())
    }

    /// As [`compile`](Self::compile), with options.
    ///
    /// # Errors
    ///
    /// As [`compile`](Self::compile).
    #[track_caller]
    pub fn compile_with<'t>(
        outputs: impl IntoIterator<Item = Var<'t>>,
        updates: impl IntoIterator<Item = (Var<'t>, Var<'t>)>,
        options: PlanOptions,
    ) -> Result<Self> {
        compile::passes::compile(
            &outputs.into_iter().collect::<Vec<_>>(),
            &updates.into_iter().collect::<Vec<_>>(),
            options,
            &Held::default(),
        )
    }

    /// Compiles outputs as a function of nodes that are held: inputs with these numbers, to be moved through
    /// [`Plan::slot`].
    #[track_caller]
    pub(crate) fn holding(outputs: &[Var<'_>], held: &Held, options: PlanOptions) -> Result<Self> {
        compile::passes::compile(outputs, &[], options, held)
    }

    /// Lets one step write over what a later step still reads, if there is such a pair: for tests of the checker, which
    /// must notice.
    #[doc(hidden)]
    pub fn overlap(&mut self) {
        compile::place::assign::overlap(&mut self.steps, &self.outputs);
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
}
