//! The memory of a run: what steps read, and the parts of it that they are lent to write.

use super::refusal::Refusals;
use crate::Float;
use crate::kernel::{Input, View, gather};
use crate::plan::step::{Operand, Output, Place, Root, Target};
use crate::plan::{InputSlot, ParameterSlot};
use crate::shape::Layout;
use crate::state::{Others, State};
use smallvec::SmallVec;

/// Everything that a run reads and writes.
pub(crate) struct Space<'a, F> {
    pub(crate) arena: &'a mut [F],
    pub(crate) state: &'a mut State<F>,
    pub(crate) leaves: Leaves<'a, F>,
    pub(crate) refusals: &'a Refusals,
}

/// What no step writes.
pub(crate) struct Leaves<'a, F> {
    pub(crate) inputs: &'a [InputSlot<F>],
    pub(crate) indices: &'a [InputSlot<usize>],
    pub(crate) constants: &'a [Vec<F>],
    pub(crate) parameters: &'a [ParameterSlot],
}

impl<F> Clone for Leaves<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Leaves<'_, F> {}

/// Parts of the memory that are lent to be written.
pub(crate) type Lent<'a, F> = SmallVec<[&'a mut [F]; 4]>;

/// Everything that may be read while parts are lent.
pub(crate) struct Reader<'a, F> {
    /// Stretches of the arena between the parts that are lent, each with its start.
    arena: SmallVec<[(usize, &'a [F]); 3]>,
    others: Others<'a, F>,
    leaves: Leaves<'a, F>,
    pub(crate) refusals: &'a Refusals,
}

impl<F: Float> Space<'_, F> {
    /// Lends what some results of `len` elements are written to, in their order.
    pub(crate) fn lend<'o>(
        &mut self,
        len: usize,
        outputs: impl Iterator<Item = &'o Output> + Clone,
    ) -> (Lent<'_, F>, Reader<'_, F>) {
        let parameters = self.leaves.parameters;
        let mut lent: Lent<'_, F> = outputs.clone().map(|_| &mut [][..]).collect();
        let mut stretches: SmallVec<[(usize, usize); 4]> = SmallVec::new();
        let mut places: SmallVec<[(usize, usize); 4]> = SmallVec::new();
        for (k, output) in outputs.enumerate() {
            match output.target {
                Target::Arena(start) => stretches.push((start, k)),
                Target::State(slot) => places.push((parameters[slot].place, k)),
            }
        }
        stretches.sort_unstable();
        places.sort_unstable();
        let mut arena = SmallVec::new();
        let (mut rest, mut at) = (&mut *self.arena, 0);
        for (start, k) in stretches {
            let (gap, after) = rest.split_at_mut(start - at);
            let (own, after) = after.split_at_mut(len);
            arena.push((at, &*gap));
            lent[k] = own;
            (rest, at) = (after, start + len);
        }
        arena.push((at, &*rest));
        let others = self.state.lend(&places, &mut lent);
        (lent, Reader { arena, others, leaves: self.leaves, refusals: self.refusals })
    }

    /// The numbers at a target.
    #[inline]
    pub(crate) fn target_mut(&mut self, target: Target, len: usize) -> &mut [F] {
        match target {
            Target::Arena(start) => &mut self.arena[start..start + len],
            Target::State(slot) => self.state.numbers_mut(self.leaves.parameters[slot].place),
        }
    }

    /// As [`target_mut`](Self::target_mut), to be read.
    pub(crate) fn target(&self, target: Target, len: usize) -> &[F] {
        match target {
            Target::Arena(start) => &self.arena[start..start + len],
            Target::State(slot) => self.state.numbers(self.leaves.parameters[slot].place),
        }
    }

    /// Copies the numbers of a place that is not in the state to a parameter.
    pub(crate) fn write(&mut self, place: &Place, slot: usize) {
        let data = match place.root {
            Root::Arena(_) => &*self.arena,
            root => self.leaves.get(root),
        };
        let target = self.state.numbers_mut(self.leaves.parameters[slot].place);
        gather(view(data, 0, &place.layout), 0, target);
    }

    /// The numbers of a place.
    #[inline]
    pub(crate) fn view<'b>(&'b self, place: &'b Place) -> View<'b, F> {
        let data = match place.root {
            Root::Arena(_) => &*self.arena,
            Root::State(slot) => self.state.numbers(self.leaves.parameters[slot].place),
            root => self.leaves.get(root),
        };
        view(data, 0, &place.layout)
    }
}

/// The numbers of a layout in a buffer that begins at the place `start`.
pub(crate) fn view<'b, T: Copy>(data: &'b [T], start: usize, layout: &'b Layout) -> View<'b, T> {
    // An empty part of the arena may begin anywhere.
    View::new(data, layout.offset.saturating_sub(start), &layout.shape, &layout.strides)
}

impl<'a, F> Leaves<'a, F> {
    fn get(&self, root: Root) -> &'a [F] {
        match root {
            Root::Input(k) => &self.inputs[k].values,
            Root::Constant(k) => &self.constants[k],
            Root::Arena(_) | Root::State(_) | Root::Index(_) => {
                unreachable!("what changes is read elsewhere, and indices as indices")
            }
        }
    }
}

impl<F: Float> Reader<'_, F> {
    /// The numbers of a place.
    pub(crate) fn view<'b>(&'b self, place: &'b Place) -> View<'b, F> {
        match place.root {
            Root::Arena(_) => {
                let after = self.arena.iter().rposition(|&(start, _)| start <= place.layout.offset);
                let (start, data) = self.arena[after.unwrap_or(0)];
                view(data, start, &place.layout)
            }
            Root::State(slot) => {
                view(self.others.slice(self.leaves.parameters[slot].place), 0, &place.layout)
            }
            root => view(self.leaves.get(root), 0, &place.layout),
        }
    }

    /// What a kernel gets of an operand.
    pub(crate) fn input<'b>(&'b self, operand: &'b Operand) -> Input<'b, F> {
        match operand {
            Operand::Shape(shape) => Input::Shape(shape),
            Operand::Place(Place { root: Root::Index(k), layout }) => {
                Input::Index(view(&self.leaves.indices[*k].values, 0, layout))
            }
            Operand::Place(place) => Input::Real(self.view(place)),
        }
    }
}
