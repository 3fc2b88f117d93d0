//! Running the steps.

use super::step::{Operand, Place, Root, Step, Target, Work};
use super::{InputSlot, Outputs, ParameterSlot, Plan};
use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::kernel::{Input, Inputs, Output, View, gather};
use crate::shape::{Layout, size, unravel};
use crate::state::{Others, State};
use crate::tape::{OPERANDS, Op, Precision, Source, run_elementwise};
use smallvec::SmallVec;
use std::sync::Arc;

impl<F: Precision> Plan<F> {
    /// Runs the plan on the inputs as they were last fed, and updates the state.
    ///
    /// Nothing is allocated but what the matrix product packs. The state is only changed once everything that could
    /// fail has been checked.
    ///
    /// # Errors
    ///
    /// [`Error::NoValue`] if an input was never fed, [`Error::Unknown`] or [`Error::StateShape`] if the state lacks a
    /// parameter or has it in another shape, [`Error::NotFinite`] if that was asked for and an input holds NaN or an
    /// infinity.
    pub fn run(&mut self, state: &mut State<F>) -> Result<Outputs<'_, F>> {
        self.execute(state, None)?;
        Ok(Outputs::new(self))
    }

    /// As [`run`](Self::run), showing what each step reads before it runs, and afterwards what it has written.
    pub(crate) fn show(&mut self, state: &mut State<F>, look: &mut dyn FnMut(Seen<'_, F>)) -> Result<()> {
        self.execute(state, Some(&mut Show(look)))
    }

    /// As [`run`](Self::run), with somebody who attends to every step.
    pub(super) fn execute(
        &mut self,
        state: &mut State<F>,
        mut attendant: Option<&mut dyn Attend<F>>,
    ) -> Result<()> {
        self.inputs.iter().try_for_each(InputSlot::check_fed)?;
        self.indices.iter().try_for_each(InputSlot::check_fed)?;
        if self.options.check_finite {
            self.inputs.iter().try_for_each(InputSlot::check_finite)?;
        }
        for slot in &mut self.parameters {
            slot.place = state.find("run", slot.place, &slot.name, &slot.shape)?;
        }
        let Self {
            ops, steps, writes, inputs, indices, parameters, constants, arena, scratch, options, ..
        } = self;
        for (i, step) in steps.iter().enumerate() {
            let y_len = size(&step.shape);
            let (target, below, above, others) = match step.target {
                Target::Arena(start) => {
                    let (below, rest) = arena.split_at_mut(start);
                    let (target, above) = rest.split_at_mut(y_len);
                    (target, &*below, &*above, state.all())
                }
                Target::State(slot) => {
                    let (target, others) = state.split(parameters[slot].place);
                    (target, &arena[..], &[][..], others)
                }
            };
            let memory = Memory {
                below,
                above,
                above_start: below.len() + y_len,
                others,
                inputs,
                indices,
                parameters,
                constants,
            };
            if let Some(attendant) = &mut attendant {
                if attendant.before(i, step, &memory, target) {
                    memory.run(step, ops, target, options.threads, scratch);
                    attendant.after(i, step, target);
                }
            } else {
                memory.run(step, ops, target, options.threads, scratch);
            }
        }
        for (place, slot) in &*writes {
            let (target, others) = state.split(parameters[*slot].place);
            let memory = Memory {
                below: arena,
                above: &[],
                above_start: arena.len(),
                others,
                inputs,
                indices,
                parameters,
                constants,
            };
            gather(memory.view(place), 0, target);
        }
        Ok(())
    }
}

