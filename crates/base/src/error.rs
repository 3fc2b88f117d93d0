//! The one error type. A message says what was asked, which op and node, which shapes, where it was recorded, and what
//! would be right; it is lower case and carries no full stop.

use crate::location::Location;
use crate::mismatch::Mismatch;
pub use crate::shown::first_of;
use std::fmt;
use thiserror::Error as ThisError;

/// What can go wrong in recording, differentiating, compiling, running, checking and loading.
///
/// Operators and methods of `Var` panic with these messages; `Tape::try_apply` and everything that runs plans or reads
/// outside data returns them. `Debug` prints the same as `Display`, so that `unwrap()` and a `main` that returns a
/// [`Result`] show the message.
#[derive(Clone, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// An op does not accept its operands: their number, shapes or kinds.
    #[error("{op}: {problem}; operands: {operands}; recorded at {location}")]
    Operands {
        /// The op's name with its attributes.
        op: String,
        /// What is wrong and what would be right.
        problem: String,
        /// Each operand's node, name and shape.
        operands: String,
        /// The line that asked for the op.
        location: Location,
    },
    /// One call got vars of two tapes.
    #[error(
        "{what}: {var} belongs to another tape than {other}, and vars of two tapes cannot be combined; record both on one tape; at {location}"
    )]
    MixedTapes {
        /// What was asked.
        what: &'static str,
        /// The var of the first tape.
        var: String,
        /// The var of the other tape.
        other: String,
        /// The line that asked.
        location: Location,
    },
    /// Two ops of one type have equal attributes and are not the same, so a graph could not tell them apart.
    #[error(
        "{op}: {new} would be taken for {known}, since both have the same attributes; list what tells them apart in `Op::attributes` of their type, or leave out of `Op::identity` what makes no difference; recorded at {location}"
    )]
    Indistinct {
        /// The op's name with the attributes that both have.
        op: String,
        /// The identity of the new op, and which of its fields the attributes do not list.
        new: String,
        /// The identity of the op that was recorded before, and where it was recorded.
        known: String,
        /// The line that asked for the op.
        location: Location,
    },
    /// The tape cannot change while `Tape::graph` is held.
    #[error(
        "{what}: nothing can be recorded or computed while `tape.graph()` is held; drop it first; at {location}"
    )]
    GraphHeld {
        /// What was asked.
        what: &'static str,
        /// The line that asked.
        location: Location,
    },
    /// The gradient of a value that is not one number was asked for.
    #[error(
        "grad: {node} has shape {shape:?}, and a gradient is that of one number; reduce it with `.sum()`, or give its cotangent with `.vjp(dy, …)`; recorded at {location}"
    )]
    NotScalar {
        /// The output.
        node: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Where the output was recorded.
        location: Location,
    },
    /// The path from the output to a var goes through an operand that has no derivative.
    #[error(
        "grad: {op} ({node}) is not differentiable with respect to operand {operand}; cut the way with `.stop_gradient()`; recorded at {location}"
    )]
    NotDifferentiable {
        /// The op's name.
        op: String,
        /// Its node.
        node: String,
        /// The operand's position, from 0.
        operand: usize,
        /// Where the node was recorded.
        location: Location,
    },
    /// An op's own rule returned a var that does not fit.
    #[error("rule of {op} for operand {operand}: {problem}; needed at {node}, recorded at {location}")]
    Rule {
        /// The op's name.
        op: String,
        /// The operand's position, from 0.
        operand: usize,
        /// What is wrong and what would be right.
        problem: String,
        /// The node whose derivative was wanted.
        node: String,
        /// Where the node was recorded.
        location: Location,
    },
    /// A leaf that is read has no value.
    #[error("{what}: {leaf} has no value; {remedy}; recorded at {location}")]
    NoValue {
        /// What was asked.
        what: &'static str,
        /// The leaf: its kind, name and shape.
        leaf: String,
        /// How to give it one.
        remedy: String,
        /// Where the leaf was recorded.
        location: Location,
    },
    /// An array does not fit the leaf it was given to.
    #[error("{what}: {leaf} takes {expected}, got {found}; recorded at {location}")]
    Feed {
        /// What was asked.
        what: &'static str,
        /// The leaf: its kind and name.
        leaf: String,
        /// The shape or kind it takes.
        expected: String,
        /// The shape or kind it was given.
        found: String,
        /// Where the leaf was recorded.
        location: Location,
    },
    /// This plan, graph or state does not have the name or var that was asked for.
    #[error("{what}: there is no {wanted}; there are: {present}")]
    Unknown {
        /// What was asked.
        what: &'static str,
        /// The name that was not found.
        wanted: String,
        /// The names that exist.
        present: String,
    },
    /// An op's kernel refuses the numbers that its operands hold, such as a label past the last class.
    #[error("{what}: {node} refuses its operands: {problem}; operands: {operands}; recorded at {location}")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// The node with its op.
        node: String,
        /// What is wrong with which number and what would be right.
        problem: String,
        /// Each operand's node, name and shape.
        operands: String,
        /// The line that recorded the node.
        location: Location,
    },
    /// A parameter has another shape in the state than in the graph.
    #[error("{what}: parameter `{name}` has shape {found:?} in the state, and the graph wants {expected:?}")]
    StateShape {
        /// What was asked.
        what: &'static str,
        /// The parameter.
        name: String,
        /// The shape in the graph.
        expected: Vec<usize>,
        /// The shape in the state.
        found: Vec<usize>,
    },
    /// The entries of a state are not those that are wanted.
    #[error("{what}: the state does not have the names and shapes that are wanted; {mismatch}")]
    Mismatch {
        /// What was asked.
        what: &'static str,
        /// What is missing, surplus, or of another shape.
        mismatch: Mismatch,
    },
    /// A value that must be finite is not.
    #[error("{what}: {node} holds {value} at index {index:?}; recorded at {location}")]
    NotFinite {
        /// What was asked.
        what: &'static str,
        /// The node that holds it; for a result of a plan, with its pass and the ranges of its operands.
        node: String,
        /// The value, NaN or an infinity.
        value: String,
        /// Its place in the array.
        index: Vec<usize>,
        /// Where the node was recorded.
        location: Location,
    },
    /// An argument outside what the call accepts.
    #[error("{what}: {problem}")]
    Argument {
        /// What was asked.
        what: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// Outside data is not a valid graph.
    #[error("graph: {problem}")]
    Graph {
        /// What is wrong and what would be right.
        problem: String,
    },
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A result with the crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Panics with the message of an error at the caller's line, for operators, which cannot return a [`Result`].
#[cold]
#[inline(never)]
#[track_caller]
pub fn refuse(error: Error) -> ! {
    panic!("{error}")
}

/// The explanation for a NaN that `select` brings into a gradient, as in the docs of `Var::select`.
pub const NOT_TAKEN: &str = "NaN from the branch not taken: what `select` does not choose gets a cotangent of 0, and 0 \
     times an infinite derivative is NaN; choose a harmless operand first and then the result (the double-where idiom, as in \
     the docs of `Var::select`)";

/// The value of a result, or a panic with its error at the caller's line; `unwrap_or_else` would report the line of its
/// closure.
#[inline(always)]
#[track_caller]
pub fn expected<T>(result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => refuse(error),
    }
}
