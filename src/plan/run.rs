//! Running the steps.

use super::finite::Finite;
use super::refusal::{Asked, Refusals};
use super::space::{Leaves, Space};
use super::step::{Indices, Operand, Place, Root, Step, Work};
use super::{InputSlot, Outputs, Plan, PlanOptions, parallel};
use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::kernel::{Input, Inputs, View, copy, gather};
use crate::state::State;
use crate::tape::{Memory, Op, Precision, call};
use smallvec::SmallVec;
use std::sync::Arc;

impl<F: Precision> Plan<F> {
    /// Runs the plan on the inputs as they were last fed, and updates the state.
    ///
    /// Nothing is allocated but what the matrix product packs. Updates take effect together: where the run ends with an
    /// error, or an op of a user panics, the state is as it was before, and the plan can be run again.
    ///
    /// # Errors
    ///
    /// [`Error::NoValue`] if an input was never fed, [`Error::Unknown`] or [`Error::StateShape`] if the state lacks a
    /// parameter or has it in another shape, [`Error::Refused`] if an op refuses its operands, such as a label past the last
    /// class, [`Error::NotFinite`] if that was [asked for](PlanOptions::check_finite) and something is NaN or infinite.
    ///
    /// # Panics
    ///
    /// If an op of a user does.
    pub fn run(&mut self, state: &mut State<F>) -> Result<Outputs<'_, F>> {
        self.prepare(state)?;
        if self.options.threads > 1 && self.steps.iter().any(|step| step.long) {
            let (vigil, mut done) = (self.vigil.clone(), Ok(()));
            vigil.over(self.options.threads - 1, || done = self.steps_of_a_run(state));
            done?;
        } else {
            self.steps_of_a_run(state)?;
        }
        Ok(Outputs::new(self))
    }

    fn steps_of_a_run(&mut self, state: &mut State<F>) -> Result<()> {
        match &self.graph {
            Some(graph) if self.options.check_finite => {
                let mut finite = Finite(graph.clone());
                self.execute(state, Some(&mut finite))
            }
            _ => self.execute(state, None),
        }
    }

    /// As [`run`](Self::run), showing what each step reads before it runs, and afterwards what it has written.
    pub(crate) fn show(&mut self, state: &mut State<F>, look: &mut dyn FnMut(Seen<'_, F>)) -> Result<()> {
        self.attended(state, &mut Show(look))
    }

    /// As [`run`](Self::run), with somebody who attends to every step.
    pub(super) fn attended(&mut self, state: &mut State<F>, attendant: &mut dyn Attend<F>) -> Result<()> {
        self.prepare(state)?;
        self.execute(state, Some(attendant))
    }

    /// Checks everything that can be wrong with the inputs and the state.
    fn prepare(&mut self, state: &State<F>) -> Result<()> {
        self.inputs.iter().try_for_each(InputSlot::check_fed)?;
        self.indices.iter().try_for_each(InputSlot::check_fed)?;
        if self.options.check_finite {
            self.check_inputs()?;
        }
        for slot in &mut self.parameters {
            slot.place = state.find("run", slot.place, &slot.name, &slot.shape)?;
        }
        if self.options.check_finite {
            self.check_parameters(state)?;
        }
        self.check_indices()
    }

    /// Runs the steps, and updates the state at the end; where a step ends the run, by an error or a panic, none of the
    /// updates that came before it was written to the state.
    fn execute(&mut self, state: &mut State<F>, mut attendant: Option<&mut dyn Attend<F>>) -> Result<()> {
        let Self {
            ops,
            steps,
            writes,
            inputs,
            indices,
            parameters,
            constants,
            index_results,
            arena,
            scratch,
            options,
            graph,
            ..
        } = self;
        let refusals = Refusals::default();
        for (i, step) in steps.iter().enumerate() {
            // Indices that are written are taken out while others are read.
            let mut own =
                step.indices().map(|x| std::mem::take(&mut index_results[x.place])).unwrap_or_default();
            let leaves = Leaves { inputs, indices, index_results, constants, parameters };
            let mut space = Space { arena: &mut *arena, state: &mut *state, leaves, refusals: &refusals };
            if attendant.as_mut().is_none_or(|attendant| attendant.before(i, step, &mut space)) {
                match step.indices() {
                    Some(indices) => step.run_indices(indices, ops, &mut space, &mut own, scratch),
                    None => step.run(ops, &mut space, options, scratch),
                }
                if let Some(indices) = step.indices() {
                    index_results[indices.place] = std::mem::take(&mut own);
                }
                if step.asked == Asked::Running {
                    refusals.none(graph)?;
                }
                if let Some(attendant) = &mut attendant {
                    let leaves = Leaves { inputs, indices, index_results, constants, parameters };
                    let space = Space { arena: &mut *arena, state: &mut *state, leaves, refusals: &refusals };
                    attendant.after(i, step, &space)?;
                }
            }
        }
        let leaves = Leaves { inputs, indices, index_results, constants, parameters };
        let mut space = Space { arena, state, leaves, refusals: &refusals };
        writes.iter().for_each(|(place, slot)| space.write(place, *slot));
        Ok(())
    }
}

impl Step {
    fn run<F: Precision>(
        &self,
        ops: &[Arc<dyn Op>],
        space: &mut Space<'_, F>,
        options: &PlanOptions,
        scratch: &mut [F],
    ) {
        if self.long && parallel::parts(self, options.threads) > 1 {
            return parallel::run(self, ops, space, options, scratch);
        }
        match &self.work {
            Work::Kernel(_) => drop(self.run_kernel(ops, space, options, scratch)),
            Work::Fused(_, program) => {
                if !self.run_kernel(ops, space, options, scratch) {
                    return;
                }
                let mut blocks = Blocks { step: self, space };
                program.run(ops, &mut blocks, 0..self.len(), scratch);
            }
            Work::Program(program) => {
                program.run(ops, &mut Blocks { step: self, space }, 0..self.len(), scratch);
            }
            Work::Indices(_) => unreachable!("indices are written with a buffer of their own"),
            Work::Copy => {
                let (mut lent, reader) = space.lend(self.len(), self.outputs.iter());
                self.places().for_each(|place| gather(reader.view(place), 0, lent[0]));
            }
        }
    }