/// Somebody who attends to the steps of a run.
pub(super) trait Attend<F> {
    /// Before a step; whether it is to be run.
    fn before(&mut self, i: usize, step: &Step, memory: &Memory<'_, F>, target: &mut [F]) -> bool;

    /// After a step that was run.
    fn after(&mut self, i: usize, step: &Step, target: &[F]);
}

/// Shows every step.
struct Show<'l, F>(&'l mut dyn FnMut(Seen<'_, F>));

impl<F: Precision> Attend<F> for Show<'_, F> {
    fn before(&mut self, _: usize, step: &Step, memory: &Memory<'_, F>, target: &mut [F]) -> bool {
        memory.show(step, target, self.0);
        true
    }

    fn after(&mut self, _: usize, step: &Step, target: &[F]) {
        (self.0)(Seen::Written { node: step.node, numbers: target });
    }
}

/// What a step of a run does, as it is shown.
pub(crate) enum Seen<'a, F> {
    /// The step that computes `by` is about to read `node`.
    Read { by: NodeId, node: NodeId, numbers: View<'a, F> },
    /// A step has computed `node`.
    Written { node: NodeId, numbers: &'a [F] },
}

/// Everything a step may read, while its target is written.
pub(super) struct Memory<'a, F> {
    /// The arena before and after the target.
    below: &'a [F],
    above: &'a [F],
    above_start: usize,
    others: Others<'a, F>,
    inputs: &'a [InputSlot<F>],
    indices: &'a [InputSlot<usize>],
    parameters: &'a [ParameterSlot],
    constants: &'a [Vec<F>],
}

impl<'a, F: Precision> Memory<'a, F> {
    fn view<'b>(&self, place: &'b Place) -> View<'b, F>
    where
        'a: 'b,
    {
        let Place { root, layout } = place;
        let (data, offset) = match *root {
            Root::Arena(_) if layout.offset < self.below.len() => (self.below, layout.offset),
            Root::Arena(_) => (self.above, layout.offset.saturating_sub(self.above_start)),
            Root::Input(k) => (&self.inputs[k].values[..], layout.offset),
            Root::Constant(k) => (&self.constants[k][..], layout.offset),
            Root::State(k) => (self.others.slice(self.parameters[k].place), layout.offset),
            Root::Index(_) => unreachable!("indices are read as indices"),
        };
        View::new(data, offset, &layout.shape, &layout.strides)
    }

    fn input<'b>(&self, operand: &'b Operand) -> Input<'b, F>
    where
        'a: 'b,
    {
        match operand {
            Operand::Shape(shape) => Input::Shape(shape),
            Operand::Place(Place { root: Root::Index(k), layout }) => Input::Index(View::new(
                &self.indices[*k].values,
                layout.offset,
                &layout.shape,
                &layout.strides,
            )),
            Operand::Place(place) => Input::Real(self.view(place)),
            Operand::InPlace => unreachable!("kernels do not read their target"),
        }
    }

    fn show(&self, step: &Step, target: &[F], look: &mut dyn FnMut(Seen<'_, F>)) {
        let whole = Layout::contiguous(&step.shape);
        for (operand, &node) in step.operands.iter().zip(&step.reads) {
            let numbers = match operand {
                Operand::Shape(_) | Operand::Place(Place { root: Root::Index(_), .. }) => continue,
                Operand::Place(place) => self.view(place),
                Operand::InPlace => View::new(target, 0, &whole.shape, &whole.strides),
            };
            look(Seen::Read { by: step.node, node, numbers });
        }
    }

    fn run(&self, step: &Step, ops: &[Arc<dyn Op>], y: &mut [F], threads: usize, scratch: &mut Vec<F>) {
        match &step.work {
            Work::Kernel(op) => {
                // Pushed where they stay: collecting would move them.
                let mut inputs: SmallVec<[Input<'_, F>; OPERANDS]> = SmallVec::new();
                step.operands.iter().for_each(|operand| inputs.push(self.input(operand)));
                let output = Output { data: y, shape: &step.shape, threads };
                F::kernel(&*ops[*op]).run(Inputs::new(&inputs), output);
            }
            Work::Elementwise(program) => {
                let source = |operand| match operand {
                    &Operand::InPlace => Source::InPlace,
                    Operand::Place(place) => Source::View(self.view(place)),
                    Operand::Shape(_) => unreachable!("elementwise ops read all operands"),
                };
                let mut sources: SmallVec<[Source<'_, F>; OPERANDS]> = SmallVec::new();
                step.operands.iter().for_each(|operand| sources.push(source(operand)));
                run_elementwise(ops, program, &sources, y, scratch);
            }
            Work::Copy => {
                for place in step.places() {
                    gather(self.view(place), 0, y);
                }
            }
        }
    }
}

impl<T> InputSlot<T> {
    fn check_fed(&self) -> Result<()> {
        if self.fed {
            return Ok(());
        }
        Err(Error::NoValue {
            what: "run",
            leaf: format!("input `{}` {:?}", self.name, &self.shape[..]),
            remedy: "feed it with `plan.feed(var, &array)`, or write to `plan.input_mut(var)`, before the first run".to_owned(),
            location: self.location.clone(),
        })
    }
}

impl<F: Precision> InputSlot<F> {
    fn check_finite(&self) -> Result<()> {
        let Some(at) = self.values.iter().position(|x| !x.is_finite()) else { return Ok(()) };
        Err(Error::NotFinite {
            what: "run",
            node: format!("input `{}` {:?}", self.name, &self.shape[..]),
            value: self.values[at].to_string(),
            index: unravel(at, &self.shape),
            location: self.location.clone(),
        })
    }
}
