//! Programs of single numbers, level by level: what does not depend on each other is computed side by side.
//!
//! A graph of numbers is often many chains of the same functions. In the order of the recording, each function waits for the
//! one before it: 15 ns a node of a million in 1,000 chains. The same function of numbers that are side by side is one loop
//! and takes 1.5 ns; with the gradient, 10 ns instead of 31 (one Zen 3 core).

use super::classify::Class;
use super::lowering::{Lowering, NO_REGISTER};
use crate::graph::NodeId;
use crate::plan::program::{Program, ProgramBuilder, Register};
use crate::plan::step::{StepOperand, StepOutput};
use crate::tape::Precision;
use smallvec::SmallVec;

/// Nodes of a level, on average, from which every number is worth a register of its own.
const WIDE: usize = 4;

/// The program of nodes that are single numbers, if many of them do not depend on each other.
pub(super) fn levels<F: Precision>(
    lowering: &mut Lowering<'_, F>,
    nodes: &[NodeId],
    operands: &mut Vec<StepOperand>,
    reads: &mut Vec<NodeId>,
    outputs: &mut SmallVec<[StepOutput; 1]>,
) -> Option<Program> {
    let all = lowering.live.reads;
    let (mut levels, mut deepest) = (Vec::with_capacity(nodes.len()), 0);
    // While levels are counted, the position of a node stands for its register.
    for (i, &id) in nodes.iter().enumerate() {
        let level_of =
            |x: &NodeId| levels.get(lowering.registers[x.index()] as usize).map_or(0, |level| level + 1);
        let level: u32 = all.of(id).iter().map(level_of).max().unwrap_or(0);
        deepest = deepest.max(level);
        levels.push(level);
        lowering.registers[id.index()] = i as Register;
    }
    nodes.iter().for_each(|id| lowering.registers[id.index()] = NO_REGISTER);
    if nodes.len() / (deepest as usize + 1) < WIDE {
        return None;
    }
    let graph = lowering.live.graph;
    let op = |id: NodeId| graph.record(id).op.0;
    let mut order: Vec<(u32, u32, NodeId)> =
        levels.into_iter().zip(nodes).map(|(level, &id)| (level, op(id), id)).collect();
    order.sort_unstable();
    let mut builder = ProgramBuilder::new(lowering.plan.options.flush_subnormals);
    let before = operands.len();
    for &input in order.iter().flat_map(|&(_, _, id)| all.of(id)) {
        let is_member = lowering.live.classes.of(input) == Class::Elementwise
            && lowering.groups.of(input) == lowering.groups.of(nodes[0]);
        if lowering.registers[input.index()] == NO_REGISTER && !is_member {
            lowering.registers[input.index()] = builder.load(operands.len() - before);
            operands.push(StepOperand::View(lowering.view(input)));
            reads.push(input);
        }
    }
    for level in order.chunk_by(|(a, ..), (b, ..)| a == b) {
        for &(_, _, id) in level {
            let x: SmallVec<[Register; 4]> =
                all.of(id).iter().map(|x| lowering.registers[x.index()]).collect();
            lowering.registers[id.index()] = builder.apply_in_order(lowering.applied(id), &x);
        }
        // None of them is an operand of another, and their registers follow each other.
        builder.flush(lowering.registers[level[0].2.index()], level.len() as u32);
    }
    for &(_, _, id) in &order {
        if lowering.stored[id.index()] {
            builder.store(lowering.registers[id.index()], outputs.len());
            let output = lowering.output(id);
            outputs.push(output);
        }
    }
    reads[before..].iter().chain(nodes).for_each(|id| lowering.registers[id.index()] = NO_REGISTER);
    Some(builder.finish())
}
