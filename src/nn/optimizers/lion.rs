//! The optimiser Lion.

use super::optimizer::Optimizer;
use super::rate::Rate;
use super::record::{Recording, decay_rate, memory_of, schedule_step, shrunk};
use crate::Var;

/// Lion: steps of the same size in every element, against the sign of a mean gradient: `p ← p − η (sign(β₁ m + (1 − β₁) g) + λ
/// p)`, `m ← β₂ m + (1 − β₂) g`, with m from 0.
///
/// Chen et al. 2023, *Symbolic discovery of optimization algorithms*, algorithm 2. Its state is `lion/p` for each parameter p, half
/// of Adam's. Rates are three to ten times smaller than Adam's, and weight decays as many times larger (section 5 there).
#[derive(Debug, Clone)]
pub struct Lion {
    name: &'static str,
    rate: Rate,
    betas: [f64; 2],
    weight_decay: f64,
}

impl Lion {
    /// With learning rate η, often 0.0001, or a [schedule](Rate), and the paper's β₁ = 0.9 and β₂ = 0.99.
    pub fn new(rate: impl Into<Rate>) -> Self {
        Self { name: "lion", rate: rate.into(), betas: [0.9, 0.99], weight_decay: 0.0 }
    }

    /// The same with other decay rates β₁ and β₂, each at least 0 and less than 1.
    ///
    /// # Panics
    ///
    /// If a rate is outside this range.
    #[must_use]
    #[track_caller]
    pub fn betas(self, beta1: f64, beta2: f64) -> Self {
        let betas = [decay_rate(self.name, beta1), decay_rate(self.name, beta2)];
        Self { betas, ..self }
    }

    /// The same with weight decay λ, apart from the gradient.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }

    /// The same with another name than `lion` for its state and its scope.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

impl Optimizer for Lion {
    #[track_caller]
    fn memory(&self, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
        let mut memory = memory_of(self.name, parameters);
        memory.extend(schedule_step(self.name, &self.rate, parameters));
        memory
    }

    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        let Some(mut step) = Recording::begin(self.name, &self.rate, parameters, gradients) else {
            return Vec::new();
        };
        let (rate, [beta1, beta2]) = (step.rate, self.betas);
        for (&p, &g) in parameters.iter().zip(gradients) {
            let m = step.memory("", p);
            let direction = (beta1 * m + (1.0 - beta1) * g).sign();
            step.set(p, shrunk(p, rate, self.weight_decay) - rate * direction);
            step.remember(m, beta2 * m + (1.0 - beta2) * g);
        }
        step.finish()
    }
}
