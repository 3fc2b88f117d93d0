//! What a run has computed.

use super::compiled::Plan;
use super::find::Key;
use super::step::{Buffer, BufferView};
use crate::base::shape::Layout;
use crate::kernel::View;
use crate::tape::Precision;
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

    /// The value of an output of real numbers, found by its var or by its [name](crate::Var::named); `None` if the plan was not
    /// compiled for it, or for several of this name.
    ///
    /// ```
    /// # use chainrule::{Plan, State, Tape};
    /// let tape = Tape::new();
    /// let x = tape.leaf("x", [3.0, 4.0]);
    /// let mut plan = Plan::<f64>::compile([x.square().sum().named("loss")], [])?;
    /// let mut state = State::new();
    /// let outputs = plan.run(&mut state)?;
    /// assert_eq!(outputs.item("loss"), 25.0);
    /// assert!(outputs.get("lost").is_none());
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn get<'k>(&self, output: impl Into<Key<'k>>) -> Option<ArrayViewD<'p, F>> {
        let position = self.position(output.into())?;
        (!self.holds_indices(position)).then(|| self.nth(position))
    }

    /// The value of an output of indices, or `None` if the plan was not compiled for it.
    ///
    /// ```
    /// # use chainrule::{Plan, State, Tape};
    /// let tape = Tape::new();
    /// let x = tape.leaf("x", ndarray::arr1(&[0.5, 2.0, 1.0]));
    /// let greatest = x.argmax(0);
    /// let mut plan = Plan::<f32>::compile([greatest], [])?;
    /// assert_eq!(plan.run(&mut State::new())?.indices(greatest), Some(ndarray::arr0(1).into_dyn().view()));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn indices<'k>(&self, output: impl Into<Key<'k>>) -> Option<ArrayViewD<'p, usize>> {
        let (_, view) = &self.plan.outputs[self.position(output.into())?];
        let indices = match view.buffer {
            Buffer::Index(k) => &self.plan.indices[k].values,
            Buffer::IndexResult(k) => &self.plan.index_results[k],
            _ => return None,
        };
        let Layout { shape, strides, offset } = &view.layout;
        Some(View::new(indices, *offset, shape, strides).array())
    }

    fn holds_indices(&self, position: usize) -> bool {
        matches!(self.plan.outputs[position].1.buffer, Buffer::Index(_) | Buffer::IndexResult(_))
    }

    fn position(&self, output: Key<'_>) -> Option<usize> {
        let Plan { outputs, output_names, tape_id, .. } = self.plan;
        match output {
            Key::Var(output) => {
                let position = outputs.iter().position(|(id, _)| *id == output.id())?;
                output.is_of(tape_id).then_some(position)
            }
            Key::Name(name) => {
                let mut named =
                    output_names.iter().enumerate().filter(|(_, own)| own.as_deref() == Some(name));
                let (position, _) = named.next()?;
                named.all(|(i, _)| outputs[i].0 == outputs[position].0).then_some(position)
            }
        }
    }

    /// The value of the output at a position of the list that was compiled.
    ///
    /// # Panics
    ///
    /// If there are fewer outputs, or this one holds [indices](Self::indices).
    #[track_caller]
    pub fn nth(&self, position: usize) -> ArrayViewD<'p, F> {
        match self.plan.outputs.get(position) {
            Some((id, _)) if self.holds_indices(position) => {
                panic!("nth: output {position}, {id}, holds indices; `indices` gives them")
            }
            Some((_, view)) => self.view(view).array(),
            None => panic!("nth: there is no output {position}; the plan has {}", self.plan.outputs.len()),
        }
    }

    /// The value of the output at a position of the list that was compiled, or `None` if there are fewer outputs, or this one
    /// holds indices.
    pub fn get_nth(&self, position: usize) -> Option<ArrayViewD<'p, F>> {
        let is_there = position < self.plan.outputs.len() && !self.holds_indices(position);
        is_there.then(|| self.nth(position))
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
            Buffer::Parameter(_) | Buffer::Index(_) | Buffer::IndexResult(_) => {
                unreachable!("outputs do not lie in the state, and hold real numbers")
            }
        };
        View::new(data, view.layout.offset, &view.layout.shape, &view.layout.strides)
    }

    /// The one number of an output with one element.
    ///
    /// # Panics
    ///
    /// If the plan was not compiled for it, or for several of this name, or it has none or several elements.
    #[track_caller]
    pub fn item<'k>(&self, output: impl Into<Key<'k>>) -> F {
        let output = output.into();
        let Some(i) = self.position(output) else {
            panic!("item: {output} is not among the outputs that the plan was compiled for, or not alone")
        };
        if self.holds_indices(i) {
            panic!("item: {output} holds indices; `indices` gives them");
        }
        let view = self.view(&self.plan.outputs[i].1);
        match view.len() {
            1 => view.tail()[0],
            _ => panic!("item: {output} is not one number"),
        }
    }
}
