//! What a run has computed.

use super::compiled::Plan;
use super::step::{Buffer, BufferView};
use crate::kernel::View;
use crate::tape::{Precision, Var};
use ndarray::ArrayViewD;

/// The outputs of a run, in the plan's own buffers: valid until the next run.
#[derive(Debug, Clone, Copy)]
pub struct Outputs<'p, F: Precision> {
    plan: &'p Plan<F>,
}

impl<'p, F: Precision> Outputs<'p, F> {
    pub(crate) fn new(plan: &'p Plan<F>) -> Self {
        Self { plan }
    }

    /// The value of an output, or `None` if the plan was not compiled for it.
    pub fn get(&self, output: Var<'_>) -> Option<ArrayViewD<'p, F>> {
        Some(self.nth(self.position(output)?))
    }

    fn position(&self, output: Var<'_>) -> Option<usize> {
        let position = self.plan.outputs.iter().position(|(id, _)| *id == output.id())?;
        output.is_of(&self.plan.tape_id).then_some(position)
    }

    /// The value of the output at a position of the list that was compiled.
    ///
    /// # Panics
    ///
    /// If there are fewer outputs.
    #[track_caller]
    pub fn nth(&self, position: usize) -> ArrayViewD<'p, F> {
        match self.plan.outputs.get(position) {
            Some((_, view)) => self.view(view).array(),
            None => panic!("nth: there is no output {position}; the plan has {}", self.plan.outputs.len()),
        }
    }

    /// The numbers of the output at a position, as they lie.
    pub(crate) fn numbers(&self, position: usize) -> View<'p, F> {
        self.view(&self.plan.outputs[position].1)
    }

    fn view(&self, view: &'p BufferView) -> View<'p, F> {
        let data = match view.buffer {
            Buffer::Result(_) => &self.plan.arena[..],
            Buffer::Input(k) => &self.plan.inputs[k].values,
            Buffer::Constant(k) => &self.plan.constants[k],
            Buffer::Parameter(_) | Buffer::Index(_) => {
                unreachable!("outputs do not lie in the state, and hold real numbers")
            }
        };
        View::new(data, view.layout.offset, &view.layout.shape, &view.layout.strides)
    }

    /// The one number of an output with one element.
    ///
    /// # Panics
    ///
    /// If the plan was not compiled for it, or it has none or several elements.
    #[track_caller]
    pub fn item(&self, output: Var<'_>) -> F {
        let Some(i) = self.position(output) else {
            panic!("item: {output:?} is not among the outputs that the plan was compiled for")
        };
        let view = self.view(&self.plan.outputs[i].1);
        match view.len() {
            1 => view.tail()[0],
            _ => panic!("item: {output:?} is not one number"),
        }
    }
}
