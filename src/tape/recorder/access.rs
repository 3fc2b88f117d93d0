//! Access to a tape: by its own vars, while its graph is not borrowed.

use super::nodes::refusal;
use crate::error::{Error, Result, expected, refuse};
use crate::graph::NodeId;
use crate::tape::op::{Recorder, Tape, Var};
use smallvec::SmallVec;
use std::cell::RefMut;

impl Tape {
    /// The recorder, borrowed mutably. `what` names the call in messages.
    ///
    /// # Panics
    ///
    /// If the graph is held.
    #[inline]
    #[track_caller]
    pub(crate) fn write(&self, what: &'static str) -> RefMut<'_, Recorder> {
        expected(self.try_write(what))
    }

    /// As [`write`](Self::write), for calls that must not panic.
    #[inline]
    #[track_caller]
    pub(crate) fn try_write(&self, what: &'static str) -> Result<RefMut<'_, Recorder>> {
        match self.recorder().try_borrow_mut() {
            Ok(recorder) => Ok(recorder),
            Err(_) => Err(held(what)),
        }
    }

    /// That the graph is not held.
    #[track_caller]
    pub(crate) fn free(&self, what: &'static str) -> Result<()> {
        self.try_write(what).map(|_| ())
    }

    /// Panics with what is wrong about the operands of an op, at the caller's line.
    #[track_caller]
    pub(crate) fn refuse_operands(&self, op: &'static str, problem: String, x: &[Var<'_>]) -> ! {
        let caller = std::panic::Location::caller();
        let error = match self.own_all(op, x) {
            Ok(ids) => refusal(&self.graph(), op.to_owned(), problem, &ids, caller.into()),
            Err(error) => error,
        };
        refuse(error)
    }

    /// The nodes of vars that are all of this tape.
    #[track_caller]
    pub(in super::super) fn own_all(
        &self,
        what: &'static str,
        vars: &[Var<'_>],
    ) -> Result<SmallVec<[NodeId; 4]>> {
        // A loop, not a closure: the error names the caller's line.
        for &x in vars {
            self.own(what, x, vars)?;
        }
        Ok(vars.iter().map(|x| x.id()).collect())
    }

    /// That a var is of this tape; `others` are there for the message.
    #[track_caller]
    pub(crate) fn own(&self, what: &'static str, var: Var<'_>, others: &[Var<'_>]) -> Result<()> {
        if std::ptr::eq(var.tape(), self) {
            return Ok(());
        }
        let mine = others.iter().find(|x| std::ptr::eq(x.tape(), self));
        Err(Error::MixedTapes {
            what,
            var: var.describe(),
            other: mine.map_or_else(|| "this tape's vars".to_owned(), |x| x.describe()),
            location: std::panic::Location::caller().into(),
        })
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn held(what: &'static str) -> Error {
    Error::GraphHeld { what, location: std::panic::Location::caller().into() }
}
