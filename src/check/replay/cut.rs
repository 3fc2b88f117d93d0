//! Where a graph is cut, so that only what moves is computed.

use crate::check::replay::columns::{operands, walk_column};
use crate::check::replay::flow::constants;
use crate::check::replay::values::numbers;
use crate::error::Result;
use crate::graph::{Kind, Leaf, Node, NodeId};
use crate::plan::Held;
use crate::tape::{Op, Tape};
use std::sync::Arc;

/// Where a graph is cut, so that only what moves is computed.
pub(super) struct Cut {
    /// For every node, whether it moves.
    pub(super) depends: Vec<bool>,
    pub(super) held: Held,
    pub(super) columns: Vec<LinearResult>,
}

impl Cut {
    pub(super) fn new(tape: &Tape, wanted: &[NodeId], moved: &[NodeId], linear: bool) -> Result<Self> {
        let (read, depends) = {
            let is_constant = constants(tape);
            let graph = tape.graph();
            let read = graph.read_by(wanted.iter().copied());
            let passes = |node: Node<'_>| read[node.id().index()] && !is_constant(&graph, node.id());
            let depends = graph.reading(moved.iter().copied(), passes);
            (read, depends)
        };
        let mut cut = Self { depends, held: Held::default(), columns: Vec::new() };
        if linear {
            for &node in moved {
                cut.add_columns(tape, &read, node)?;
            }
        }
        let mut hold: Vec<NodeId> =
            moved.iter().copied().chain(cut.columns.iter().map(|c| c.result)).collect();
        {
            let graph = tape.graph();
            let mut moving = cut.depends.clone();
            hold.iter().for_each(|id| moving[id.index()] = false);
            let moving = graph.nodes().filter(|n| read[n.id().index()] && moving[n.id().index()]);
            let resting =
                moving.flat_map(|n| n.read_inputs()).map(|(_, x)| x).filter(|x| !cut.depends[x.index()]);
            // Constants are compiled as they are, and indices are not moved.
            hold.extend(resting.filter(|&x| {
                let node = graph.node(x);
                !matches!(node.leaf(), Some(Leaf::Constant | Leaf::Index))
            }));
            hold.sort_unstable();
            hold.dedup();
        }
        for id in hold {
            cut.held.insert(id, numbers(tape, id)?);
        }
        Ok(cut)
    }

    /// Finds the results that are linear in a node, if they have it in one operand only.
    pub(super) fn add_columns(&mut self, tape: &Tape, read: &[bool], node: NodeId) -> Result<()> {
        let readers: Vec<(NodeId, usize)> = {
            let graph = tape.graph();
            let edges = graph.consumers(node).iter().map(|edge| (edge.target, edge.operand));
            edges
                .filter(|&(target, operand)| read[target.index()] && graph.node(target).op().reads(operand))
                .collect()
        };
        for &(result, operand) in &readers {
            let alone = {
                let graph = tape.graph();
                let at = graph.node(result);
                let others = at.inputs().iter().enumerate().filter(|&(i, _)| i != operand);
                at.inputs().iter().all(|&x| graph.node(x).kind() == Kind::Real)
                    && others.into_iter().all(|(_, x)| !self.depends[x.index()])
            };
            if !alone {
                continue;
            }
            let op = tape.op(result);
            if walk_column(&*op, operand, &operands(tape, result)?, 0, &mut |_, _| {}) {
                self.columns.push(LinearResult { node, result, op, operand });
            }
        }
        Ok(())
    }
}

/// The result of an op that is linear in a moved node.
pub(super) struct LinearResult {
    pub(super) node: NodeId,
    pub(super) result: NodeId,
    pub(super) op: Arc<dyn Op>,
    pub(super) operand: usize,
}
