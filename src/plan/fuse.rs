//! Which elementwise nodes are computed together, block by block, without their own arrays.

use super::Held;
use super::merge::Merged;
use crate::graph::{Graph, NodeId};
use crate::tape::{OPERANDS, Op};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Ops in one run at most: their blocks stay in the first-level cache.
const RUN: usize = 16;

/// The elementwise nodes of a plan in runs.
pub(super) struct Runs {
    /// For every node, the last node of the run it is in, if it is computed inside that one's run.
    inside: Vec<Option<NodeId>>,
}

impl Runs {
    /// Whether a node has no array of its own.
    pub(super) fn is_inside(&self, id: NodeId) -> bool {
        self.inside[id.index()].is_some()
    }

    /// The nodes of the run that ends at `last`, in topological order.
    pub(super) fn ending_at(&self, last: NodeId, graph: &Graph, merged: &Merged) -> Vec<NodeId> {
        let mut run = BTreeSet::from([last]);
        let mut open = vec![last];
        while let Some(id) = open.pop() {
            for x in graph.node(id).inputs().iter().map(|&x| merged.of(x)) {
                if self.inside[x.index()] == Some(last) && run.insert(x) {
                    open.push(x);
                }
            }
        }
        run.into_iter().collect()
    }

    /// Goes from the end: a node joins the run of its consumers if it has their shape and all of them are in one run.
    ///
    /// `pinned` nodes have to have an array of their own.
    pub(super) fn new(
        graph: &Graph,
        ops: &[Arc<dyn Op>],
        merged: &Merged,
        pinned: &[bool],
        held: &Held,
        fuse: bool,
    ) -> Self {
        let mut runs = Self { inside: vec![None; graph.len()] };
        if !fuse {
            return runs;
        }
        let is_source = |id: NodeId| graph.node(id).leaf().is_some() || held.contains_key(&id);
        let elementwise = |id: NodeId| !is_source(id) && ops[graph.record(id).op.0 as usize].elementwise();
        // For every node, the one run that all consumers seen so far are in, or that there is none.
        let mut consumers: Vec<Consumers> = vec![Consumers::None; graph.len()];
        let mut sizes = vec![0_usize; graph.len()];
        let mut operands: Vec<BTreeSet<NodeId>> = vec![BTreeSet::new(); graph.len()];
        for &id in merged.nodes.iter().rev() {
            if is_source(id) {
                continue;
            }
            let inputs = graph.node(id).inputs();
            let mut own = None;
            if elementwise(id) {
                let inputs: BTreeSet<NodeId> = inputs.iter().map(|&x| merged.of(x)).collect();
                let joins = match consumers[id.index()] {
                    Consumers::Run(last) if !pinned[id.index()] => {
                        let fits =
                            graph.record(id).shape == graph.record(last).shape && sizes[last.index()] < RUN;
                        // The run reads what the node reads, instead of the node.
                        let reads = operands[last.index()].union(&inputs).filter(|&&x| x != id).count();
                        (fits && reads <= OPERANDS).then_some(last)
                    }
                    _ => None,
                };
                let last = joins.unwrap_or(id);
                runs.inside[id.index()] = joins;
                sizes[last.index()] += 1;
                operands[last.index()].remove(&id);
                operands[last.index()].extend(inputs);
                own = Some(last);
            }
            for x in graph.node(id).read_inputs().map(|(_, x)| merged.of(x)) {
                let seen = &mut consumers[x.index()];
                *seen = match (*seen, own) {
                    (Consumers::None, Some(last)) => Consumers::Run(last),
                    (Consumers::Run(a), Some(b)) if a == b => Consumers::Run(a),
                    _ => Consumers::Several,
                };
            }
        }
        runs
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Consumers {
    None,
    Run(NodeId),
    Several,
}
