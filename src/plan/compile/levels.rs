//! Programs of single numbers, level by level: what does not depend on each other is computed side by side.
//!
//! A graph of numbers is often many chains of the same functions. Gone through one after another, every function waits for
//! the one before it; level by level, the same function of numbers that lie side by side is one loop.

use super::classify::Class;
use super::lower::NO_REGISTER;
use super::passes::Compiler;
use crate::graph::NodeId;
use crate::plan::program::{Builder, Program, Register};
use crate::plan::step::{Operand, Output};
use crate::tape::Precision;
use smallvec::SmallVec;

/// Nodes of a level on the average from which it is worth to keep every number in a register of its own.
const WIDE: usize = 4;

impl<F: Precision> Compiler<'_, F> {
    /// The program of nodes that are single numbers, if many of them do not depend on each other.
    pub(crate) fn levels(
        &mut self,
        members: &[NodeId],
        operands: &mut Vec<Operand>,
        reads: &mut Vec<NodeId>,
        outputs: &mut SmallVec<[Output; 1]>,
    ) -> Option<Program> {
        let all = self.reads;
        let (mut levels, mut deepest) = (Vec::with_capacity(members.len()), 0);
        // While levels are counted, the place of a member stands for its register.
        for (i, &id) in members.iter().enumerate() {
            let level_of =
                |x: &NodeId| levels.get(self.registers[x.index()] as usize).map_or(0, |level| level + 1);
            let level: u32 = all.of(id).iter().map(level_of).max().unwrap_or(0);
            deepest = deepest.max(level);
            levels.push(level);
            self.registers[id.index()] = i as Register;
        }
        members.iter().for_each(|id| self.registers[id.index()] = NO_REGISTER);
        if members.len() / (deepest as usize + 1) < WIDE {
            return None;
        }
        let graph = &self.recorder.graph;
        let op = |id: NodeId| graph.record(id).op.0;
        let mut order: Vec<(u32, u32, NodeId)> =
            levels.into_iter().zip(members).map(|(level, &id)| (level, op(id), id)).collect();
        order.sort_unstable();
        let mut builder = Builder::default();
        let before = operands.len();
        for &input in order.iter().flat_map(|&(_, _, id)| all.of(id)) {
            let is_member = self.classes.of(input) == Class::Elementwise
                && self.units.of(input) == self.units.of(members[0]);
            if self.registers[input.index()] == NO_REGISTER && !is_member {
                self.registers[input.index()] = builder.load(operands.len() - before);
                operands.push(Operand::Place(self.place(input)));
                reads.push(input);
            }
        }
        for &(_, _, id) in &order {
            let x: SmallVec<[Register; 4]> = all.of(id).iter().map(|x| self.registers[x.index()]).collect();
            self.registers[id.index()] = builder.apply_in_order(self.applied(id), &x);
        }
        for &(_, _, id) in &order {
            if self.kept[id.index()] {
                builder.store(self.registers[id.index()], outputs.len());
                let output = self.output(id);
                outputs.push(output);
            }
        }
        reads[before..].iter().chain(members).for_each(|id| self.registers[id.index()] = NO_REGISTER);
        Some(builder.finish())
    }
}
