//! Where results go: straight to the state, into the place of an operand that ends, or to a stretch of the arena.

use super::arena::Arena;
use super::compile::Compiler;
use super::step::{Operand, Place, Root, Step, Target, Work};
use crate::error::Result;
use crate::graph::NodeId;
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
pub(super) fn overlap(steps: &mut [Step], outputs: &[(NodeId, Place)]) {
    let stretch = |step: &Step| match step.target {
        Target::Arena(start) => Some((start, crate::shape::size(&step.shape))),
        Target::State(_) => None,
    };
    for later in 2..steps.len() {
        let read: Vec<Root> = steps[later].places().map(|p| p.root).collect();
        for victim in (0..later).filter(|&v| read.contains(&steps[v].result)) {
            let Some((start, room)) = stretch(&steps[victim]) else { continue };
            let fits = |writer: &usize| {
                let step = &steps[*writer];
                let reads_in_place = |s: &Step| s.operands.iter().any(|o| matches!(o, Operand::InPlace));
                let (own, len) = stretch(step).unwrap_or_default();
                // Whoever reads the result in place, or hands it out, would have to be moved as well.
                let is_output = outputs.iter().any(|(_, p)| p.root == step.result);
                let taken_over =
                    steps[*writer..].iter().any(|s| s.target == step.target && reads_in_place(s));
                let reads_it = step.places().any(|p| p.root == steps[victim].result);
                (1..=room).contains(&len) && own != start && !is_output && !taken_over && !reads_it
            };
            let Some(writer) = (victim + 1..later).find(fits) else { continue };
            let (own, _) = stretch(&steps[writer]).unwrap_or_default();
            let result = steps[writer].result;
            steps[writer].target = Target::Arena(start);
            let readers = steps[writer + 1..].iter_mut().flat_map(Step::places_mut);
            readers
                .filter(|p| p.root == result)
                .for_each(|p| p.layout.offset = p.layout.offset - own + start);
            return;
        }
    }
}