    /// Runs its kernel, if it has one; whether that takes its operands.
    pub(super) fn run_kernel<F: Precision>(
        &self,
        ops: &[Arc<dyn Op>],
        space: &mut Space<'_, F>,
        options: &PlanOptions,
        scratch: &mut [F],
    ) -> bool {
        let Some((op, output, operands)) = self.kernel() else { return true };
        let (mut lent, reader) = space.lend(self.len(), std::iter::once(output));
        // Pushed where they stay: collecting would move them.
        let mut inputs: SmallVec<[Input<'_, F>; 8]> = SmallVec::new();
        self.operands[..operands].iter().for_each(|operand| inputs.push(reader.input(operand)));
        let y = crate::kernel::Output {
            threads: options.threads,
            scratch: &mut scratch[..self.workspace],
            ..crate::kernel::Output::new(lent[0], &self.shape)
        };
        self.call(&*ops[op], Inputs::new(&inputs), y, |problem| reader.refusals.put(0, output.node, problem))
    }

    /// Runs its kernel, which computes indices, to a buffer that is none of the space's.
    fn run_indices<F: Precision>(
        &self,
        indices: &Indices,
        ops: &[Arc<dyn Op>],
        space: &mut Space<'_, F>,
        own: &mut Vec<usize>,
        scratch: &mut [F],
    ) {
        // Empty where a run ended by a panic.
        own.resize(self.len(), 0);
        let (_, reader) = space.lend(0, std::iter::empty());
        let mut inputs: SmallVec<[Input<'_, F>; 8]> = SmallVec::new();
        self.operands.iter().for_each(|operand| inputs.push(reader.input(operand)));
        let y = crate::kernel::Output {
            scratch: &mut scratch[..self.workspace],
            ..crate::kernel::Output::of_indices(own, &self.shape)
        };
        let refuse = |problem| reader.refusals.put(0, indices.node, problem);
        self.call(&*ops[indices.op], Inputs::new(&inputs), y, refuse);
    }

    /// Runs the kernel of an op of this step; whether that takes its operands.
    pub(super) fn call<F: Precision>(
        &self,
        op: &dyn Op,
        x: Inputs<'_, '_, F>,
        y: crate::kernel::Output<'_, F>,
        refuse: impl FnOnce(String),
    ) -> bool {
        if self.asked == Asked::Running {
            return call(op, x, y).map_err(refuse).is_ok();
        }
        F::kernel(op).run(x, y);
        true
    }
}

/// The operands and results of a step's program.
struct Blocks<'b, 'a, F> {
    step: &'b Step,
    space: &'b mut Space<'a, F>,
}

impl<F: Precision> Memory<F> for Blocks<'_, '_, F> {
    #[inline]
    fn load(&self, operand: usize, start: usize, to: &mut [F]) {
        gather(self.space.view(self.step.read_by_program(operand)), start, to);
    }

    #[inline]
    fn slice(&self, operand: usize, start: usize, count: usize) -> &[F] {
        &self.space.view(self.step.read_by_program(operand)).tail()[start..start + count]
    }

    #[inline]
    fn store(&mut self, output: usize, start: usize, from: &[F]) {
        let target = self.space.target_mut(self.step.outputs[output].target, self.step.len());
        copy(from, &mut target[start..start + from.len()]);
    }

    fn refuse(&mut self, node: NodeId, start: usize, problem: String) {
        self.space.refusals.put(start, node, problem);
    }
}

/// Somebody who attends to the steps of a run.
pub(super) trait Attend<F> {
    /// Before a step; whether it is to be run.
    fn before(&mut self, i: usize, step: &Step, space: &mut Space<'_, F>) -> bool;

    /// After a step that was run; an error ends the run.
    fn after(&mut self, i: usize, step: &Step, space: &Space<'_, F>) -> Result<()>;
}

/// Shows every step.
struct Show<'l, F>(&'l mut dyn FnMut(Seen<'_, F>));

impl<F: Precision> Attend<F> for Show<'_, F> {
    fn before(&mut self, _: usize, step: &Step, space: &mut Space<'_, F>) -> bool {
        for (i, (operand, &node)) in step.operands.iter().zip(&step.reads).enumerate() {
            let by = step.head().filter(|head| i < head.operands).map_or(step.node(), |h| h.output.node);
            match operand {
                Operand::Shape(_)
                | Operand::Place(Place { root: Root::Index(_) | Root::IndexResult(_), .. }) => {}
                Operand::Place(place) if step.is_own(place.root) => {}
                Operand::Place(place) => {
                    (self.0)(Seen::Read { by, node, numbers: space.view(place) });
                }
            }
        }
        true
    }

    fn after(&mut self, _: usize, step: &Step, space: &Space<'_, F>) -> Result<()> {
        for output in &step.outputs {
            (self.0)(Seen::Written { node: output.node, numbers: space.target(output.target, step.len()) });
        }
        Ok(())
    }
}

/// What a step of a run does, as it is shown.
pub(crate) enum Seen<'a, F> {
    /// The step that computes `by` is about to read `node`.
    Read { by: NodeId, node: NodeId, numbers: View<'a, F> },
    /// A step has computed `node`.
    Written { node: NodeId, numbers: &'a [F] },
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
