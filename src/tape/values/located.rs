//! Where the numbers of an operand lie.

use crate::Float;
use crate::base::shape::Layout;
use crate::kernel::View;
use smallvec::SmallVec;

/// An operand: where its numbers lie, or its indices.
#[derive(Debug)]
pub(crate) struct OperandView<'a, F = f64> {
    pub(crate) data: &'a [F],
    pub(crate) indices: Option<&'a [usize]>,
    pub(crate) layout: Layout,
}

impl<'a, F: Float> OperandView<'a, F> {
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
pub(crate) type Operands<'a, F = f64> = SmallVec<[OperandView<'a, F>; 3]>;
