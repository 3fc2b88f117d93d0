//! Plans of both precisions, compiled with this crate.
//!
//! A generic function is compiled anew in each crate that calls it. Compiling and running plans are the largest of them,
//! so callers reach them through a table, and have only the call to compile. A call through the table costs a few
//! nanoseconds a run.

use super::compile::Held;
use super::compiled::Plan;
use super::options::PlanOptions;
use crate::base::state::RunState;
use crate::error::Result;
use crate::graph::NodeId;
use crate::tape::{Precision, Recorder};
use std::any::Any;

/// The functions of one precision.
pub(crate) struct PlanInstance<F> {
    pub(crate) compile: Compile<F>,
    pub(crate) run: fn(&mut Plan<F>, RunState<'_, F>) -> Result<()>,
}

type Compile<F> = fn(&Recorder, &[NodeId], &[(NodeId, NodeId)], PlanOptions, &Held) -> Result<Plan<F>>;

/// Those of the precision `F`.
pub(crate) fn instance<F: Precision>() -> &'static PlanInstance<F> {
    let known = instances().into_iter().find_map(<dyn Any>::downcast_ref);
    known.unwrap_or_else(|| unreachable!("the trait is sealed, and f32 and f64 alone have it"))
}

// Not inlined, since whoever has the table in its code compiles what is in it.
#[inline(never)]
fn instances() -> [&'static dyn Any; 2] {
    static SINGLE: PlanInstance<f32> = PlanInstance { compile: Plan::of_nodes, run: Plan::run_all };
    static DOUBLE: PlanInstance<f64> = PlanInstance { compile: Plan::of_nodes, run: Plan::run_all };
    [&SINGLE, &DOUBLE]
}
