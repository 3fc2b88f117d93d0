//! A scalar and tensor autograd engine whose computation graph can be **seen** and **trusted**.
//!
//! Operations on a [`Tape`] record nodes; the reverse pass records gradients as more nodes; everything recorded can be
//! evaluated, compiled, checked, drawn, saved, and differentiated again.
//!
//! ```
//! use chainrule::Tape;
//!
//! let tape = Tape::new();
//! let apple = tape.leaf("apple", 100.0);
//! let price = apple * 2.0 * tape.leaf("tax", 1.1);
//! assert_eq!(price.value().item().round(), 220.0); // computed when asked, in f64
//! assert_eq!(price.grad([apple])[0].value().item(), 2.2); // gradients are vars
//! ```
//!
//! The [guide] begins at the beginning, in ten short chapters. How to write
//! [a convolutional network](guide::training#a-convolutional-network) is in the fifth.
//!
//! # The parts
//!
//! | to | use |
//! |---|---|
//! | record | [`Tape`], [`Var`]: operators, and methods such as [`Var::matmul`], [`Var::relu`], [`Var::sum_over`] |
//! | differentiate | [`Var::grad`], [`Var::vjp`], [`Var::jvp`], [`Var::hvp`], [`Var::jacobian`], [`Var::hessian`], [`Var::backward`]; in many directions at once [`Var::vjps`], [`Var::jvps`], [`Var::hvps`] |
//! | save memory, or give a derivative of your own | [`Tape::checkpoint`], [`Tape::with_vjp`] |
//! | look at values | [`Var::value`] |
//! | train, or run many times | [`Plan`], in `f32` or `f64`, with a [`State`] that you own |
//! | check gradients | [`assert_gradients!`], [`Check`] |
//! | draw | [`Var::draw`], [`picture`] |
//! | find an op, by its name in NumPy, PyTorch, JAX or ONNX too | [`ops`] |
//! | build networks, and optimise | [`nn`] |
//! | take data in batches | [`data`] |
//! | write an op | [`op`], [`Tape::apply`] |
//! | decompose matrices, solve systems | `Var::solve`, `Var::cholesky`, `Var::svd` and others (feature `linalg`) |
//! | save and load weights and training state | `State::save`, `State::load` (feature `files`) |
//! | save and load a whole model, graph and numbers | `Model::save`, `Model::load` (feature `files`) |
//! | save, load, walk the graph | [`Graph`] with serde and petgraph, [`Tape::from_graph`], [`Registry`], [`Limits`] |
//!
//! # Words
//!
//! A *tape* is recorded on and owns the *graph*, an append-only list of *nodes* whose order is topological. A *leaf* has
//! no inputs: an *input* is fed per run, a *parameter* is named trained state, a *constant* is fixed. A *var* is a
//! `Copy` handle to a node. A *rule* is the VJP of an op for one operand; the *cotangent* `dy` of a node is the
//! gradient of the output with respect to it. A *plan* is a compiled schedule, a *replay* another run of it. In rules
//! and drawings the letters are always the same: inputs `x` (`x0`, `x1`), result `y`, cotangent `dy`.
//!
//! # Errors
//!
//! Operators and methods of [`Var`] panic at the caller's line, as ndarray's do, with the message of an [`Error`]: what
//! was asked, op, operands, shapes, and what would be right. [`Tape::try_apply`] returns it instead. Everything that
//! compiles or runs plans, checks, draws, or reads outside data returns [`Result`].
//!
//! # Features
//!
//! On by default: `avx512`, a library of matrix products for processors that have it, and `draw`, pictures of graphs. `files` adds
//! `State::save` and `State::load`, with the formats safetensors and `.npz`. `mnist` adds the readers `data::mnist` and
//! `data::cifar10`, with a decompressor; `png` and `pdf` add pictures in these formats, with fonts; `json` adds
//! `Picture::from_json`, which reads a picture back.

mod base;
pub mod check;
pub mod data;
mod eval;
pub mod exchange;
mod files;
pub mod graph;
pub mod guide;
mod kernel;
mod model;
pub mod nn;
pub mod ops;
mod plan;
mod portable;
mod reverse;
mod summary;
mod tape;
#[cfg(feature = "draw")]
mod view;

pub use base::float::Float;
pub use base::state::State;
pub use chainrule_base::{Error, Location, Mismatch, Result};
pub use check::Check;
pub use graph::{Graph, NodeId};
#[cfg(feature = "files")]
pub use model::Model;
pub use ops::IntoVar;
pub use plan::{FeedValue, Key, Outputs, Plan, PlanOptions, Schedule};
pub use reverse::Gradients;
pub use summary::{GraphSummary, ScopeCost};
pub use tape::{IntoIndices, IntoValue, Limits, LoadOp, Op, Precision, Registry, Scope, Tape, Value, Var};
#[cfg(feature = "draw")]
pub use view::Draw;

use chainrule_base::{error, location, mismatch, shown, written};

/// Pictures of graphs: the selection of what is shown, and a re-export of the crate [`chainrule_picture`], which lays
/// pictures out and exports them.
///
/// A [`Builder`](picture::Builder) makes a [`Picture`](picture::Picture) of a graph and given numbers: plain data, of which
/// every exporter is a function. Large graphs are collapsed ([`Level::Auto`](picture::Level::Auto)): repetitions are folded
/// into one box with their count, and scopes are opened up to a readable size. Verdicts of a check, of the health of the
/// numbers ([`health()`](picture::health())), or of a comparison of two graphs ([`diff()`](picture::diff())) are badges at
/// the upper right of a node, with a legend; a box shows the worst of its members.
#[cfg(feature = "draw")]
pub mod picture {
    pub use crate::view::{
        Annotations, Builder, Change, ChangeKind, Diff, Difference, Finding, Level, LivePage, Reply,
        Summaries, Summary, diff, health, playground,
    };
    pub use chainrule_picture::*;
}

pub mod op {
    #![doc = include_str!("op.md")]

    pub use crate::base::shape::Layout;
    pub use crate::graph::{Attribute, Attributes, Branch, Kind};
    pub use crate::kernel::math;
    pub use crate::kernel::{Input, Inputs, LineMut, Output, View, for_each_line, map, map_in_place};
    pub use crate::op_settings;
    pub use crate::portable::{
        BinaryPrimitive, Comparison, ElementType, IntoPortable, Portable, PortableBuilder, PortableNode,
        PortableProgram, Primitive, ReducePrimitive, UnaryPrimitive,
    };
    pub use crate::tape::op::{Derivative, Kernel, Op, OpKernels, Operand, Precision, RecordAgain, Zero};
    pub use crate::tape::operands::{all_alike, all_reals, arrays, axes, axis, broadcast, operands, reals};
    pub use crate::tape::sample::{Domain, Maker, Sample};
    pub use crate::tape::settings::{Integer, Setting, Settings};
    pub use crate::tape::{LoadOp, Registry};
}

/// The parts of a [`Schedule`].
pub mod schedule {
    pub use crate::plan::{ScheduledLeaf, ScheduledStep, Slot, Write};
}

/// The README's programs, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
