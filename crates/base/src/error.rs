//! The one error type: what was asked, which op and node, which shapes, where it was recorded, and what would
//! be right. Messages are lower case and carry no full stop.

use crate::location::Location;
use std::fmt;
use thiserror::Error as ThisError;

/// What can go wrong in recording, differentiating, compiling, running, checking and loading.
///
/// Operators and methods of `Var` panic with these messages; `Tape::try_apply`
/// and everything that runs plans or reads outside data returns them. `Debug` is `Display`, so that `unwrap()` and a `main`
/// that returns a [`Result`] print the message.
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
    /// Vars of two tapes met in one call.
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
    /// Two ops of one type and with equal attributes are not the same, so that a graph would take one for the other.
    #[error(
        "{op}: {new} would be taken for {known}, since both have the same attributes; list what tells them apart in `Op::attributes` of their type, or leave out of `Op::identity` what makes no difference; recorded at {location}"
    )]
    Indistinct {
        /// The op's name with the attributes that both have.
        op: String,
        /// What the op that was asked for says of itself, and which of its fields the attributes do not list.
        new: String,
        /// What the op says of itself that was recorded before, and where that was.
        known: String,
        /// The line that asked for the op.
        location: Location,
    },
    /// The tape would have to change while `Tape::graph` is held.
    #[error(
        "{what}: nothing can be recorded or computed while `tape.graph()` is held; drop it first; at {location}"
    )]
    GraphHeld {
        /// What was asked.
        what: &'static str,
        /// The line that asked.
        location: Location,
    },
    /// A gradient was asked of a value that is not one number.
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
    /// The way from the output to a var leads through an operand for which no derivative exists.
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
    /// A leaf has no value where one is needed.
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
    /// A name or a var that this plan, graph or state does not have.
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
    /// A parameter in the state has another shape than the graph's.
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
    /// A value that must be finite is not.
    #[error("{what}: {node} holds {value} at index {index:?}; recorded at {location}")]
    NotFinite {
        /// What was asked.
        what: &'static str,
        /// The node that holds it; of a result of a plan, with its pass and the ranges of its operands.
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
    /// Outside data that is not a graph.
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

/// The message of an error as a panic at the caller's line: what operators do, which cannot return.
#[cold]
#[inline(never)]
#[track_caller]
pub fn refuse(error: Error) -> ! {
    panic!("{error}")
}

/// What is said of NaN that a choice brings into a gradient, as in the docs of `Var::select`.
pub const NOT_TAKEN: &str = "NaN from the branch not taken: what `select` does not choose gets a cotangent of 0, and 0 \
     times an infinite derivative is NaN; choose a harmless operand first and then the result (the double-where idiom, as in \
     the docs of `Var::select`)";

/// The first of some names, and how many more there are: a message is read by people.
pub fn first_of(names: impl IntoIterator<Item = String>) -> String {
    const LISTED: usize = 16;
    let mut names = names.into_iter();
    let mut list: Vec<String> = names.by_ref().take(LISTED).collect();
    match names.count() {
        0 => {}
        more => list.push(format!("and {more} more")),
    }
    list.join(", ")
}

/// The value of a result, or a panic with its error at the caller's line. `unwrap_or_else` would name the line of its
/// closure.
#[inline(always)]
#[track_caller]
pub fn expected<T>(result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => refuse(error),
    }
}
