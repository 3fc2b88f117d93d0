//! The memory of a run: what steps read, and the slices of it that they borrow to write.

use super::refusal::Refusals;
use crate::Float;
use crate::base::shape::Layout;
use crate::base::state::{Others, RunState};
use crate::kernel::{Input, View, gather};
use crate::plan::slots::{InputSlot, ParameterSlot};
use crate::plan::step::{Buffer, BufferView, OutputTarget, StepOperand, StepOutput};
use smallvec::SmallVec;

/// Everything that a run reads and writes.
pub(crate) struct RunMemory<'a, F> {
    pub(crate) arena: &'a mut [F],
    pub(crate) state: RunState<'a, F>,
    pub(crate) leaves: LeafBuffers<'a, F>,
    pub(crate) refusals: &'a Refusals,
}

/// What the current step does not write.
pub(crate) struct LeafBuffers<'a, F> {
    pub(crate) inputs: &'a [InputSlot<F>],
    pub(crate) indices: &'a [InputSlot<usize>],
    /// Those that the steps before have written.
    pub(crate) index_results: &'a [Vec<usize>],
    pub(crate) constants: &'a [Vec<F>],
    pub(crate) parameters: &'a [ParameterSlot],
}

impl<F> Clone for LeafBuffers<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for LeafBuffers<'_, F> {}

/// Slices of the memory that are borrowed to be written.
pub(crate) type OutputSlices<'a, F> = SmallVec<[&'a mut [F]; 4]>;

/// Everything that may be read while slices are borrowed.
pub(crate) struct ReadMemory<'a, F> {
    /// The ranges of the arena between the borrowed slices, each with its start.
    arena: SmallVec<[(usize, &'a [F]); 3]>,
    others: Others<'a, F>,
    leaves: LeafBuffers<'a, F>,
    pub(crate) refusals: &'a Refusals,
}

impl<F: Float> RunMemory<'_, F> {
    /// Borrows what some results of `len` elements are written to, in their order, apart from all else.
    pub(crate) fn borrow_outputs<'o>(
        &mut self,
        len: usize,
        outputs: impl Iterator<Item = &'o StepOutput> + Clone,
    ) -> (OutputSlices<'_, F>, ReadMemory<'_, F>) {
        let parameters = self.leaves.parameters;
        let mut slices: OutputSlices<'_, F> = outputs.clone().map(|_| &mut [][..]).collect();
        let mut ranges: SmallVec<[(usize, usize); 4]> = SmallVec::new();
        let mut parameters_written: SmallVec<[(usize, usize); 4]> = SmallVec::new();
        for (k, output) in outputs.enumerate() {
            match output.target {
                OutputTarget::Arena(start) => ranges.push((start, k)),
                OutputTarget::Parameter(slot) => parameters_written.push((parameters[slot].index, k)),
            }
        }
        ranges.sort_unstable();
        parameters_written.sort_unstable();
        let mut arena = SmallVec::new();
        let (mut rest, mut at) = (&mut *self.arena, 0);
        for (start, k) in ranges {
            let (gap, after) = rest.split_at_mut(start - at);
            let (slice, after) = after.split_at_mut(len);
            arena.push((at, &*gap));
            slices[k] = slice;
            (rest, at) = (after, start + len);
        }
        arena.push((at, &*rest));
        let others = self.state.lend(&parameters_written, &mut slices);
        (slices, ReadMemory { arena, others, leaves: self.leaves, refusals: self.refusals })
    }

    /// The numbers of a result.
    #[inline]
    pub(crate) fn target_mut(&mut self, target: OutputTarget, len: usize) -> &mut [F] {
        match target {
            OutputTarget::Arena(start) => &mut self.arena[start..start + len],
            OutputTarget::Parameter(slot) => self.state.numbers_mut(self.leaves.parameters[slot].index),
        }
    }

    /// As [`target_mut`](Self::target_mut), to be read.
    pub(crate) fn target(&self, target: OutputTarget, len: usize) -> &[F] {
        match target {
            OutputTarget::Arena(start) => &self.arena[start..start + len],
            OutputTarget::Parameter(slot) => self.state.get().numbers(self.leaves.parameters[slot].index),
        }
    }

    /// Copies numbers that are not in the state to a parameter.
    pub(crate) fn write(&mut self, view: &BufferView, slot: usize) {
        let data = match view.buffer {
            Buffer::Result(_) => &*self.arena,
            buffer => self.leaves.get(buffer),
        };
        let target = self.state.numbers_mut(self.leaves.parameters[slot].index);
        gather(view_in(data, 0, &view.layout), 0, target);
    }

    /// The numbers of a view.
    #[inline]
    pub(crate) fn view<'b>(&'b self, view: &'b BufferView) -> View<'b, F> {
        let data = match view.buffer {
            Buffer::Result(_) => &*self.arena,
            Buffer::Parameter(slot) => self.state.get().numbers(self.leaves.parameters[slot].index),
            buffer => self.leaves.get(buffer),
        };
        view_in(data, 0, &view.layout)
    }
}

/// The numbers of a layout in the part of a buffer that begins at `start`.
pub(crate) fn view_in<'b, T: Copy>(data: &'b [T], start: usize, layout: &'b Layout) -> View<'b, T> {
    // An empty view may begin anywhere.
    View::new(data, layout.offset.saturating_sub(start), &layout.shape, &layout.strides)
}

impl<'a, F> LeafBuffers<'a, F> {
    fn get(&self, buffer: Buffer) -> &'a [F] {
        match buffer {
            Buffer::Input(k) => &self.inputs[k].values,
            Buffer::Constant(k) => &self.constants[k],
            Buffer::Result(_) | Buffer::Parameter(_) | Buffer::Index(_) | Buffer::IndexResult(_) => {
                unreachable!("what changes is read elsewhere, and indices as indices")
            }
        }
    }
}

impl<F: Float> ReadMemory<'_, F> {
    /// The numbers of a view.
    pub(crate) fn view<'b>(&'b self, view: &'b BufferView) -> View<'b, F> {
        match view.buffer {
            Buffer::Result(_) => {
                let after = self.arena.iter().rposition(|&(start, _)| start <= view.layout.offset);
                let (start, data) = self.arena[after.unwrap_or(0)];
                view_in(data, start, &view.layout)
            }
            Buffer::Parameter(slot) => {
                view_in(self.others.slice(self.leaves.parameters[slot].index), 0, &view.layout)
            }
            buffer => view_in(self.leaves.get(buffer), 0, &view.layout),
        }
    }

    /// What a kernel gets of an operand.
    pub(crate) fn input<'b>(&'b self, operand: &'b StepOperand) -> Input<'b, F> {
        match operand {
            StepOperand::Shape(shape) => Input::Shape(shape),
            StepOperand::View(BufferView { buffer: Buffer::Index(k), layout }) => {
                Input::Index(view_in(&self.leaves.indices[*k].values, 0, layout))
            }
            StepOperand::View(BufferView { buffer: Buffer::IndexResult(k), layout }) => {
                Input::Index(view_in(&self.leaves.index_results[*k], 0, layout))
            }
            StepOperand::View(view) => Input::Real(self.view(view)),
        }
    }
}
