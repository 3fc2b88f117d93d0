//! Where results go: straight to the state, into the place of an operand that ends, or to a stretch of the arena.

use super::arena::Arena;
use super::compile::Compiler;
use super::refusal::Asked;
use super::step::{Operand, Output, Place, Root, Step, Target};
use crate::error::Result;
use crate::graph::NodeId;
use crate::room;
use crate::tape::Precision;

impl<F: Precision> Compiler<'_, F> {
    /// Lets the step that computes an update write straight to the parameter, where nothing reads that later and no later
    /// step can end the run: updates take effect together, or none does.
    pub(super) fn write_in_place(&mut self) {
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
        self.plan.writes.retain(|(place, slot)| {
            let Root::Arena(result) = place.root else { return true };
            let Some((i, k)) = computed[result] else { return true };
            let step = &mut steps[i];
            let fits = readers[result] == 1
                && place.is_whole()
                && may_end.is_none_or(|last| last < i)
                && last_read[*slot].is_none_or(|last| last <= i)
                && may_write_over(step, k, Root::State(*slot), |p| p.is_whole());
            if fits {
                step.outputs[k].target = Target::State(*slot);
            }
            !fits
        });
    }

    /// Gives every result a stretch of the arena from the step that writes it to the last that reads it.
    pub(super) fn assign(&mut self) -> Result<()> {
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
        let mut starts = vec![0_usize; results.len()];
        let (mut alive, mut least) = (0, 0);
        for (i, step) in plan.steps.iter_mut().enumerate() {
            if let Some(head) = step.head() {
                let result = head.output.result;
                starts[result] = arena.take(results[result]);
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
            for k in 0..step.outputs.len() {
                let Output { result, target: Target::Arena(_), .. } = step.outputs[k] else { continue };
                let taken_over = ended.iter().position(|&other| {
                    // Where results are looked at, the operands are to be there still.
                    !plan.options.check_finite
                        && results[other] == results[result]
                        && step.program().is_some()
                        && may_write_over(step, k, Root::Arena(other), |p| {
                            p.is_whole() && p.layout.shape == step.shape
                        })
                });
                starts[result] = match taken_over {
                    Some(other) => starts[ended.swap_remove(other)],
                    None => {
                        alive += results[result];
                        arena.take(results[result])
                    }
                };
            }
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

/// Whether output `k` of a step can be written to what `root` holds: the step's program is the only part of it that reads
/// that, as a whole, and block by block before it writes.
fn may_write_over(step: &Step, k: usize, root: Root, is_whole: impl Fn(&Place) -> bool) -> bool {
    let before = step.before_program();
    let mut own = step.operands.iter().enumerate().filter_map(|(i, o)| match o {
        Operand::Place(place) if place.root == root => Some((i, place)),
        _ => None,
    });
    match (own.next(), own.next(), step.program()) {
        (None, ..) => step.program().is_some(),
        (Some((i, place)), None, Some(program)) => {
            i >= before && is_whole(place) && program.reads_before(i - before, k)
        }
        _ => false,
    }
}

/// Lets the first step that can write over a result which a later step still reads.
pub(super) fn overlap(steps: &mut [Step], outputs: &[(NodeId, Place)]) {
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
