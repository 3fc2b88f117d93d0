//! In-place updates: new values that steps write straight to the state.

use super::in_place::InPlace;
use crate::plan::compiled::Plan;
use crate::plan::step::{Buffer, BufferView, OperandCheck, OutputTarget};
use crate::tape::Precision;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Lets the step that computes an update write it to the parameter, where no later step reads the parameter. The state is
/// touched once per step then; all other updates are copied at the end, so that updates take effect together.
///
/// No later step may end the run: a user's op may refuse its operands or panic, and then no update takes effect.
pub(crate) fn write_in_place<F: Precision>(plan: &mut Plan<F>, results: usize) {
    if plan.options.check_finite {
        return;
    }
    let may_end = plan.steps.iter().rposition(|step| step.check == OperandCheck::WhileRunning);
    let mut last_read = vec![None; plan.parameters.len()];
    let mut readers = vec![0_usize; results];
    let mut computed = vec![None; results];
    for (i, step) in plan.steps.iter().enumerate() {
        for view in step.views() {
            match view.buffer {
                Buffer::Parameter(slot) => last_read[slot] = Some(i),
                Buffer::Result(result) => readers[result] += 1,
                _ => {}
            }
        }
        step.outputs.iter().enumerate().for_each(|(k, o)| computed[o.result] = Some((i, k)));
    }
    for BufferView { buffer, .. } in plan.kept() {
        if let Buffer::Result(result) = *buffer {
            readers[result] += 1;
        }
    }
    let mut analysed = FxHashMap::default();
    let steps = Arc::make_mut(&mut plan.steps);
    plan.writes.retain(|(view, slot)| {
        let Buffer::Result(result) = view.buffer else { return true };
        let Some((i, k)) = computed[result] else { return true };
        let step = &mut steps[i];
        let fits = readers[result] == 1
            && view.is_packed()
            && may_end.is_none_or(|last| last < i)
            && last_read[*slot].is_none_or(|last| last <= i)
            && analysed.entry(i).or_insert_with(|| InPlace::of(step)).may_write_to(
                step,
                k,
                Buffer::Parameter(*slot),
            );
        if fits {
            step.outputs[k].target = OutputTarget::Parameter(*slot);
        }
        !fits
    });
}
