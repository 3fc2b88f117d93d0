//! A wrong plan, on purpose.

use crate::plan::compiled::Plan;
use crate::plan::step::{Buffer, OutputTarget, Step, StepOutput};
use crate::tape::Precision;

impl<F: Precision> Plan<F> {
    /// Lets one step write over what a later step still reads, if there is such a pair. Hidden and public for tests of the
    /// checker, which must notice; no user can make such a plan.
    #[doc(hidden)]
    pub fn overlap(&mut self) {
        let Self { steps, outputs, .. } = self;
        for later in 2..steps.len() {
            for victim in 0..later {
                let Some((start, room, result)) = only_range(&steps[victim]) else { continue };
                if !steps[later].buffers_read().any(|buffer| buffer == Buffer::Result(result)) {
                    continue;
                }
                let fits = |writer: &usize| {
                    let step = &steps[*writer];
                    let Some((own, len, written)) = only_range(step) else { return false };
                    // What hands the result out, or writes over it, would have to be moved as well.
                    let is_output = outputs.iter().any(|(_, view)| view.buffer == Buffer::Result(written));
                    let taken_over = steps[writer + 1..].iter().any(|s| {
                        let reads = s.buffers_read().any(|buffer| buffer == Buffer::Result(written));
                        reads && s.outputs.iter().any(|o| o.target == OutputTarget::Arena(own))
                    });
                    let reads_it = step.buffers_read().any(|buffer| buffer == Buffer::Result(result));
                    (1..=room).contains(&len) && own != start && !is_output && !taken_over && !reads_it
                };
                let Some(writer) = (victim + 1..later).find(fits) else { continue };
                let Some((own, _, written)) = only_range(&steps[writer]) else { continue };
                let steps = std::sync::Arc::make_mut(steps);
                steps[writer].outputs[0].target = OutputTarget::Arena(start);
                let readers = steps[writer + 1..].iter_mut().flat_map(Step::views_mut);
                readers
                    .filter(|view| view.buffer == Buffer::Result(written))
                    .for_each(|view| view.layout.offset = view.layout.offset - own + start);
                return;
            }
        }
    }
}

/// The start, the length and the number of a step's only result in the arena.
fn only_range(step: &Step) -> Option<(usize, usize, usize)> {
    match step.outputs[..] {
        [StepOutput { target: OutputTarget::Arena(start), result, .. }] => Some((start, step.len(), result)),
        _ => None,
    }
}
