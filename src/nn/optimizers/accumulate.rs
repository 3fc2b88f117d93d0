//! Several batches for one step.

use super::optimizer::Optimizer;
use super::record::{memory_of, name_of, steps_of};
use crate::Var;

/// An optimiser that takes one step for every n runs of the plan, with the mean of their gradients: what a batch of n times
/// the size would give, in the memory of one.
///
/// The sums are kept in the state as `accumulate/p` for each parameter p, and the number of runs as `accumulate/step/p` of the first.
/// In the runs between, parameters and what the optimiser remembers stay as they are.
///
/// ```
/// use chainrule::nn::{Accumulate, Adam};
/// let optimizer = Accumulate::new(Adam::new(1e-3), 4);
/// ```
#[derive(Debug, Clone)]
pub struct Accumulate<O> {
    optimizer: O,
    batches: usize,
}

impl<O: Optimizer> Accumulate<O> {
    /// One step for so many batches.
    ///
    /// # Panics
    ///
    /// If there are none.
    #[track_caller]
    pub fn new(optimizer: O, batches: usize) -> Self {
        assert!(batches > 0, "accumulate: a step takes 1 or more batches, got 0");
        Self { optimizer, batches }
    }
}

const NAME: &str = "accumulate";

impl<O: Optimizer> Optimizer for Accumulate<O> {
    #[track_caller]
    fn memory(&self, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
        let mut memory = self.optimizer.memory(parameters);
        memory.extend(memory_of(NAME, parameters));
        memory.extend(steps_of(NAME, &parameters[..parameters.len().min(1)]));
        memory
    }

    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        let Some(first) = parameters.first().filter(|_| parameters.len() == gradients.len()) else {
            return self.optimizer.apply(parameters, gradients);
        };
        let tape = first.tape();
        let (_updating, _root) = (tape.updating(), tape.root_scope());
        let _scope = tape.scope(NAME);
        let step = tape.parameter(&format!("step/{}", name_of(*first)), &[][..]);
        let last = (self.batches - 1) as f64;
        let is_last = step.greater_equal(last);
        let (mut means, mut updates) = (Vec::new(), vec![(step, is_last.select(0.0, step + 1.0))]);
        for (&p, &g) in parameters.iter().zip(gradients) {
            let sum = tape.parameter(&name_of(p), p.shape());
            let new = sum + g;
            means.push(new / self.batches as f64);
            updates.push((sum, is_last.select(0.0, new)));
        }
        let mut taken = Vec::new();
        for (old, new) in self.optimizer.apply(parameters, &means) {
            taken.push((old, is_last.select(new, old)));
        }
        taken.append(&mut updates);
        taken
    }
}
