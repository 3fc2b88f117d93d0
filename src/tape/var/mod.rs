//! Handles to nodes.

mod operators;

use crate::error::{Error, refuse};
use crate::graph::{Leaf, NodeId};
use crate::location::Location;
use crate::ops::BroadcastLike;
use crate::tape::op::{Tape, Var};
use std::any::Any;
use std::fmt;
use std::sync::Arc;

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

    /// The same var, its node now called `name`. A node has one name: a second one replaces the first, also where plans
    /// compiled from then on are fed and read by name.
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
        let op = self.tape.op(self.id);
        let graph = self.tape.graph();
        let node = graph.node(self.id);
        let source = match (&*op as &dyn Any).is::<BroadcastLike>() {
            true => graph.node(node.inputs()[0]),
            false => node,
        };
        source.constant() == Some(&[0.0])
    }

    /// Whether its tape's recording is the one that shares this token.
    pub(crate) fn is_of(self, tape_id: &Arc<()>) -> bool {
        Arc::ptr_eq(&self.tape.recorder().borrow().tape_id, tape_id)
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
