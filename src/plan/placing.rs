//! Where results go: straight to the state, into the place of an operand that ends, or to a stretch of the arena.

use super::arena::Arena;
use super::compile::Compiler;
use super::step::{Operand, Place, Root, Step, Target, Work};
use crate::error::Result;
use crate::room;
use crate::tape::Precision;

impl<F: Precision> Compiler<'_, F> {
    /// Lets the step that computes an update write straight to the parameter, where nothing reads that later.
    pub(super) fn write_in_place(&mut self) {
        let steps = &mut self.plan.steps;
        let mut last_read = vec![None; self.plan.parameters.len()];
        let mut readers = vec![0_usize; self.buffers.len()];
        for (i, step) in steps.iter().enumerate() {
            for place in step.places() {
                match place.root {
                    Root::State(slot) => last_read[slot] = Some(i),
                    Root::Arena(buffer) => readers[buffer] += 1,
                    _ => {}
                }
            }
        }
        let kept = self.plan.outputs.iter().map(|(_, p)| p).chain(self.plan.writes.iter().map(|(p, _)| p));
        for place in kept {
            if let Root::Arena(buffer) = place.root {
                readers[buffer] += 1;
            }
        }
        self.plan.writes.retain(|(place, slot)| {
            let Root::Arena(buffer) = place.root else { return true };
            let Some(i) = steps.iter().position(|s| s.target == Target::Arena(buffer)) else { return true };
            let step = &mut steps[i];
            let whole = |p: &Place| p.layout.offset == 0 && p.layout.is_contiguous();
            let own: Vec<&Place> = step.places().filter(|p| p.root == Root::State(*slot)).collect();
            let fits = matches!(step.work, Work::Elementwise(_))
                && readers[buffer] == 1
                && whole(place)
                && last_read[*slot].is_none_or(|last| last <= i)
                && own.len() <= 1
                && own.into_iter().all(whole);
            if fits {
                step.target = Target::State(*slot);
                let own = step
                    .operands
                    .iter_mut()
                    .filter(|o| matches!(o, Operand::Place(p) if p.root == Root::State(*slot)));
                own.for_each(|o| *o = Operand::InPlace);
            }
            !fits
        });
    }

    /// Gives every buffer a stretch of the arena from the step that writes it to the last that reads it.
    pub(super) fn assign(&mut self) -> Result<()> {
        let Self { plan, buffers, .. } = self;
        let mut last_use = vec![0_usize; buffers.len()];
        for (i, step) in plan.steps.iter().enumerate() {
            for place in step.places() {
                if let Root::Arena(buffer) = place.root {
                    last_use[buffer] = i;
                }
            }
        }
        for place in plan.outputs.iter().map(|(_, p)| p).chain(plan.writes.iter().map(|(p, _)| p)) {
            if let Root::Arena(buffer) = place.root {
                last_use[buffer] = usize::MAX;
            }
        }
        let mut arena = Arena::default();
        let mut starts = vec![0_usize; buffers.len()];
        for (i, step) in plan.steps.iter_mut().enumerate() {
            let mut ended: Vec<usize> = step
                .places()
                .filter_map(|p| match p.root {
                    Root::Arena(buffer) if last_use[buffer] == i => Some(buffer),
                    _ => None,
                })
                .collect();
            ended.sort_unstable();
            ended.dedup();
            if let Target::Arena(target) = step.target {
                let reused = reusable(step, &ended, buffers, target);
                starts[target] = match reused {
                    Some(buffer) => {
                        ended.retain(|&b| b != buffer);
                        starts[buffer]
                    }
                    None => arena.take(buffers[target]),
                };
            }
            for buffer in ended {
                arena.give(starts[buffer], buffers[buffer]);
            }
        }
        let moved = |place: &mut Place| {
            if let Root::Arena(buffer) = place.root {
                place.layout.offset += starts[buffer];
            }
        };
        for step in &mut plan.steps {
            step.places_mut().for_each(moved);
            if let Target::Arena(buffer) = step.target {
                step.target = Target::Arena(starts[buffer]);
            }
        }
        plan.outputs.iter_mut().map(|(_, p)| p).chain(plan.writes.iter_mut().map(|(p, _)| p)).for_each(moved);
        plan.arena = room::filled("compile", arena.len(), F::zero())?;
        Ok(())
    }
}

/// An operand that ends with an elementwise step, whose buffer the result can take over; its operand is then read in
/// place.
fn reusable(step: &mut Step, ended: &[usize], buffers: &[usize], target: usize) -> Option<usize> {
    if !matches!(step.work, Work::Elementwise(_)) {
        return None;
    }
    let buffer = *ended.iter().find(|&&buffer| {
        let mut own = step.places().filter(|p| p.root == Root::Arena(buffer));
        let whole = own.next().is_some_and(|p| {
            p.layout.offset == 0 && p.layout.is_contiguous() && p.layout.shape == step.shape
        });
        whole && own.next().is_none() && buffers[buffer] == buffers[target]
    })?;
    let own =
        step.operands.iter_mut().find(|o| matches!(o, Operand::Place(p) if p.root == Root::Arena(buffer)));
    *own? = Operand::InPlace;
    Some(buffer)
}

/// Lets the first step that can write over a buffer which a later step still reads.
pub(super) fn overlap<F>(steps: &mut [Step], outputs: &[(F, Place)]) {
    let start = |step: &Step| match step.target {
        Target::Arena(start) => Some((start, crate::shape::size(&step.shape))),
        Target::State(_) => None,
    };
    let outside = |offset: usize, (start, len): (usize, usize)| offset < start || offset >= start + len;
    for later in 2..steps.len() {
        for victim in 0..later {
            let Some(alive) = start(&steps[victim]) else { continue };
            let is_read = steps[later].places().any(|p| p.root == Root::Arena(alive.0) || !outside(p.layout.offset, alive));
            let between = victim + 1..later;
            for writer in between {
                let free = steps[writer].places().all(|p| outside(p.layout.offset, alive));
                let fits = start(&steps[writer]).is_some_and(|(_, len)| len > 0 && len <= alive.1);
                let is_output = outputs.iter().any(|(_, p)| Some(p.layout.offset) == start(&steps[writer]).map(|s| s.0));
                if is_read && free && fits && !is_output {
                    let moved = start(&steps[writer]).map_or(0, |s| s.0);
                    steps[writer].target = Target::Arena(alive.0);
                    // Whoever reads the writer's result finds it where it is now.
                    for step in &mut steps[writer + 1..] {
                        for place in step.places_mut().filter(|p| matches!(p.root, Root::Arena(_)) && p.layout.offset == moved) {
                            place.layout.offset = alive.0;
                        }
                    }
                    return;
                }
            }
        }
    }
}
