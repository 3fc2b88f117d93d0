//! Optimisers that divide by the size of gradients: AdaGrad and RMSProp.

use super::optimizer::Optimizer;
use super::rate::Rate;
use super::record::{Recording, decay_rate, decayed, memory_of, schedule_step};
use crate::Var;

/// AdaGrad: `s ← s + g²`, `p ← p − η g / (√s + ε)`, with s from 0.
///
/// Duchi, Hazan and Singer 2011, *Adaptive subgradient methods for online learning and stochastic optimization*; the same as
/// PyTorch's. Its state is `adagrad/p` for each parameter p.
#[derive(Debug, Clone)]
pub struct AdaGrad {
    name: &'static str,
    rate: Rate,
    epsilon: f64,
    weight_decay: f64,
}

impl AdaGrad {
    /// With learning rate η, often 0.01, or a [schedule](Rate), and ε = 10⁻¹⁰.
    pub fn new(rate: impl Into<Rate>) -> Self {
        Self { name: "adagrad", rate: rate.into(), epsilon: 1e-10, weight_decay: 0.0 }
    }

    /// The same with another ε.
    #[must_use]
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// The same with weight decay λ: `g + λ p` in place of g.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }

    /// The same with another name than `adagrad` for its state and its scope.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

impl Optimizer for AdaGrad {
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
        let rate = step.rate;
        for (&p, &g) in parameters.iter().zip(gradients) {
            let g = decayed(g, p, self.weight_decay);
            let s = step.memory("", p);
            let new_s = s + g.square();
            step.remember(s, new_s);
            step.set(p, p - rate * g / (new_s.sqrt() + self.epsilon));
        }
        step.finish()
    }
}

/// RMSProp: `s ← α s + (1 − α) g²`, `p ← p − η g / (√s + ε)`, with s from 0.
///
/// Centred, the mean `m ← α m + (1 − α) g` is taken off: `√(s − m²)`. With momentum, `v ← μ v + g / (√s + ε)`, `p ← p − η v`.
/// Hinton 2012, *Neural networks for machine learning*, lecture 6e; centred, Graves 2013, *Generating sequences with
/// recurrent neural networks*, eq. 38 to 45, where ε is below the root; the same as PyTorch's, but for a difference `s − m²` that is
/// rounded below 0, which counts as 0. Its state is `rmsprop/square/p`, `rmsprop/mean/p` and `rmsprop/velocity/p` for each
/// parameter p.
#[derive(Debug, Clone)]
pub struct RmsProp {
    name: &'static str,
    rate: Rate,
    alpha: f64,
    epsilon: f64,
    momentum: f64,
    is_centered: bool,
    weight_decay: f64,
}

impl RmsProp {
    /// With learning rate η, often 0.01, or a [schedule](Rate), α = 0.99 and ε = 10⁻⁸.
    pub fn new(rate: impl Into<Rate>) -> Self {
        Self {
            name: "rmsprop",
            rate: rate.into(),
            alpha: 0.99,
            epsilon: 1e-8,
            momentum: 0.0,
            is_centered: false,
            weight_decay: 0.0,
        }
    }

    /// The same with another decay rate α, at least 0 and less than 1.
    ///
    /// # Panics
    ///
    /// If it is outside this range.
    #[must_use]
    #[track_caller]
    pub fn alpha(self, alpha: f64) -> Self {
        Self { alpha: decay_rate(self.name, alpha), ..self }
    }

    /// The same with another ε.
    #[must_use]
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// The same with momentum μ.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// The same, divided by the standard deviation instead of the root mean square.
    #[must_use]
    pub fn centered(self) -> Self {
        Self { is_centered: true, ..self }
    }

    /// The same with weight decay λ: `g + λ p` in place of g.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }

    /// The same with another name than `rmsprop` for its state and its scope.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

impl Optimizer for RmsProp {
    #[track_caller]
    fn memory(&self, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
        let mut memory = memory_of(&format!("{}/square", self.name), parameters);
        if self.is_centered {
            memory.extend(memory_of(&format!("{}/mean", self.name), parameters));
        }
        if self.momentum != 0.0 {
            memory.extend(memory_of(&format!("{}/velocity", self.name), parameters));
        }
        memory.extend(schedule_step(self.name, &self.rate, parameters));
        memory
    }

    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        let Some(mut step) = Recording::begin(self.name, &self.rate, parameters, gradients) else {
            return Vec::new();
        };
        let (rate, alpha) = (step.rate, self.alpha);
        for (&p, &g) in parameters.iter().zip(gradients) {
            let g = decayed(g, p, self.weight_decay);
            let s = step.memory("square/", p);
            let new_s = alpha * s + (1.0 - alpha) * g.square();
            step.remember(s, new_s);
            let mut square = new_s;
            if self.is_centered {
                let m = step.memory("mean/", p);
                let new_m = alpha * m + (1.0 - alpha) * g;
                step.remember(m, new_m);
                square = (new_s - new_m.square()).maximum(0.0);
            }
            let scaled = g / (square.sqrt() + self.epsilon);
            if self.momentum == 0.0 {
                step.set(p, p - rate * scaled);
                continue;
            }
            let v = step.memory("velocity/", p);
            let new_v = self.momentum * v + scaled;
            step.remember(v, new_v);
            step.set(p, p - rate * new_v);
        }
        step.finish()
    }
}
