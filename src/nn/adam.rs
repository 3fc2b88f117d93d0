//! The optimiser Adam.

use super::Optimizer;
use super::optimizer::{memory_of, name_of, tape_of};
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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    name: &'static str,
    learning_rate: f64,
    betas: [f64; 2],
    epsilon: f64,
}

impl Adam {
    /// With learning rate η, often 0.001, and the paper's β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.
    pub fn new(learning_rate: f64) -> Self {
        Self { name: "adam", learning_rate, betas: [0.9, 0.999], epsilon: 1e-8 }
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
        for beta in [beta1, beta2] {
            assert!(
                (0.0..1.0).contains(&beta),
                "adam: a decay rate of {beta:?} is not at least 0 and less than 1"
            );
        }
        Self { betas: [beta1, beta2], ..self }
    }

    /// The same with another ε.
    #[must_use]
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }
}

impl Optimizer for Adam {
    #[track_caller]
    fn memory(&self, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
        let mut memory = memory_of(&format!("{}/m", self.name), parameters);
        memory.extend(memory_of(&format!("{}/v", self.name), parameters));
        let steps = memory_of(&format!("{}/step", self.name), parameters);
        memory.extend(steps.into_iter().map(|(name, _)| (name, Vec::new())));
        memory
    }

    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        let Some(tape) = tape_of(parameters, gradients) else { return Vec::new() };
        let (_updating, _root) = (tape.updating(), tape.root_scope());
        let _scope = tape.scope(self.name);
        let [beta1, beta2] = self.betas;
        let (mut new, mut means, mut squares, mut steps) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (&p, &g) in parameters.iter().zip(gradients) {
            let (name, shape) = (name_of(p), p.shape());
            let m = tape.parameter(&format!("m/{name}"), &shape);
            let v = tape.parameter(&format!("v/{name}"), &shape);
            let step = tape.parameter(&format!("step/{name}"), &[][..]);
            let t = step + 1.0;
            let rate = self.learning_rate / one_less_power(beta1, t);
            let correction = one_less_power(beta2, t);
            let new_m = beta1 * m + (1.0 - beta1) * g;
            let new_v = beta2 * v + (1.0 - beta2) * g.square();
            new.push((p, p - rate * new_m / ((new_v / correction).sqrt() + self.epsilon)));
            means.push((m, new_m));
            squares.push((v, new_v));
            steps.push((step, t));
        }
        [new, means, squares, steps].concat()
    }
}

/// `1 − βᵗ`, as `−(e^(t ln β) − 1)`: in f32 the plain difference has four correct digits for β = 0.999 and t = 1.
#[track_caller]
fn one_less_power(beta: f64, t: Var<'_>) -> Var<'_> {
    -(t * beta.ln()).exp_m1()
}
