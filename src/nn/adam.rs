//! Adam.

use super::Optimizer;
use super::optimizer::{name_of, names_of, tape_of};
use crate::Var;

/// Adam: steps along the mean gradient, divided by its root mean square, both averaged over about the last
/// `1 / (1 − β)` steps.
///
/// With gradient g, step t from 1, and m and v from 0: `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`,
/// `p ← p − η (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)`.
///
/// Kingma and Ba 2015, *Adam: a method for stochastic optimization*, algorithm 1; the same as PyTorch's. Remembers
/// `adam/m/p` and `adam/v/p` for each parameter p, and `adam/step`, a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    learning_rate: f64,
    betas: [f64; 2],
    epsilon: f64,
}

impl Adam {
    /// With learning rate η, often 0.001, and the paper's β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.
    pub fn new(learning_rate: f64) -> Self {
        Self { learning_rate, betas: [0.9, 0.999], epsilon: 1e-8 }
    }

    /// The same with other decay rates β₁ and β₂, each at least 0 and less than 1.
    ///
    /// # Panics
    ///
    /// If one is not.
    #[must_use]
    #[track_caller]
    pub fn betas(self, beta1: f64, beta2: f64) -> Self {
        for beta in [beta1, beta2] {
            assert!(
                (0.0..1.0).contains(&beta),
                "adam: a decay rate of {beta} is not at least 0 and less than 1"
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
    fn memory(&self, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
        let names = names_of(parameters);
        let of = |moment| {
            let named = names.iter().zip(parameters);
            named.map(move |(name, p)| (format!("adam/{moment}/{name}"), p.shape()))
        };
        let moments = of("m").chain(of("v"));
        let step = (!parameters.is_empty()).then(|| ("adam/step".to_owned(), Vec::new()));
        moments.chain(step).collect()
    }

    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        let Some(tape) = tape_of(parameters, gradients) else { return Vec::new() };
        let _updating = tape.updating();
        let _scope = tape.scope("adam");
        let [beta1, beta2] = self.betas;
        let step = tape.parameter("step", &[][..]);
        let t = step + 1.0;
        let rate = self.learning_rate / one_less_power(beta1, t);
        let correction = one_less_power(beta2, t);
        let (mut new, mut means, mut squares) = (Vec::new(), Vec::new(), Vec::new());
        for (&p, &g) in parameters.iter().zip(gradients) {
            let (name, shape) = (name_of(p), p.shape());
            let m = tape.parameter(&format!("m/{name}"), &shape);
            let v = tape.parameter(&format!("v/{name}"), &shape);
            let new_m = beta1 * m + (1.0 - beta1) * g;
            let new_v = beta2 * v + (1.0 - beta2) * g.square();
            new.push((p, p - rate * new_m / ((new_v / correction).sqrt() + self.epsilon)));
            means.push((m, new_m));
            squares.push((v, new_v));
        }
        [new, means, squares, vec![(step, t)]].concat()
    }
}

/// `1 − βᵗ`, as `−(e^(t ln β) − 1)`: in f32 the plain difference keeps four digits when β is 0.999 and t is 1.
#[track_caller]
fn one_less_power(beta: f64, t: Var<'_>) -> Var<'_> {
    -(t * beta.ln()).exp_m1()
}
