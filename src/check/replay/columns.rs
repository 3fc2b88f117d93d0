//! Results of ops that are linear in an operand, which are moved instead of being computed.

use crate::base::shape::Layout;
use crate::check::replay::values::numbers;
use crate::error::Result;
use crate::graph::NodeId;
use crate::kernel::{Input, Inputs, View};
use crate::tape::{Op, Tape};
use smallvec::SmallVec;
use std::sync::Arc;

/// The result of an op that is linear in a moved node.
#[derive(Debug, Clone)]
pub(crate) struct LinearColumn {
    pub(crate) result: NodeId,
    pub(super) slot: usize,
    pub(super) op: Arc<dyn Op>,
    pub(crate) operand: usize,
    /// The op's operands.
    pub(super) operands: Vec<(Vec<f64>, Layout)>,
}

impl LinearColumn {
    pub(crate) fn walk(&self, element: usize, add: &mut dyn FnMut(usize, f64)) {
        walk_column(&*self.op, self.operand, &self.operands, element, add);
    }
}

/// A column of an op's matrix, if the op says it is linear in the operand.
pub(super) fn walk_column(
    op: &dyn Op,
    operand: usize,
    operands: &[(Vec<f64>, Layout)],
    element: usize,
    add: &mut dyn FnMut(usize, f64),
) -> bool {
    // Pushed where they stay: collecting would move them.
    let mut inputs: SmallVec<[Input<'_, f64>; 4]> = SmallVec::new();
    for (data, Layout { shape, strides, offset }) in operands {
        inputs.push(Input::Real(View::new(data, *offset, shape, strides)));
    }
    op.column(operand, Inputs::new(&inputs), element, add)
}

/// The recorded operands of a node, in row-major order.
pub(super) fn operands(tape: &Tape, node: NodeId) -> Result<Vec<(Vec<f64>, Layout)>> {
    let inputs = tape.graph().node(node).inputs().to_vec();
    let operand = |id: NodeId| Ok((numbers(tape, id)?, Layout::contiguous(tape.graph().node(id).shape())));
    inputs.into_iter().map(operand).collect()
}
