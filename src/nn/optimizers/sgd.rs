//! Gradient descent, with momentum or without.

use super::optimizer::Optimizer;
use super::rate::Rate;
use super::record::{Recording, decayed, memory_of, schedule_step};
use crate::Var;

/// Gradient descent: `p ← p − η g`, with learning rate η and gradient g; with momentum μ, `v ← μ v + g`, `p ← p − η v`, with
/// v from 0, or `p ← p − η (g + μ v)` as Nesterov.
///
/// Polyak 1964, *Some methods of speeding up the convergence of iteration methods*, in PyTorch's form: η scales v when it is
/// applied, not when it is accumulated. Nesterov's as Sutskever, Martens, Dahl and Hinton 2013, *On the importance of
/// initialization and momentum in deep learning*, in PyTorch's form too. It keeps `sgd/p` for each parameter p with momentum,
/// and nothing without; if it is [named](Self::named), `name/p`.
#[derive(Debug, Clone)]
pub struct Sgd {
    name: &'static str,
    rate: Rate,
    momentum: f64,
    is_nesterov: bool,
    weight_decay: f64,
}

impl Sgd {
    /// With this learning rate η, or a [schedule](Rate).
    pub fn new(rate: impl Into<Rate>) -> Self {
        Self { name: "sgd", rate: rate.into(), momentum: 0.0, is_nesterov: false, weight_decay: 0.0 }
    }

    /// The same with momentum μ, often 0.9.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// The same with Nesterov's momentum μ.
    #[must_use]
    pub fn nesterov(self, momentum: f64) -> Self {
        Self { momentum, is_nesterov: true, ..self }
    }

    /// The same with weight decay λ: `g + λ p` in place of g.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }

    /// The same with another name than `sgd` for its state and its scope.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

impl Optimizer for Sgd {
    #[track_caller]
    fn memory(&self, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
        let mut memory = match self.momentum == 0.0 {
            true => Vec::new(),
            false => memory_of(self.name, parameters),
        };
        memory.extend(schedule_step(self.name, &self.rate, parameters));
        memory
    }

    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        let Some(mut step) = Recording::begin(self.name, &self.rate, parameters, gradients) else {
            return Vec::new();
        };
        let (rate, momentum) = (step.rate, self.momentum);
        for (&p, &g) in parameters.iter().zip(gradients) {
            let g = decayed(g, p, self.weight_decay);
            if momentum == 0.0 {
                step.set(p, p - rate * g);
                continue;
            }
            let v = step.memory("", p);
            let new_v = momentum * v + g;
            step.remember(v, new_v);
            let direction = if self.is_nesterov { g + momentum * new_v } else { new_v };
            step.set(p, p - rate * direction);
        }
        step.finish()
    }
}

/// [`Sgd`] with momentum, under a name of its own: `v ← μ v + g`, `p ← p − η v`, with v from 0.
///
/// Its state is `momentum/p` for each parameter p, or `name/p` if it is [named](Self::named).
#[derive(Debug, Clone)]
pub struct Momentum(Sgd);

impl Momentum {
    /// With learning rate η, or a [schedule](Rate), and momentum μ, often 0.9.
    pub fn new(rate: impl Into<Rate>, momentum: f64) -> Self {
        Self(Sgd::new(rate).momentum(momentum).named("momentum"))
    }

    /// The same with another name than `momentum` for its state and its scope.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self(self.0.named(name))
    }
}

impl Optimizer for Momentum {
    #[track_caller]
    fn memory(&self, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
        self.0.memory(parameters)
    }

    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        self.0.apply(parameters, gradients)
    }
}
