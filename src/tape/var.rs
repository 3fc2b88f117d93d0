//! Handles to nodes.

use super::{Tape, Value};
use crate::error::{Error, refuse};
use crate::graph::{Leaf, NodeId};
use crate::location::Location;
use std::fmt;
use std::sync::Arc;

/// A `Copy` handle to a node on a tape. It has a shape and no precision.
#[derive(Clone, Copy)]
pub struct Var<'t> {
    tape: &'t Tape,
    id: NodeId,
}

impl<'t> Var<'t> {
    pub(crate) fn new(tape: &'t Tape, id: NodeId) -> Self {
        Self { tape, id }
    }

    /// The node.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The tape it is recorded on.
    pub fn tape(self) -> &'t Tape {
        self.tape
    }

    /// The sizes of its axes.
    pub fn shape(self) -> Vec<usize> {
        self.tape.graph().node(self.id).shape().to_vec()
    }

    /// The number of its axes.
    pub fn rank(self) -> usize {
        self.tape.graph().node(self.id).shape().len()
    }

    /// Its name, if it has one.
    pub fn name(self) -> Option<String> {
        self.tape.graph().node(self.id).name().map(str::to_owned)
    }

    /// The same var, its node now called `name`.
    ///
    /// # Panics
    ///
    /// If it is a parameter, since a state finds it by the name that it was recorded with; or if the [graph](Tape::graph)
    /// is held.
    #[must_use]
    #[track_caller]
    pub fn named(self, name: &str) -> Self {
        if self.tape.graph().node(self.id).leaf() == Some(Leaf::Parameter) {
            refuse(Error::Argument {
                what: "named",
                problem: format!(
                    "{self:?} is a parameter, which a state finds by its name; record it as `{name}`"
                ),
            })
        }
        self.tape.write("named").graph.set_name(self.id, name.to_owned());
        self
    }

    /// The line that recorded it; `None` on a tape loaded without locations.
    pub fn location(self) -> Option<Location> {
        self.tape.graph().node(self.id).location().cloned()
    }

    /// Whether it is the explicit zero that stands for the gradient of a var on which the output does not depend.
    ///
    /// That is a question about the graph, not about values.
    pub fn is_structural_zero(self) -> bool {
        let graph = self.tape.graph();
        let node = graph.node(self.id);
        let source = match node.op().name.as_str() {
            "broadcast_like" => graph.node(node.inputs()[0]),
            _ => node,
        };
        source.constant() == Some(&[0.0])
    }

    /// Its value in f64, of indices as whole numbers, computed now from the values of the leaves it depends on, and remembered.
    ///
    /// A branch on a value is frozen in what is recorded after it: a [`Plan`](crate::Plan) does not take it again.
    /// Costs one kernel for every node not computed before.
    ///
    /// # Panics
    ///
    /// If a leaf that it needs has no value: a [`Tape::input`] that was not [fed](Tape::feed), or a parameter that was
    /// not [loaded](Tape::load). If an op on the way [refuses](crate::op::Kernel::check) its operands, such as a label past
    /// the last class; [`Tape::values`] returns that instead. If the [graph](Tape::graph) is held.
    #[track_caller]
    pub fn value(self) -> Value {
        let mut recorder = self.tape.write("value");
        match recorder.evaluate(self.id).and_then(|()| recorder.array(self.id)) {
            Ok(array) => Value::new(array),
            Err(e) => {
                drop(recorder);
                refuse(e)
            }
        }
    }

    /// Whether its tape's recording is the one that shares this token.
    pub(crate) fn is_of(self, lineage: &Arc<()>) -> bool {
        Arc::ptr_eq(&self.tape.recorder().borrow().lineage, lineage)
    }

    /// How messages name it.
    pub(crate) fn describe(self) -> String {
        self.tape.graph().describe(self.id)
    }
}

impl fmt::Debug for Var<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Var({})", self.describe())
    }
}
