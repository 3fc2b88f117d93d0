//! Running the steps of a plan.

use super::finite::FiniteHook;
use super::hook::{Seen, ShowHook, StepHook};
use super::memory::{LeafBuffers, RunMemory};
use super::refusal::Refusals;
use crate::base::state::{RunState, State};
use crate::error::{Error, Result, first_of};
use crate::plan::compiled::Plan;
use crate::plan::instances::instance;
use crate::plan::outputs::Outputs;
use crate::plan::step::OperandCheck;
use crate::tape::Precision;

impl<F: Precision> Plan<F> {
    /// Runs the plan on the inputs as they were last fed, and updates the state.
    ///
    /// Nothing is allocated but what the matrix product packs. Updates take effect together: where the run ends with an
    /// error, or an op of a user panics, the state is as it was before, and the plan can be run again.
    ///
    /// # Errors
    ///
    /// [`Error::NoValue`](crate::Error::NoValue) if an input was never fed, [`Error::Unknown`](crate::Error::Unknown) or
    /// [`Error::StateShape`](crate::Error::StateShape) if the state lacks a parameter or has it in another shape,
    /// [`Error::Refused`](crate::Error::Refused) if an op refuses its operands, such as a label past the last class,
    /// [`Error::NotFinite`](crate::Error::NotFinite) if that was [asked for](crate::PlanOptions::check_finite) and something
    /// is NaN or infinite.
    ///
    /// # Panics
    ///
    /// If an op of a user does.
    pub fn run(&mut self, state: &mut State<F>) -> Result<Outputs<'_, F>> {
        (instance::<F>().run)(self, RunState::Written(state))?;
        Ok(Outputs::new(self))
    }

    /// Runs a plan without updates on a state that is only read, so that several threads can share it: each has a clone of the
    /// plan, which shares its steps and constants and has its own inputs and results.
    ///
    /// ```
    /// # use chainrule::{Plan, State, Tape};
    /// let tape = Tape::new();
    /// let (x, w) = (tape.input("x", [2]), tape.parameter("w", [2]));
    /// let plan = Plan::<f32>::compile([(x * w).sum().named("y")], [])?;
    /// let state: State<f32> = [("w", ndarray::arr1(&[3.0, 4.0]))].into_iter().collect();
    ///
    /// let answers: Vec<f32> = std::thread::scope(|scope| {
    ///     let threads: Vec<_> = (0..3)
    ///         .map(|k| {
    ///             let (mut plan, state) = (plan.clone(), &state);
    ///             scope.spawn(move || {
    ///                 plan.feed("x", [k as f32, 1.0])?;
    ///                 plan.infer(state).map(|outputs| outputs.item("y"))
    ///             })
    ///         })
    ///         .collect();
    ///     threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect::<Result<_, _>>()
    /// })?;
    /// assert_eq!(answers, [4.0, 7.0, 10.0]);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) if the plan has updates, which names them; else as [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    pub fn infer(&mut self, state: &State<F>) -> Result<Outputs<'_, F>> {
        let mut updated = self.parameters.iter().filter(|slot| slot.updated).peekable();
        if updated.peek().is_some() {
            let names = first_of(updated.map(|slot| format!("`{}`", slot.name)));
            let problem = format!(
                "the plan updates {names}, and a state that is shared is not written: use `run`, or compile the outputs without updates"
            );
            return Err(Error::Argument { what: "infer", problem });
        }
        (instance::<F>().run)(self, RunState::Read(state))?;
        Ok(Outputs::new(self))
    }

    /// A run, in as many threads as were asked for.
    pub(crate) fn run_all(&mut self, state: RunState<'_, F>) -> Result<()> {
        self.prepare(state.get())?;
        if self.uses_threads {
            self.pool.clone().run(self.options.threads, || self.run_steps(state))
        } else {
            self.run_steps(state)
        }
    }

    /// Calls `f` with the plan in a thread of the pool that computes its long steps, where a run need not be handed over to
    /// another thread. With one thread, calls it here.
    ///
    /// For loops of short runs:
    ///
    /// ```
    /// # use chainrule::{Plan, PlanOptions, State, Tape};
    /// let tape = Tape::new();
    /// let w = tape.parameter("w", [64, 64]);
    /// let options = PlanOptions::default().threads(2);
    /// let mut step = Plan::<f32>::compile_with([], [(w, 0.5 * w)], options)?;
    /// let mut state = State::new();
    /// state.insert("w", ndarray::Array::from_elem((64, 64), 8.0));
    /// step.in_pool(|step| (0..3).try_for_each(|_| step.run(&mut state).map(drop)))?;
    /// assert_eq!(state.get("w").unwrap()[[0, 0]], 1.0);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn in_pool<R: Send>(&mut self, f: impl FnOnce(&mut Self) -> R + Send) -> R {
        match self.options.threads {
            1 => f(self),
            threads => self.pool.clone().enter(threads, || f(self)),
        }
    }

    fn run_steps(&mut self, state: RunState<'_, F>) -> Result<()> {
        match &self.graph {
            Some(graph) if self.options.check_finite => {
                let mut finite = FiniteHook(graph.clone());
                self.execute(state, Some(&mut finite))
            }
            _ => self.execute(state, None),
        }
    }

    /// As [`run`](Self::run), showing what each step reads before it runs, and afterwards what it has written.
    pub(crate) fn show(&mut self, state: &mut State<F>, look: &mut dyn FnMut(Seen<'_, F>)) -> Result<()> {
        self.run_hooked(state, &mut ShowHook(look))
    }

    /// As [`run`](Self::run), with a hook around every step.
    pub(crate) fn run_hooked(&mut self, state: &mut State<F>, hook: &mut dyn StepHook<F>) -> Result<()> {
        self.prepare(state)?;
        self.execute(RunState::Written(state), Some(hook))
    }

    /// Runs the steps, and writes the other updates at the end. Where a step ends the run, by an error or a panic, no update
    /// was written to the state.
    fn execute(&mut self, mut state: RunState<'_, F>, mut hook: Option<&mut dyn StepHook<F>>) -> Result<()> {
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
        // Made anew around kernels that write indices, since all indices may be read meanwhile.
        macro_rules! memory {
            () => {
                RunMemory {
                    arena: &mut *arena,
                    state: state.reborrow(),
                    leaves: LeafBuffers { inputs, indices, index_results, constants, parameters },
                    refusals: &refusals,
                }
            };
        }
        let mut memory = memory!();
        for (i, step) in steps.iter().enumerate() {
            let mut written = None;
            if let Some(kernel) = step.index_kernel() {
                written = Some((kernel, std::mem::take(&mut index_results[kernel.buffer])));
                memory = memory!();
            }
            let runs = hook.as_mut().is_none_or(|hook| hook.before(i, step, &mut memory));
            match &mut written {
                _ if !runs => {}
                Some((kernel, buffer)) => {
                    step.run_index_kernel(kernel, ops, &mut memory, buffer, options, scratch)
                }
                None => step.run(ops, &mut memory, options, scratch),
            }
            if let Some((kernel, buffer)) = written {
                index_results[kernel.buffer] = buffer;
                memory = memory!();
            }
            if !runs {
                continue;
            }
            if step.check == OperandCheck::WhileRunning {
                refusals.none(graph)?;
            }
            if let Some(hook) = &mut hook {
                hook.after(i, step, &memory)?;
            }
        }
        writes.iter().for_each(|(view, slot)| memory.write(view, *slot));
        Ok(())
    }
}
