//! Running one op on operands wherever they lie: for values on demand, for rules computed without recording, and where plans
//! fold constants.

use super::op::{Op, Precision};
use crate::Float;
use crate::kernel::{Input, Inputs, Output, View, gather};
use crate::shape::Layout;
use smallvec::SmallVec;

/// Elements of a block: a dozen blocks stay in a first-level cache of 32 KiB.
const BLOCK: usize = 256;

/// An operand: where its numbers lie, or its indices.
#[derive(Debug)]
pub(crate) struct Located<'a, F = f64> {
    pub(crate) data: &'a [F],
    pub(crate) indices: Option<&'a [usize]>,
    pub(crate) layout: Layout,
}

impl<'a, F: Float> Located<'a, F> {
    pub(crate) fn view(&self) -> View<'_, F> {
        View::new(self.data, self.layout.offset, &self.layout.shape, &self.layout.strides)
    }

    /// Its elements, if they are known numbers that lie side by side.
    pub(crate) fn as_slice(&self) -> Option<&'a [F]> {
        let len = self.layout.len();
        let start = if len == 0 { 0 } else { self.layout.offset };
        self.layout.is_contiguous().then(|| self.data.get(start..start + len)).flatten()
    }
}

/// The operands of a kernel.
pub(crate) type Operands<'a, F = f64> = SmallVec<[Located<'a, F>; 3]>;

/// Runs an op that is no view: its result goes to `y`. An error is the op's own, which refuses its
/// operands.
pub(crate) fn run<F: Precision>(
    op: &dyn Op,
    mut x: Operands<'_, F>,
    y: Output<'_, F>,
    scratch: &mut Vec<F>,
) -> Result<(), String> {
    if op.elementwise() {
        x.iter_mut().for_each(|x| x.layout = x.layout.broadcast(y.shape));
        return by_blocks(op, &x, y.data, scratch);
    }
    let layouts: SmallVec<[&Layout; 4]> = x.iter().map(|x| &x.layout).collect();
    let room = op.scratch(&layouts, y.shape);
    if scratch.len() < room {
        scratch.resize(room, F::zero());
    }
    let input = |(i, x)| {
        let x: &Located<'_, F> = x;
        match x.indices {
            _ if !op.reads(i) => Input::Shape(&x.layout.shape),
            Some(indices) => {
                Input::Index(View::new(indices, x.layout.offset, &x.layout.shape, &x.layout.strides))
            }
            None => Input::Real(x.view()),
        }
    };
    let inputs: SmallVec<[Input<'_, F>; 4]> = x.iter().enumerate().map(input).collect();
    call(op, Inputs::new(&inputs), Output { scratch: &mut scratch[..room], ..y })
}

/// Runs an op's kernel, unless it refuses the operands.
pub(crate) fn call<F: Precision>(op: &dyn Op, x: Inputs<'_, '_, F>, y: Output<'_, F>) -> Result<(), String> {
    let kernel = F::kernel(op);
    kernel.check(x)?;
    kernel.run(x, y);
    Ok(())
}

/// Runs an elementwise op on operands of the shape of `y`, a block at a time: those that do not lie side by side are copied.
fn by_blocks<F: Precision>(
    op: &dyn Op,
    x: &[Located<'_, F>],
    y: &mut [F],
    scratch: &mut Vec<F>,
) -> Result<(), String> {
    let block = BLOCK.min(y.len());
    if scratch.len() < x.len() * block {
        scratch.resize(x.len() * block, F::zero());
    }
    for (k, y) in y.chunks_mut(BLOCK).enumerate() {
        let start = k * BLOCK;
        for (x, copy) in x.iter().zip(scratch.chunks_exact_mut(block)) {
            // One number, stretched, is written out once.
            if x.as_slice().is_none() && (k == 0 || x.layout.strides.iter().any(|&stride| stride != 0)) {
                gather(x.view(), start, &mut copy[..y.len()]);
            }
        }
        let shape = [y.len()];
        let mut inputs: SmallVec<[Input<'_, F>; 4]> = SmallVec::new();
        for (x, copy) in x.iter().zip(scratch.chunks_exact(block)) {
            let data = x.as_slice().map_or(&copy[..y.len()], |all| &all[start..start + y.len()]);
            inputs.push(Input::Real(View::new(data, 0, &shape, &[1])));
        }
        call(op, Inputs::new(&inputs), Output::new(y, &shape))?;
    }
    Ok(())
}
