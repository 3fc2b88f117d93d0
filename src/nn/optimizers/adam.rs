//! The optimisers Adam and AdamW.

use super::optimizer::Optimizer;
use super::rate::Rate;
use super::record::{Recording, decay_rate, decayed, memory_of, shrunk, steps_of};
use crate::Var;

/// Adam: steps along the mean gradient, divided by its root mean square, both averaged over about the last
/// `1 / (1 − β)` steps.
///
/// With gradient g, step t from 1, and m and v from 0: `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`,
/// `p ← p − η (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)`.
///
/// Kingma and Ba 2015, *Adam: a method for stochastic optimization*, algorithm 1; the same as PyTorch's. Its state is
/// `adam/m/p`, `adam/v/p` and the number `adam/step/p` for each parameter p; or `name/m/p` and so on, if it is
/// [named](Self::named). Steps are counted per parameter, as in PyTorch, so that two networks on one tape, such as a
/// generator and a discriminator, have separate counts.
#[derive(Debug, Clone)]
pub struct Adam {
    name: &'static str,
    rate: Rate,
    betas: [f64; 2],
    epsilon: f64,
    is_amsgrad: bool,
    weight_decay: f64,
    is_decoupled: bool,
}

impl Adam {
    /// With learning rate η, often 0.001, or a [schedule](Rate), and the paper's β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.
    pub fn new(rate: impl Into<Rate>) -> Self {
        Self {
            name: "adam",
            rate: rate.into(),
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            is_amsgrad: false,
            weight_decay: 0.0,
            is_decoupled: false,
        }
    }

    /// The same with another name than `adam` for its state and its scope, for a second optimiser of the same parameters.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
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

    /// The same with another ε.
    #[must_use]
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// The same with the greatest v of all steps in place of the present one, kept as `adam/greatest/p`.
    ///
    /// Reddi, Kale and Kumar 2018, *On the convergence of Adam and beyond*, algorithm 2, with the corrections of Adam, as in PyTorch.
    #[must_use]
    pub fn amsgrad(self) -> Self {
        Self { is_amsgrad: true, ..self }
    }

    /// The same with weight decay λ: `g + λ p` in place of g. [`AdamW`] is most often meant.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }
}

impl Optimizer for Adam {
    #[track_caller]
    fn memory(&self, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
        let mut memory = memory_of(&format!("{}/m", self.name), parameters);
        memory.extend(memory_of(&format!("{}/v", self.name), parameters));
        if self.is_amsgrad {
            memory.extend(memory_of(&format!("{}/greatest", self.name), parameters));
        }
        memory.extend(steps_of(self.name, parameters));
        memory
    }

    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        let Some(mut step) = Recording::begin(self.name, &self.rate, parameters, gradients) else {
            return Vec::new();
        };
        let (rate, [beta1, beta2]) = (step.rate, self.betas);
        let [coupled, decoupled] =
            if self.is_decoupled { [0.0, self.weight_decay] } else { [self.weight_decay, 0.0] };
        for (&p, &g) in parameters.iter().zip(gradients) {
            let g = decayed(g, p, coupled);
            let (m, v) = (step.memory("m/", p), step.memory("v/", p));
            let t = step.count(p);
            let corrected_rate = rate / one_less_power(beta1, t);
            let correction = one_less_power(beta2, t);
            let new_m = beta1 * m + (1.0 - beta1) * g;
            let new_v = beta2 * v + (1.0 - beta2) * g.square();
            step.remember(m, new_m);
            step.remember(v, new_v);
            let mut square = new_v;
            if self.is_amsgrad {
                let greatest = step.memory("greatest/", p);
                square = greatest.maximum(new_v);
                step.remember(greatest, square);
            }
            let start = shrunk(p, rate, decoupled);
            step.set(p, start - corrected_rate * new_m / ((square / correction).sqrt() + self.epsilon));
        }
        step.finish()
    }
}

/// `1 − βᵗ`, as `−(e^(t ln β) − 1)`: in f32 the plain difference has four correct digits for β = 0.999 and t = 1.
#[track_caller]
fn one_less_power(beta: f64, t: Var<'_>) -> Var<'_> {
    -(t * beta.ln()).exp_m1()
}

/// Adam with weight decay apart from the gradient: `p ← (1 − η λ) p` before the step of [`Adam`].
///
/// Loshchilov and Hutter 2019, *Decoupled weight decay regularization*, algorithm 2, where λ is multiplied with η as in PyTorch. Its state
/// is that of Adam under the name `adamw`.
#[derive(Debug, Clone)]
pub struct AdamW(Adam);

impl AdamW {
    /// With learning rate η, often 0.001, or a [schedule](Rate), β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸ and λ = 0.01, as in PyTorch.
    pub fn new(rate: impl Into<Rate>) -> Self {
        Self(Adam { is_decoupled: true, ..Adam::new(rate) }.named("adamw").weight_decay(0.01))
    }

    /// The same with another λ.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Self(self.0.weight_decay(weight_decay))
    }

    /// As [`Adam::betas`].
    ///
    /// # Panics
    ///
    /// As there.
    #[must_use]
    #[track_caller]
    pub fn betas(self, beta1: f64, beta2: f64) -> Self {
        Self(self.0.betas(beta1, beta2))
    }

    /// The same with another ε.
    #[must_use]
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self(self.0.epsilon(epsilon))
    }

    /// As [`Adam::amsgrad`].
    #[must_use]
    pub fn amsgrad(self) -> Self {
        Self(self.0.amsgrad())
    }

    /// The same with another name than `adamw` for its state and its scope.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self(self.0.named(name))
    }
}

impl Optimizer for AdamW {
    #[track_caller]
    fn memory(&self, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
        self.0.memory(parameters)
    }

    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        self.0.apply(parameters, gradients)
    }
}
