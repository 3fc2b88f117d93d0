//! A node as it is recorded: its kernel, and where its operands lie.

use crate::base::shape::{Layout, size};
use crate::check::node::kernels::trial::{Trial, TrialOperand};
use crate::eval::run;
use crate::graph::NodeId;
use crate::kernel::{Output, gather};
use crate::tape::{Op, OperandView, Recorder};
use std::any::Any;

/// Whether an op is one of the crate's own, which keep no state and keep what they promise: tests of the whole table say so,
/// and there is nothing to be found by running them again.
pub(super) fn is_built_in(op: &dyn Op) -> bool {
    crate::ops::is_built_in((op as &dyn Any).type_id())
}

/// Whether a node's elements lie among those of its first operand, so that its kernel is not run.
pub(super) fn is_view(recorder: &Recorder, id: NodeId) -> bool {
    let node = recorder.graph.node(id);
    let first = node.inputs().first().map(|&x| recorder.locate(x));
    first.is_some_and(|x| recorder.op(id).view(&x.layout, node.shape()).is_some())
}

/// A node's result with one operand where it lies, and copies of the others.
pub(super) fn with_strided(recorder: &Recorder, id: NodeId, copies: &[Vec<f64>], strided: usize) -> Vec<f64> {
    let node = recorder.graph.node(id);
    let op = recorder.op(id);
    let mut copies = copies.iter();
    let located = node.inputs().iter().enumerate().map(|(i, &x)| {
        let located = recorder.locate(x);
        if !op.reads(i) || located.indices.is_some() {
            return located;
        }
        let copy = copies.next().map_or(&[][..], Vec::as_slice);
        match i == strided {
            true => located,
            false => {
                OperandView { data: copy, indices: None, layout: Layout::contiguous(&located.layout.shape) }
            }
        }
    });
    let mut y = vec![f64::NAN; size(node.shape())];
    // An op that refuses copies of what it took is not the same on them: its result stays NaN.
    if run(op, located.collect(), Output::new(&mut y, node.shape()), &mut Vec::new()).is_err() {
        y.fill(f64::NAN);
    }
    y
}

/// A node's kernel on operands of these shapes.
pub(super) fn trial<'a>(op: &'a dyn Op, located: &'a [OperandView<'_>], shape: &[usize]) -> Trial<'a> {
    let slots = located.iter().enumerate().map(|(i, x)| {
        let contiguous = || Layout::contiguous(&x.layout.shape);
        match x.indices {
            _ if !op.reads(i) => TrialOperand::Shape(&x.layout.shape),
            Some(indices) => TrialOperand::Index(indices, x.layout.clone()),
            None => TrialOperand::Real(contiguous()),
        }
    });
    Trial { op, slots: slots.collect(), shape: Layout::contiguous(shape) }
}

/// The numbers of a value in row-major order.
pub(super) fn numbers(located: &OperandView<'_>) -> Vec<f64> {
    if let Some(numbers) = located.as_slice() {
        return numbers.to_vec();
    }
    let mut numbers = vec![0.0; size(&located.layout.shape)];
    gather(located.view(), 0, &mut numbers);
    numbers
}
