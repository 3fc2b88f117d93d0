//! Elementwise ops that are run by their kernels.

use super::register::Register;
use crate::graph::NodeId;
use crate::kernel::{Input, Inputs, Output, View};
use crate::tape::call;
use crate::tape::{Op, Precision};
use smallvec::SmallVec;
use std::sync::Arc;

/// An elementwise op that is run by its kernel.
#[derive(Debug, Clone)]
pub(crate) struct KernelCall {
    /// Its index in the table of ops.
    pub(crate) op: usize,
    pub(crate) x: SmallVec<[Register; 4]>,
    /// The node that it computes, if its op may refuse operands.
    pub(crate) checked: Option<NodeId>,
}

impl KernelCall {
    /// Runs the op's kernel on `n` elements of registers of length `block`; an error is the op's refusal.
    pub(crate) fn run<F: Precision>(
        &self,
        ops: &[Arc<dyn Op>],
        to: Register,
        n: usize,
        block: usize,
        scratch: &mut [F],
    ) -> Result<(), (NodeId, String)> {
        let (below, rest) = scratch.split_at_mut(to as usize * block);
        let (y, above) = rest.split_at_mut(block);
        let shape = [n];
        let mut x: SmallVec<[Input<'_, F>; 4]> = SmallVec::new();
        for &register in &self.x {
            let numbers = match register.checked_sub(to + 1) {
                Some(k) => &above[k as usize * block..],
                None => &below[register as usize * block..],
            };
            x.push(Input::Real(View::new(&numbers[..n], 0, &shape, &[1])));
        }
        let output = Output::new(&mut y[..n], &shape);
        let op = &*ops[self.op];
        match self.checked {
            Some(node) => call(op, Inputs::new(&x), output).map_err(|problem| (node, problem)),
            None => {
                F::kernel(op).run(Inputs::new(&x), output);
                Ok(())
            }
        }
    }
}
