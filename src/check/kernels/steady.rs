//! What keeps a state: kernels that give another result when they are run again, and rules that are recorded otherwise.

use crate::graph::NodeId;
use crate::ops::TABLE;
use crate::tape::{Op, Recorder, run};
use rustc_hash::FxHashSet;
use std::any::{Any, TypeId};
use std::sync::LazyLock;

/// Runs of a small kernel. One of so many that is off is found for certain, one of ten thousand seldom.
const RUNS: usize = 1024;
/// Runs of a large kernel at least.
const FEW: usize = 16;
/// Numbers that all runs of one kernel read and write at the most, but for those few.
const NUMBERS: usize = 1 << 18;

/// Whether an op is one of the crate's own, which keep no state: there is nothing to be found by running them again.
pub(super) fn is_built_in(op: &dyn Op) -> bool {
    static BUILT_IN: LazyLock<FxHashSet<TypeId>> = LazyLock::new(|| {
        let examples = TABLE.iter().flat_map(|entry| (entry.examples)());
        examples.map(|op| (&*op as &dyn Any).type_id()).collect()
    });
    BUILT_IN.contains(&(op as &dyn Any).type_id())
}

/// Whether the kernel of a node, run again and again on its operands where they lie, once gives other bits than those
/// recorded.
pub(super) fn changes(recorder: &Recorder, id: NodeId, recorded: &[f64]) -> bool {
    let graph = &recorder.graph;
    let node = graph.node(id);
    let op = &*recorder.ops[graph.record(id).op.0 as usize];
    let operands = node.inputs().iter().map(|&x| crate::shape::size(graph.node(x).shape())).sum::<usize>();
    let runs = (NUMBERS / (operands + recorded.len()).max(1)).clamp(FEW, RUNS);
    let mut y = vec![0.0; recorded.len()];
    let mut scratch = Vec::new();
    (0..runs).any(|_| {
        let x = node.inputs().iter().map(|&x| recorder.locate(x)).collect();
        run(op, x, node.shape(), &mut y, &mut scratch);
        !super::precision::same_bits(&y, recorded)
    })
}
