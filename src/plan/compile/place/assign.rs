//! Buffer assignment: every result gets a range of one arena for its live range.
//!
//! A run then allocates nothing, and safe code borrows the results of a step by splitting one slice.

use super::arena::Arena;
use super::in_place::InPlace;
use crate::base::alloc;
use crate::error::Result;
use crate::plan::compiled::Plan;
use crate::plan::step::{Buffer, BufferView, OutputTarget, StepOutput};
use crate::tape::Precision;
use std::sync::Arc;

/// Gives every result a range of the arena from the step that writes it to the last that reads it. A result takes over the
/// range of an operand that ends in its step, where the program allows that.
///
/// # Errors
///
/// If there is no room for the arena.
pub(crate) fn assign_buffers<F: Precision>(plan: &mut Plan<F>, results: &[usize]) -> Result<()> {
    let mut last_use = vec![0_usize; results.len()];
    for (i, step) in plan.steps.iter().enumerate() {
        for view in step.views() {
            if let Buffer::Result(result) = view.buffer {
                last_use[result] = i;
            }
        }
    }
    for view in plan.kept() {
        if let Buffer::Result(result) = view.buffer {
            last_use[result] = usize::MAX;
        }
    }
    let mut arena = Arena::default();
    let allocate = |arena: &mut Arena, size| {
        arena.allocate(size).ok_or_else(|| {
            alloc::none("compile", size, "all results together have more elements than can be addressed")
        })
    };
    let mut starts = vec![0_usize; results.len()];
    let (mut alive, mut least) = (0, 0);
    for (i, step) in Arc::make_mut(&mut plan.steps).iter_mut().enumerate() {
        if let Some(kernel) = step.fused_kernel() {
            let result = kernel.output.result;
            starts[result] = allocate(&mut arena, results[result])?;
            alive += results[result];
        }
        let mut ended: Vec<usize> = step
            .views()
            .filter_map(|view| match view.buffer {
                Buffer::Result(result) if last_use[result] == i => Some(result),
                _ => None,
            })
            .collect();
        ended.sort_unstable();
        ended.dedup();
        let len = step.len();
        // A check of the results describes the operands as well, so these stay.
        let may_reuse = !plan.options.check_finite;
        let same_size = ended.iter().copied().filter(|&other| may_reuse && results[other] == len);
        let mut reusable = InPlace::of(step).reusable(step, same_size);
        for (k, output) in step.outputs.iter().enumerate() {
            let StepOutput { result, target: OutputTarget::Arena(_), .. } = *output else { continue };
            starts[result] = match reusable.take_for(k) {
                Some(other) => starts[other],
                None => {
                    alive += results[result];
                    allocate(&mut arena, results[result])?
                }
            };
        }
        ended.retain(|&result| !reusable.is_taken(result));
        least = least.max(alive);
        for result in ended {
            alive -= results[result];
            arena.free(starts[result], results[result]);
        }
    }
    let place_view = |view: &mut BufferView| {
        if let Buffer::Result(result) = view.buffer {
            view.layout.offset += starts[result];
        }
    };
    let place_output = |output: &mut StepOutput| {
        if let OutputTarget::Arena(result) = output.target {
            output.target = OutputTarget::Arena(starts[result]);
        }
    };
    for step in Arc::make_mut(&mut plan.steps) {
        step.views_mut().for_each(place_view);
        step.outputs.iter_mut().for_each(place_output);
        step.fused_kernel_mut().map(|kernel| &mut kernel.output).into_iter().for_each(place_output);
    }
    let kept =
        plan.outputs.iter_mut().map(|(_, view)| view).chain(plan.writes.iter_mut().map(|(view, _)| view));
    kept.for_each(place_view);
    plan.arena = alloc::filled("compile", arena.len(), F::zero())?;
    plan.least = least;
    Ok(())
}
