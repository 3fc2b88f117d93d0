//! Where results go: straight to the state, into the place of an operand that ends, or to a stretch of the arena.

use super::arena::Arena;
use super::in_place::Overwriting;
use crate::error::Result;
use crate::graph::NodeId;
use crate::plan::compile::passes::Compiler;
use crate::plan::run::refusal::Asked;
use crate::plan::step::{Output, Place, Root, Step, Target};
use crate::room;
use crate::tape::Precision;
use rustc_hash::FxHashMap;

impl<F: Precision> Compiler<'_, F> {
    /// Lets the step that computes an update write straight to the parameter, where nothing reads that later and no later
    /// step can end the run: updates take effect together, or none does.
    pub(crate) fn write_in_place(&mut self) {
        if self.plan.options.check_finite {
            return;
        }
        let steps = &mut self.plan.steps;
        let may_end = steps.iter().rposition(|step| step.asked == Asked::Running);
        let mut last_read = vec![None; self.plan.parameters.len()];
        let mut readers = vec![0_usize; self.results.len()];
        let mut computed = vec![None; self.results.len()];
        for (i, step) in steps.iter().enumerate() {
            for place in step.places() {
                match place.root {
                    Root::State(slot) => last_read[slot] = Some(i),
                    Root::Arena(result) => readers[result] += 1,
                    _ => {}
                }
            }
            step.outputs.iter().enumerate().for_each(|(k, o)| computed[o.result] = Some((i, k)));
        }
        let kept = self.plan.outputs.iter().map(|(_, p)| p).chain(self.plan.writes.iter().map(|(p, _)| p));
        for place in kept {
            if let Root::Arena(result) = place.root {
                readers[result] += 1;
            }
        }
        let mut looked_at = FxHashMap::default();
        self.plan.writes.retain(|(place, slot)| {
            let Root::Arena(result) = place.root else { return true };
            let Some((i, k)) = computed[result] else { return true };
            let step = &mut steps[i];
            let fits = readers[result] == 1
                && place.is_whole()
                && may_end.is_none_or(|last| last < i)
                && last_read[*slot].is_none_or(|last| last <= i)
                && looked_at.entry(i).or_insert_with(|| Overwriting::of(step)).may_write_over(
                    step,
                    k,
                    Root::State(*slot),
                );
            if fits {
                step.outputs[k].target = Target::State(*slot);
            }
            !fits
        });
    }

    /// Gives every result a stretch of the arena from the step that writes it to the last that reads it.
    pub(crate) fn assign(&mut self) -> Result<()> {
        let Self { plan, results, .. } = self;
        let mut last_use = vec![0_usize; results.len()];
        for (i, step) in plan.steps.iter().enumerate() {
            for place in step.places() {
                if let Root::Arena(result) = place.root {
                    last_use[result] = i;
                }
            }
        }
        for place in plan.outputs.iter().map(|(_, p)| p).chain(plan.writes.iter().map(|(p, _)| p)) {
            if let Root::Arena(result) = place.root {
                last_use[result] = usize::MAX;
            }
        }
        let mut arena = Arena::default();
        let take = |arena: &mut Arena, size| {
            arena.take(size).ok_or_else(|| {
                room::none("compile", size, "all results together have more elements than can be addressed")
            })
        };
        let mut starts = vec![0_usize; results.len()];
        let (mut alive, mut least) = (0, 0);
        for (i, step) in plan.steps.iter_mut().enumerate() {
            if let Some(head) = step.head() {
                let result = head.output.result;
                starts[result] = take(&mut arena, results[result])?;
                alive += results[result];
            }
            let mut ended: Vec<usize> = step
                .places()
                .filter_map(|p| match p.root {
                    Root::Arena(result) if last_use[result] == i => Some(result),
                    _ => None,
                })
                .collect();
            ended.sort_unstable();
            ended.dedup();
            let len = step.len();
            // Where results are looked at, the operands are to be there still.
            let free = !plan.options.check_finite;
            let same_size = ended.iter().copied().filter(|&other| free && results[other] == len);
            let mut overwritten = Overwriting::of(step).places_of(step, same_size);
            for (k, output) in step.outputs.iter().enumerate() {
                let Output { result, target: Target::Arena(_), .. } = *output else { continue };
                starts[result] = match overwritten.next_for(k) {
                    Some(other) => starts[other],
                    None => {
                        alive += results[result];
                        take(&mut arena, results[result])?
                    }
                };
            }
            ended.retain(|&result| !overwritten.has_given(result));
            least = least.max(alive);
            for result in ended {
                alive -= results[result];
                arena.give(starts[result], results[result]);
            }
        }
        let moved = |place: &mut Place| {
            if let Root::Arena(result) = place.root {
                place.layout.offset += starts[result];
            }
        };
        for step in &mut plan.steps {
            step.places_mut().for_each(moved);
            let settled = |output: &mut Output| {
                if let Target::Arena(result) = output.target {
                    output.target = Target::Arena(starts[result]);
                }
            };
            step.outputs.iter_mut().for_each(settled);
            step.head_mut().map(|head| &mut head.output).into_iter().for_each(settled);
        }
        plan.outputs.iter_mut().map(|(_, p)| p).chain(plan.writes.iter_mut().map(|(p, _)| p)).for_each(moved);
        plan.arena = room::filled("compile", arena.len(), F::zero())?;
        plan.least = least;
        Ok(())
    }
}

/// Lets the first step that can write over a result which a later step still reads.
pub(crate) fn overlap(steps: &mut [Step], outputs: &[(NodeId, Place)]) {
    let stretch = |step: &Step| match step.outputs[..] {
        [Output { target: Target::Arena(start), result, .. }] => Some((start, step.len(), result)),
        _ => None,
    };
    for later in 2..steps.len() {
        for victim in 0..later {
            let Some((start, room, result)) = stretch(&steps[victim]) else { continue };
            if !steps[later].roots().any(|root| root == Root::Arena(result)) {
                continue;
            }
            let fits = |writer: &usize| {
                let step = &steps[*writer];
                let Some((own, len, written)) = stretch(step) else { return false };
                // Whoever hands the result out, or writes over it, would have to be moved as well.
                let is_output = outputs.iter().any(|(_, p)| p.root == Root::Arena(written));
                let taken_over = steps[writer + 1..].iter().any(|s| {
                    let reads = s.roots().any(|root| root == Root::Arena(written));
                    reads && s.outputs.iter().any(|o| o.target == Target::Arena(own))
                });
                let reads_it = step.roots().any(|root| root == Root::Arena(result));
                (1..=room).contains(&len) && own != start && !is_output && !taken_over && !reads_it
            };
            let Some(writer) = (victim + 1..later).find(fits) else { continue };
            let Some((own, _, written)) = stretch(&steps[writer]) else { continue };
            steps[writer].outputs[0].target = Target::Arena(start);
            let readers = steps[writer + 1..].iter_mut().flat_map(Step::places_mut);
            readers
                .filter(|p| p.root == Root::Arena(written))
                .for_each(|p| p.layout.offset = p.layout.offset - own + start);
            return;
        }
    }
}
