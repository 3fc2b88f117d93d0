//! Computing one node, wherever its operands lie and its result goes: for values on demand, for rules computed without
//! recording, and where plans fold constants.

use crate::base::shape::{Layout, size};
use crate::error::{Error, Result};
use crate::graph::Kind;
use crate::kernel::{Input, Inputs, Output, View, gather};
use crate::tape::{Op, OperandView, Operands, Precision, call};
use smallvec::SmallVec;

/// Elements of a block: a dozen blocks stay in a first-level cache of 32 KiB.
const BLOCK: usize = 256;

/// Where the operands of a node lie and its result goes.
pub(crate) trait Storage<F> {
    /// What the result becomes.
    type Stored;
    /// What the computing is for, as messages have it.
    const WHAT: &'static str;

    /// The first operand, if there is one and its elements are known.
    fn first(&self) -> Option<OperandView<'_, F>>;

    /// All operands, and memory for copies.
    fn operands(&mut self) -> (Operands<'_, F>, &mut Vec<F>);

    /// The result is elements of the first operand.
    fn view(&mut self, layout: Layout) -> Result<Self::Stored>;

    /// The result is one number, of rank 0.
    fn number(&mut self, number: F) -> Result<Self::Stored>;

    /// The result is an array of so many elements, which `kernel` computes; it refuses the operands with a problem.
    fn array(&mut self, len: usize, kernel: impl Computation<F>) -> Result<Self::Stored>;

    /// The result is indices, in row-major order.
    fn indices(&mut self, indices: Vec<usize>) -> Result<Self::Stored>;

    /// The error for operands that the op refuses.
    fn refused(&self, problem: String) -> Error;
}

/// What computes an array: it is given the operands, the place of the result, and memory for copies.
pub(crate) trait Computation<F>:
    FnOnce(Operands<'_, F>, &mut [F], &mut Vec<F>) -> std::result::Result<(), String>
{
}

impl<F, C: FnOnce(Operands<'_, F>, &mut [F], &mut Vec<F>) -> std::result::Result<(), String>> Computation<F>
    for C
{
}

/// Computes a node of a shape and a kind: finds out whether it is a view of its first operand, one number, an array or
/// indices, and runs its op's kernel where that is needed. Elementwise ops are no views.
///
/// # Errors
///
/// Those of the storage; [`Storage::refused`] if the op refuses the operands.
pub(crate) fn compute<F: Precision, S: Storage<F>>(
    op: &dyn Op,
    shape: &[usize],
    kind: Kind,
    storage: &mut S,
) -> Result<S::Stored> {
    if let (false, Some(x)) = (op.elementwise(), storage.first())
        && let Some(layout) = op.view(&x.layout, shape)
    {
        if shape.is_empty() && kind == Kind::Real {
            let number = x.data[layout.offset];
            return storage.number(number);
        }
        return storage.view(layout);
    }
    if kind == Kind::Index {
        let mut indices = crate::base::alloc::filled(S::WHAT, size(shape), 0)?;
        let (x, scratch) = storage.operands();
        let done = run(op, x, Output::of_indices(&mut indices, shape), scratch);
        done.map_err(|problem| storage.refused(problem))?;
        return storage.indices(indices);
    }
    if shape.is_empty() {
        let mut y = [F::zero()];
        let (x, scratch) = storage.operands();
        run(op, x, Output::new(&mut y, shape), scratch).map_err(|problem| storage.refused(problem))?;
        return storage.number(y[0]);
    }
    storage.array(size(shape), |x, y, scratch| run(op, x, Output::new(y, shape), scratch))
}

/// Runs an op that is no view: its result goes to `y`. An error is the op's own, which refuses its operands.
pub(crate) fn run<F: Precision>(
    op: &dyn Op,
    mut x: Operands<'_, F>,
    y: Output<'_, F>,
    scratch: &mut Vec<F>,
) -> std::result::Result<(), String> {
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
        let x: &OperandView<'_, F> = x;
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

/// Runs an elementwise op on operands of the shape of `y`, a block at a time. Blocks of operands that are not contiguous
/// are copied first.
fn by_blocks<F: Precision>(
    op: &dyn Op,
    x: &[OperandView<'_, F>],
    y: &mut [F],
    scratch: &mut Vec<F>,
) -> std::result::Result<(), String> {
    let block = BLOCK.min(y.len());
    if scratch.len() < x.len() * block {
        scratch.resize(x.len() * block, F::zero());
    }
    for (k, y) in y.chunks_mut(BLOCK).enumerate() {
        let start = k * BLOCK;
        for (x, copy) in x.iter().zip(scratch.chunks_exact_mut(block)) {
            // A number that is broadcast is the same in every block.
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
