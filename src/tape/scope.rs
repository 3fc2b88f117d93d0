//! Guards that say in which scope and for what purpose nodes are recorded.

use super::Tape;
use crate::graph::{NodeId, Origin};

/// A guard that ends a name scope, or a stretch of updates, when it is dropped.
#[derive(Debug)]
#[must_use = "the scope ends when the guard is dropped; bind it with `let _scope = …`"]
pub struct Scope<'t> {
    tape: &'t Tape,
    scope: u32,
    origin: Origin,
}

impl<'t> Scope<'t> {
    fn open(tape: &'t Tape) -> Self {
        let recorder = tape.recorder().borrow();
        let (scope, origin) = (recorder.scope, recorder.origin);
        Self { tape, scope, origin }
    }

    pub(super) fn enter(tape: &'t Tape, name: &str) -> Self {
        let guard = Self::open(tape);
        let mut recorder = tape.write();
        let path = recorder.path(name);
        recorder.scope = recorder.graph.scope_id(&path);
        guard
    }

    pub(super) fn root(tape: &'t Tape) -> Self {
        let guard = Self::open(tape);
        tape.write().scope = 0;
        guard
    }

    pub(super) fn backward(tape: &'t Tape, node: NodeId) -> Self {
        let guard = Self::open(tape);
        let mut recorder = tape.write();
        recorder.scope = recorder.graph.site(recorder.graph.record(node).site).scope;
        recorder.origin = Origin::Backward(node);
        guard
    }

    pub(super) fn update(tape: &'t Tape) -> Self {
        let guard = Self::open(tape);
        tape.write().origin = Origin::Update;
        guard
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        // The tape may be borrowed if a panic unwinds through a recording; then nobody records on it any more.
        if let Ok(mut recorder) = self.tape.recorder().try_borrow_mut() {
            recorder.scope = self.scope;
            recorder.origin = self.origin;
        }
    }
}
