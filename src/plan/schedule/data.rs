//! A schedule, as plain data.

use crate::graph::NodeId;
use serde::{Deserialize, Serialize};

/// The steps of a [`Plan`](crate::Plan) in the order in which they run, and the memory they take.
///
/// Its `Display` is a table; [`picture`](crate::Schedule::picture) draws it.
///
/// ```
/// # use chainrule::{Plan, Tape};
/// let tape = Tape::new();
/// let (x, w) = (tape.input("x", [8, 4]), tape.parameter("w", [4, 2]));
/// let loss = x.matmul(w).tanh().square().mean();
/// let [dw] = loss.grad([w]);
/// let plan = Plan::<f32>::compile([loss], [(w, w - 0.1 * dw)])?;
/// let schedule = plan.schedule();
/// assert_eq!(schedule.steps[0].ops[..2], ["matmul", "tanh"]);
/// assert!(schedule.to_string().contains("what is alive at one time"));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// `"f32"` or `"f64"`.
    pub precision: String,
    /// How many threads long steps are handed to.
    pub threads: usize,
    /// The steps, in order.
    pub steps: Vec<ScheduledStep>,
    /// What steps read that no step computes, in the order in which it is first read.
    pub leaves: Vec<ScheduledLeaf>,
    /// Where the outputs are after a run, each with its node.
    pub outputs: Vec<(NodeId, Slot)>,
    /// Nodes that the steps compute.
    pub nodes: usize,
    /// Bytes of the arena, in which all results lie.
    pub arena: usize,
    /// Bytes of results that are needed at one time, at most: no arena can be smaller with this order of steps.
    pub least: usize,
    /// Bytes of what steps work with, one after another: the registers of programs, the workspaces of kernels.
    pub registers: usize,
}

/// Something that steps read and no step computes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledLeaf {
    /// Its name; a constant's number or `constant`.
    pub name: String,
    /// `"input"`, `"index"`, `"parameter"` or `"constant"`.
    pub kind: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its size in memory.
    pub bytes: usize,
}

/// One step of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledStep {
    /// The names of the ops it runs, in order: a kernel, elementwise ops of one program, or both. Of very many, the first
    /// thousand.
    pub ops: Vec<String>,
    /// How many ops it runs.
    pub count: usize,
    /// Whether the ops are computed block by block, without arrays between them.
    pub fused: bool,
    /// What it reads.
    pub reads: Vec<Slot>,
    /// What it writes.
    pub writes: Vec<Write>,
    /// The shape of what it writes.
    pub shape: Vec<usize>,
    /// In how many parts it is computed.
    pub parts: usize,
}

/// What a step reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// A leaf, by its index in [`Schedule::leaves`].
    Leaf(usize),
    /// A result, by its number.
    Result(usize),
}

/// What a step writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// The number of the result.
    pub result: usize,
    /// Where in the arena it begins, in bytes; none for a parameter that is updated in place, and for indices, which have a
    /// buffer of their own.
    pub start: Option<usize>,
    /// The parameter that is updated.
    pub updates: Option<String>,
    /// The result that it is written over.
    pub in_place_of: Option<usize>,
    /// Its size in memory.
    pub bytes: usize,
}
