//! What keeps a state: kernels that give another result when they are run again, and rules that are recorded otherwise.

use crate::base::shape::size;
use crate::check::node::kernels::judge::{KernelFault, Kernels};
use crate::check::node::kernels::precision::same_bits;
use crate::check::node::kernels::recorded::{is_built_in, is_view, numbers};
use crate::check::report::fault::Fault;
use crate::eval::run;
use crate::graph::NodeId;
use crate::kernel::Output;
use crate::tape::Recorder;
use rustc_hash::FxHashSet;

/// Runs of a small kernel. One of so many that is off is found for certain, one of ten thousand seldom.
const RUNS: usize = 1024;
/// Runs of a large kernel at least.
const FEW: usize = 16;
/// Numbers that all runs of one kernel read and write at the most, but for those few.
const NUMBERS: usize = 1 << 18;

const AGAIN: &str = "it is not deterministic: run again on the recorded operands it gives another result";

/// How often a rule is recorded anew.
const RECORDINGS: usize = 16;
/// Runs in search of the op that made a difference come out otherwise, for each run that is made anyway.
const SEARCH: usize = 16;

/// Whether the kernel of a node, run so many times on its operands where they lie, once gives other bits than those recorded.
fn changes(recorder: &Recorder, id: NodeId, recorded: &[f64], runs: usize) -> bool {
    let node = recorder.graph.node(id);
    let op = recorder.op(id);
    let mut y = vec![0.0; recorded.len()];
    let mut scratch = Vec::new();
    (0..runs).any(|_| {
        let x = node.inputs().iter().map(|&x| recorder.locate(x)).collect();
        run(op, x, Output::new(&mut y, node.shape()), &mut scratch).is_err() || !same_bits(&y, recorded)
    })
}

/// So many runs of a node's kernel as take little time.
fn runs(recorder: &Recorder, id: NodeId) -> usize {
    let node = recorder.graph.node(id);
    let numbers = node.inputs().iter().chain([&id]).map(|&x| size(recorder.graph.node(x).shape()));
    (NUMBERS / numbers.sum::<usize>().max(1)).clamp(FEW, RUNS)
}

impl Kernels<'_> {
    /// Whether a node's op keeps a state, which is told; each op is asked once.
    pub(super) fn keeps_state(&mut self, recorder: &Recorder, id: NodeId, y: &[f64]) -> bool {
        if is_built_in(recorder.op(id)) || !self.asked.insert(recorder.graph.record(id).op) {
            return false;
        }
        if changes(recorder, id, y, runs(recorder, id)) {
            self.tell(recorder, id, KernelFault::State, None, AGAIN.to_owned());
            return true;
        }
        if let Some(operand) = recorder.changing_rule(id, RECORDINGS) {
            let problem = "it is not deterministic: its rule for this operand, recorded again, is another";
            self.tell(recorder, id, KernelFault::State, Some(operand), problem.to_owned());
            return true;
        }
        false
    }

    /// What is no longer as it was recorded, of the marked nodes. If a derivative of the node `unsteady` has come out
    /// otherwise when it was measured again, there is something to be found, and it is searched for longer.
    pub(crate) fn again(&mut self, marked: &[bool], unsteady: Option<NodeId>) -> Vec<Fault> {
        let tape = self.tape;
        let recorder = tape.recorder().borrow();
        let mut searched = FxHashSet::default();
        for node in recorder.graph.nodes().filter(|n| marked.get(n.id().index()) == Some(&true)) {
            let id = node.id();
            if node.leaf().is_some() || !recorder.is_known(id) || is_built_in(recorder.op(id)) {
                continue;
            }
            // What is told to be a view is not computed.
            if is_view(&recorder, id) {
                continue;
            }
            let longer = unsteady.is_some() && searched.insert(recorder.graph.record(id).op);
            let runs = if longer { SEARCH * runs(&recorder, id) } else { 1 };
            if changes(&recorder, id, &numbers(&recorder.locate(id)), runs) {
                self.tell(&recorder, id, KernelFault::State, None, AGAIN.to_owned());
            }
        }
        if let Some(id) = unsteady.filter(|_| self.faults.is_empty()) {
            let problem = "it is not deterministic: a derivative of it came out otherwise when it was measured again, and no \
                           op on the way could be found to give another result";
            self.tell(&recorder, id, KernelFault::State, None, problem.to_owned());
        }
        std::mem::take(&mut self.faults)
    }
}
