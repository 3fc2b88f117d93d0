//! One kernel run by itself, in either precision, on contiguous operands that are given.

use crate::base::shape::{Layout, size};
use crate::kernel::{Input, Inputs, Output, View};
use crate::tape::{Op, Precision};
use smallvec::SmallVec;

/// What an operand is, but for its numbers.
#[derive(Debug)]
pub(super) enum TrialOperand<'a> {
    /// Numbers of this shape, which are given anew for each run.
    Real(Layout),
    /// Indices.
    Index(&'a [usize], Layout),
    /// An operand of which only the shape is read.
    Shape(&'a [usize]),
}

/// A kernel with everything but the numbers of its operands.
pub(super) struct Trial<'a> {
    pub(super) op: &'a dyn Op,
    pub(super) slots: Vec<TrialOperand<'a>>,
    pub(super) shape: Layout,
}

impl<'a> Trial<'a> {
    /// An elementwise kernel on so many elements.
    pub(super) fn elementwise(op: &'a dyn Op, operands: usize, len: usize) -> Self {
        let slots = (0..operands).map(|_| TrialOperand::Real(Layout::contiguous(&[len]))).collect();
        Self { op, slots, shape: Layout::contiguous(&[len]) }
    }

    /// The result for operands with these numbers, one list for each operand of numbers, in order.
    pub(super) fn run<F: Precision, X: AsRef<[F]>>(&self, x: &[X]) -> Vec<F> {
        let mut y = vec![F::nan(); self.shape.len()];
        self.run_to(x, &mut y);
        y
    }

    /// The same, written to a buffer.
    pub(super) fn run_to<F: Precision, X: AsRef<[F]>>(&self, x: &[X], y: &mut [F]) {
        let mut numbers = x.iter();
        let inputs: SmallVec<[Input<'_, F>; 4]> = self
            .slots
            .iter()
            .map(|slot| match slot {
                TrialOperand::Real(layout) => {
                    let numbers = numbers.next().map_or(&[][..], AsRef::as_ref);
                    Input::Real(View::new(numbers, 0, &layout.shape, &layout.strides))
                }
                TrialOperand::Index(indices, layout) => {
                    Input::Index(View::new(indices, 0, &layout.shape, &layout.strides))
                }
                TrialOperand::Shape(shape) => Input::Shape(shape),
            })
            .collect();
        let layout = |slot: &TrialOperand<'_>| match slot {
            TrialOperand::Real(layout) | TrialOperand::Index(_, layout) => layout.clone(),
            TrialOperand::Shape(shape) => Layout::contiguous(shape),
        };
        let layouts: SmallVec<[Layout; 4]> = self.slots.iter().map(layout).collect();
        let layouts: SmallVec<[&Layout; 4]> = layouts.iter().collect();
        let mut scratch = vec![F::nan(); self.op.scratch(&layouts, &self.shape.shape)];
        let y = Output { scratch: &mut scratch, ..Output::new(y, &self.shape.shape) };
        F::kernel(self.op).run(Inputs::new(&inputs), y);
    }

    /// The same kernel on some rows along the first axis of the result and of the first operand.
    pub(super) fn rows(&self, rows: usize) -> Option<Trial<'a>> {
        let with_rows = |shape: &[usize]| -> Layout {
            let mut shape = shape.to_vec();
            if let Some(first) = shape.first_mut() {
                *first = rows;
            }
            Layout::contiguous(&shape)
        };
        let slots = self.slots.iter().enumerate().map(|(i, slot)| match slot {
            TrialOperand::Real(layout) if i == 0 => TrialOperand::Real(with_rows(&layout.shape)),
            TrialOperand::Real(layout) => TrialOperand::Real(layout.clone()),
            TrialOperand::Index(indices, layout) => TrialOperand::Index(indices, layout.clone()),
            TrialOperand::Shape(shape) => TrialOperand::Shape(shape),
        });
        let slots: Vec<TrialOperand<'a>> = slots.collect();
        matches!(slots.first(), Some(TrialOperand::Real(_))).then(|| Trial {
            op: self.op,
            slots,
            shape: with_rows(&self.shape.shape),
        })
    }

    /// The number of elements of one row of the result and of the first operand, and the number of rows.
    pub(super) fn row_sizes(&self) -> Option<[usize; 3]> {
        let Some(TrialOperand::Real(first)) = self.slots.first() else { return None };
        let (&[rows, ref y @ ..], &[operand_rows, ref x @ ..]) = (&*self.shape.shape, &*first.shape) else {
            return None;
        };
        (rows == operand_rows).then(|| [size(y), size(x), rows])
    }
}
