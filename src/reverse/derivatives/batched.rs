//! A stretch of a graph recorded once more for many values of what it is computed from.

use crate::error::Result;
use crate::graph::NodeId;
use crate::ops::{BroadcastTo, ExpandDims, Range, Slice, Squeeze};
use crate::tape::{Op, Tape, Var};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Records what some outputs are computed by, for so many values of each of some vars, which are stacked along a new first
/// axis: so are the results. `None` for an output that is computed from none of the vars.
#[track_caller]
pub(super) fn batched<'t>(
    tape: &'t Tape,
    outputs: &[Option<Var<'t>>],
    stacks: &[(Var<'t>, Var<'t>)],
    count: usize,
) -> Result<Vec<Option<Var<'t>>>> {
    let mut known: FxHashMap<NodeId, Var<'t>> =
        stacks.iter().map(|(var, stack)| (var.id(), *stack)).collect();
    for id in between(tape, outputs, stacks) {
        if known.contains_key(&id) {
            continue;
        }
        let op = tape.op(id);
        let inputs = tape.graph().node(id).inputs().to_vec();
        let x: Vec<StackedOperand<'t>> = inputs
            .iter()
            .enumerate()
            .map(|(i, &input)| StackedOperand {
                own: Var::new(tape, input),
                stack: known.get(&input).copied().filter(|_| op.reads(i)),
            })
            .collect();
        let y = StackedOp { tape, op, x: &x, y: Var::new(tape, id), count }.record()?;
        known.insert(id, y);
    }
    Ok(outputs.iter().map(|y| known.get(&y.as_ref()?.id()).copied()).collect())
}

/// The nodes between vars and outputs, in order.
fn between(tape: &Tape, outputs: &[Option<Var<'_>>], stacks: &[(Var<'_>, Var<'_>)]) -> Vec<NodeId> {
    let graph = tape.graph();
    let read = graph.read_by(outputs.iter().flatten().map(|y| y.id()));
    let below = graph.reading(stacks.iter().map(|(var, _)| var.id()), |_| true);
    graph.ids().filter(|id| read[id.index()] && below[id.index()]).collect()
}

/// An operand, and what stands for it where there is one for each direction.
struct StackedOperand<'t> {
    own: Var<'t>,
    stack: Option<Var<'t>>,
}

/// An op on operands of which some are stacked.
struct StackedOp<'a, 't> {
    tape: &'t Tape,
    op: Arc<dyn Op>,
    x: &'a [StackedOperand<'t>],
    /// The result of the op on the operands themselves.
    y: Var<'t>,
    count: usize,
}

impl<'t> StackedOp<'_, 't> {
    #[track_caller]
    fn record(&self) -> Result<Var<'t>> {
        let own: Vec<bool> = self.x.iter().map(|x| x.stack.is_some()).collect();
        if self.op.elementwise() {
            return self.apply(self.op.clone(), &own);
        }
        // What need not be stretched is not: then operands are, and at last also indices.
        let reals: Vec<bool> = self.x.iter().map(|x| x.stack.is_some() || is_real(x.own)).collect();
        for is_batched in [own, reals, vec![true; self.x.len()]] {
            if let Some(op) = self.op.batched(&is_batched) {
                return self.apply(op, &is_batched);
            }
        }
        self.one_by_one()
    }

    /// The op on operands of which some are stacked, or stretched to be so.
    #[track_caller]
    fn apply(&self, op: Arc<dyn Op>, is_batched: &[bool]) -> Result<Var<'t>> {
        let most = self.x.iter().map(|x| x.own.rank()).chain([self.y.rank()]).max().unwrap_or(0);
        let mut operands = Vec::with_capacity(self.x.len());
        for (x, &is_batched) in self.x.iter().zip(is_batched) {
            if !is_batched {
                operands.push(x.own);
                continue;
            }
            let stack = match x.stack {
                Some(stack) => stack,
                None => self.stretched(x.own)?,
            };
            let more = if self.op.broadcasts() { most - x.own.rank() } else { 0 };
            operands.push(self.with_axes(stack, more)?);
        }
        let y = self.tape.try_apply_shared(op, &operands)?;
        match y.rank() - 1 - self.y.rank() {
            0 => Ok(y),
            more => self.tape.try_apply(Squeeze { axes: (1..=more).collect() }, &[y]),
        }
    }

    /// Axes of size 1 behind the first.
    #[track_caller]
    fn with_axes(&self, stack: Var<'t>, more: usize) -> Result<Var<'t>> {
        match more {
            0 => Ok(stack),
            more => self.tape.try_apply(ExpandDims { axes: (1..=more).collect() }, &[stack]),
        }
    }

    /// The same for each direction, without a copy.
    #[track_caller]
    fn stretched(&self, x: Var<'t>) -> Result<Var<'t>> {
        let one = self.tape.try_apply(ExpandDims { axes: vec![0] }, &[x])?;
        let shape = std::iter::once(Some(self.count)).chain(std::iter::repeat_n(None, x.rank()));
        self.tape.try_apply(BroadcastTo { shape: shape.collect() }, &[one])
    }

    /// The op for each direction by itself.
    #[track_caller]
    fn one_by_one(&self) -> Result<Var<'t>> {
        if self.count == 0 {
            return self.stretched(self.y);
        }
        let mut all = Vec::with_capacity(self.count);
        for i in 0..self.count {
            let mut operands = Vec::with_capacity(self.x.len());
            for x in self.x {
                operands.push(match x.stack {
                    Some(stack) => self.nth(stack, i)?,
                    None => x.own,
                });
            }
            all.push(self.tape.try_apply_shared(self.op.clone(), &operands)?);
        }
        Ok(self.tape.stack(&all, 0))
    }

    #[track_caller]
    fn nth(&self, stack: Var<'t>, i: usize) -> Result<Var<'t>> {
        let whole = Range { start: 0, end: None, step: 1 };
        let mut ranges = vec![whole; stack.rank()];
        ranges[0] = Range { start: i as isize, end: Some(i as isize + 1), step: 1 };
        let part = self.tape.try_apply(Slice { ranges }, &[stack])?;
        self.tape.try_apply(Squeeze { axes: vec![0] }, &[part])
    }
}

fn is_real(var: Var<'_>) -> bool {
    var.tape().kind(var.id()) == crate::graph::Kind::Real
}
