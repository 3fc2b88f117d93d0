//! What is checked before the first step of a run.

use super::finite;
use super::memory::view_in;
use super::refusal::refused;
use crate::base::state::State;
use crate::error::{Error, Result};
use crate::kernel::{Input, Inputs};
use crate::plan::compiled::Plan;
use crate::plan::slots::{InputSlot, ParameterSlot};
use crate::plan::step::{Buffer, BufferView, StepOperand};
use crate::tape::Precision;
use smallvec::SmallVec;

impl<F: Precision> Plan<F> {
    /// Checks everything that can be wrong with the inputs and the state, and finds the parameters in the state.
    pub(crate) fn prepare(&mut self, state: &State<F>) -> Result<()> {
        self.inputs.iter().try_for_each(check_fed)?;
        self.indices.iter().try_for_each(check_fed)?;
        if self.options.check_finite {
            self.inputs.iter().try_for_each(|InputSlot { name, shape, location, values, .. }| {
                let described = || (format!("input `{name}` {:?}", &shape[..]), location.clone());
                finite::check(values, shape, described)
            })?;
        }
        for slot in &mut self.parameters {
            slot.index = state.find("run", slot.index, &slot.name, &slot.shape)?;
        }
        if self.options.check_finite {
            self.parameters.iter().filter(|slot| slot.read).try_for_each(|slot| {
                let ParameterSlot { name, shape, location, index, .. } = slot;
                let described =
                    || (format!("parameter `{name}` {:?} in the state", &shape[..]), location.clone());
                finite::check(state.numbers(*index), shape, described)
            })?;
        }
        self.check_indices()
    }

    /// Asks the built-in ops that read indices.
    fn check_indices(&self) -> Result<()> {
        self.checked_before.iter().try_for_each(|&i| {
            let step = &self.steps[i];
            let of_indices = step.index_kernel().map(|kernel| (kernel.op, kernel.node, step.operands.len()));
            let of_numbers = step.kernel().map(|(op, output, operands)| (op, output.node, operands));
            let Some((op, node, operands)) = of_indices.or(of_numbers) else { return Ok(()) };
            let inputs: SmallVec<[Input<'_, F>; 8]> = step.operands[..operands]
                .iter()
                .map(|operand| match operand {
                    StepOperand::Shape(shape) => Input::Shape(shape),
                    StepOperand::View(BufferView { buffer: Buffer::Index(k), layout }) => {
                        Input::Index(view_in(&self.indices[*k].values, 0, layout))
                    }
                    // Indices that are computed are not there yet: steps that read them are asked as they run.
                    StepOperand::View(view) => Input::Shape(&view.layout.shape),
                })
                .collect();
            let answer = F::kernel(&*self.ops[op]).check(Inputs::new(&inputs));
            answer.map_err(|problem| refused(&self.graph, node, problem))
        })
    }
}

/// That an input was fed.
fn check_fed<T>(slot: &InputSlot<T>) -> Result<()> {
    if slot.fed {
        return Ok(());
    }
    Err(Error::NoValue {
        what: "run",
        leaf: format!("input `{}` {:?}", slot.name, &slot.shape[..]),
        remedy:
            "feed it with `plan.feed(var, &array)`, or write to `plan.input_mut(var)`, before the first run"
                .to_owned(),
        location: slot.location.clone(),
    })
}
