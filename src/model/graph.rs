//! A graph with what is wanted of it.

use crate::error::Result;
use crate::graph::{Graph, NodeId};
use crate::tape::{Limits, Registry, Request, Tape, Var};
use chainrule_base::fields;
use serde::Deserialize;

/// A graph with its outputs and updates, as [`Plan::compile`](crate::Plan::compile) takes them: what is saved, sent and
/// opened elsewhere.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("chainrule-model-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let path = folder.join("line.chainrule");
/// use chainrule::{Model, Plan, Registry, State, Tape};
/// let tape = Tape::new();
/// let (x, w) = (tape.input("x", [3, 2]), tape.parameter("w", [2, 1]));
/// let y = x.matmul(w).named("y");
/// let state: State<f32> = [("w", ndarray::arr2(&[[0.5], [2.0]]))].into_iter().collect();
/// Model::new([y], [])?.save(&path, &state)?;
///
/// let (model, mut state) = Model::load::<f32>(&path)?;
/// let tape = model.tape(&Registry::default())?;
/// let mut plan = Plan::<f32>::compile(model.outputs(&tape), model.updates(&tape))?;
/// plan.feed("x", ndarray::arr2(&[[1.0, 1.0], [2.0, 0.0], [0.0, 1.0]]))?;
/// assert_eq!(plan.run(&mut state)?.get("y").unwrap(), ndarray::arr2(&[[2.5], [1.0], [2.0]]).into_dyn());
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
pub struct Model {
    graph: Graph,
    outputs: Vec<NodeId>,
    updates: Vec<(NodeId, NodeId)>,
}

fields! { Model { graph, outputs, updates } }

impl Model {
    /// The graph of a tape with outputs and updates `(parameter, new value)`. All of the graph is kept, also what none of them
    /// is computed from.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) if there is no var, vars are of several tapes, or an update is not that of a parameter by real numbers
    /// of its shape.
    #[track_caller]
    pub fn new<'t>(
        outputs: impl IntoIterator<Item = Var<'t>>,
        updates: impl IntoIterator<Item = (Var<'t>, Var<'t>)>,
    ) -> Result<Self> {
        let (outputs, updates): (Vec<_>, Vec<_>) =
            (outputs.into_iter().collect(), updates.into_iter().collect());
        let Request { tape, outputs, updates } = Request::new("save", &outputs, &updates)?;
        Ok(Self { graph: tape.graph().clone(), outputs, updates })
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// A tape on the graph, which finds its ops in the registry.
    ///
    /// # Errors
    ///
    /// Those of [`Tape::from_graph`].
    pub fn tape(&self, registry: &Registry) -> Result<Tape> {
        self.tape_with(registry, Limits::default())
    }

    /// As [`tape`](Self::tape), with other limits on the sizes of nodes.
    ///
    /// # Errors
    ///
    /// Those of [`Tape::from_graph_with`].
    pub fn tape_with(&self, registry: &Registry, limits: Limits) -> Result<Tape> {
        Tape::from_graph_with(self.graph.clone(), registry, limits)
    }

    /// The outputs, on a [tape](Self::tape) of this model.
    ///
    /// # Panics
    ///
    /// If the tape is another, with fewer nodes.
    #[track_caller]
    pub fn outputs<'t>(&self, tape: &'t Tape) -> Vec<Var<'t>> {
        self.outputs.iter().map(|&id| on(tape, id)).collect()
    }

    /// The updates, as pairs of a parameter and its new value, on a [tape](Self::tape) of this model.
    ///
    /// # Panics
    ///
    /// As [`outputs`](Self::outputs).
    #[track_caller]
    pub fn updates<'t>(&self, tape: &'t Tape) -> Vec<(Var<'t>, Var<'t>)> {
        self.updates.iter().map(|&(parameter, value)| (on(tape, parameter), on(tape, value))).collect()
    }

    /// That all nodes exist, and updates are those of parameters; what is wrong otherwise.
    pub(super) fn check(&self) -> Result<(), String> {
        let ids = self.outputs.iter().chain(self.updates.iter().flat_map(|(p, v)| [p, v]));
        if let Some(id) = ids.into_iter().find(|id| id.index() >= self.graph.len()) {
            return Err(format!("the graph has no node {id}; it has {}", self.graph.len()));
        }
        Request::check_updates(&self.graph, &self.updates)
    }
}

#[track_caller]
fn on(tape: &Tape, id: NodeId) -> Var<'_> {
    match tape.var(id) {
        Some(var) => var,
        None => panic!("there is no node {id} on this tape, which is none of this model"),
    }
}
