//! Guards that say in which scope and for what purpose nodes are recorded.

use crate::graph::{NodeId, Origin};
use crate::tape::op::{Recorder, Tape};

/// A guard that ends a name scope, or a run of updates, when it is dropped.
#[derive(Debug)]
#[must_use = "the scope ends when the guard is dropped; bind it with `let _scope = …`"]
pub struct Scope<'t> {
    tape: &'t Tape,
    scope: u32,
    origin: Origin,
}

impl<'t> Scope<'t> {
    /// A guard that puts back what the recorder says now.
    fn open(tape: &'t Tape, recorder: &Recorder) -> Self {
        Self { tape, scope: recorder.scope.get(), origin: recorder.origin.get() }
    }

    #[track_caller]
    pub(in super::super) fn enter(tape: &'t Tape, name: &str) -> Self {
        let mut recorder = tape.write("scope");
        let guard = Self::open(tape, &recorder);
        let path = recorder.path(name);
        let scope = recorder.graph.scope_id(&path);
        recorder.scope.set(scope);
        guard
    }

    #[track_caller]
    pub(in super::super) fn root(tape: &'t Tape) -> Self {
        let recorder = tape.write("root_scope");
        let guard = Self::open(tape, &recorder);
        recorder.scope.set(0);
        guard
    }

    #[track_caller]
    pub(in super::super) fn backward(tape: &'t Tape, node: NodeId) -> Self {
        let recorder = tape.write("backward");
        let guard = Self::open(tape, &recorder);
        recorder.scope.set(recorder.graph.scope_index(node));
        recorder.origin.set(Origin::Backward(node));
        guard
    }

    #[track_caller]
    pub(in super::super) fn update(tape: &'t Tape) -> Self {
        let recorder = tape.write("updating");
        let guard = Self::open(tape, &recorder);
        recorder.origin.set(Origin::Update);
        guard
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        // The tape may be being written if a panic unwinds through a recording; then nobody records on it any more.
        if let Ok(recorder) = self.tape.recorder().try_borrow() {
            recorder.scope.set(self.scope);
            recorder.origin.set(self.origin);
        }
    }
}
