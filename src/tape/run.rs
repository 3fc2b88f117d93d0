//! Running one op in f64 on operands wherever they lie: for values on demand, and for rules computed without recording.

use super::elementwise::{self, Arg, Instruction, Source};
use super::op::{Op, Precision};
use crate::kernel::{Input, Inputs, Output, View};
use crate::shape::Layout;
use smallvec::SmallVec;
use std::sync::Arc;

/// Elements up to which a single number is written out to meet an array; past them it is done block by block.
const SHORT: usize = 256;

/// An operand: where its numbers lie, or its indices.
#[derive(Debug)]
pub(super) struct Located<'a> {
    pub(super) data: &'a [f64],
    pub(super) indices: Option<&'a [usize]>,
    pub(super) layout: Layout,
}

impl<'a> Located<'a> {
    pub(super) fn view(&self) -> View<'_, f64> {
        View::new(self.data, self.layout.offset, &self.layout.shape, &self.layout.strides)
    }

    /// Its elements, if they are known numbers that lie side by side.
    pub(super) fn as_slice(&self) -> Option<&'a [f64]> {
        let len = self.layout.len();
        let start = if len == 0 { 0 } else { self.layout.offset };
        self.layout.is_contiguous().then(|| self.data.get(start..start + len)).flatten()
    }
}

/// The operands of a kernel.
pub(super) type Operands<'a> = SmallVec<[Located<'a>; 3]>;

/// Runs an op that is no view: its result goes to `y`, which is of `shape`.
pub(super) fn run(
    op: &Arc<dyn Op>,
    mut x: Operands<'_>,
    shape: &[usize],
    y: &mut [f64],
    scratch: &mut Vec<f64>,
) {
    if op.elementwise() {
        x.iter_mut().for_each(|x| x.layout = x.layout.broadcast(shape));
        let sources: SmallVec<[Source<'_, f64>; 3]> = x.iter().map(|x| Source::View(x.view())).collect();
        let args = (0..x.len()).map(Arg::Operand).collect();
        elementwise::run(std::slice::from_ref(op), &[Instruction { op: 0, args }], &sources, y, scratch);
        return;
    }
    let input = |(i, x)| {
        let x: &Located<'_> = x;
        match x.indices {
            _ if !op.reads(i) => Input::Shape(&x.layout.shape),
            Some(indices) => Input::Index(View::new(indices, 0, &x.layout.shape, &x.layout.strides)),
            None => Input::Real(x.view()),
        }
    };
    let inputs: SmallVec<[Input<'_, f64>; 4]> = x.iter().enumerate().map(input).collect();
    f64::kernel(&**op).run(Inputs::new(&inputs), Output { data: y, shape, threads: 1 });
}

/// Runs an elementwise op of one or two operands that are as long as `y`, or one number each.
///
/// What [`run`] does, for short arrays: without layouts. False, and nothing done, where a number would have to be
/// written out to the length of a long one.
#[inline]
pub(super) fn run_short(op: &dyn Op, x: &[&[f64]], y: &mut [f64], scratch: &mut Vec<f64>) -> bool {
    let len = y.len();
    if x.iter().any(|x| x.len() != len) {
        if len > SHORT {
            return false;
        }
        if scratch.len() < 2 * len {
            scratch.resize(2 * len, 0.0);
        }
    }
    let half = scratch.len() / 2;
    let (first, second) = scratch.split_at_mut(half);
    let (shape, strides) = ([len], [1]);
    let input = |x| Input::Real(View::new(x, 0, &shape, &strides));
    let (kernel, output) = (f64::kernel(op), Output { data: y, shape: &shape, threads: 1 });
    match *x {
        [a] => kernel.run(Inputs::new(&[input(stretched(a, len, first))]), output),
        [a, b] => {
            let operands = [input(stretched(a, len, first)), input(stretched(b, len, second))];
            kernel.run(Inputs::new(&operands), output);
        }
        _ => return false,
    }
    true
}

/// An operand of a given length: itself, or its one number written out.
#[inline]
fn stretched<'a>(x: &'a [f64], len: usize, block: &'a mut [f64]) -> &'a [f64] {
    if x.len() == len {
        return x;
    }
    let block = &mut block[..len];
    block.fill(x[0]);
    block
}
