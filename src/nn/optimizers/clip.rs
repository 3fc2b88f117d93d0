//! An optimiser whose gradients have a limit.

use super::norms::{clip_by_global_norm, clip_by_value};
use super::optimizer::Optimizer;
use crate::Var;

/// An optimiser that is given gradients within a limit.
///
/// ```
/// use chainrule::nn::{AdamW, Clip, Rate};
/// let optimizer = Clip::by_global_norm(AdamW::new(Rate::cosine(1e-3, 0.0, 10_000).warm_up(500)), 1.0);
/// ```
#[derive(Debug, Clone)]
pub struct Clip<O> {
    optimizer: O,
    limit: f64,
    by_value: bool,
}

impl<O: Optimizer> Clip<O> {
    /// With all gradients as one vector of at most this norm: [`clip_by_global_norm`](super::clip_by_global_norm).
    pub fn by_global_norm(optimizer: O, limit: f64) -> Self {
        Self { optimizer, limit, by_value: false }
    }

    /// With every element of a gradient of at most this size: [`clip_by_value`](super::clip_by_value).
    pub fn by_value(optimizer: O, limit: f64) -> Self {
        Self { optimizer, limit, by_value: true }
    }
}

impl<O: Optimizer> Optimizer for Clip<O> {
    #[track_caller]
    fn memory(&self, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
        self.optimizer.memory(parameters)
    }

    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        if gradients.is_empty() {
            return self.optimizer.apply(parameters, gradients);
        }
        let clipped = match self.by_value {
            true => clip_by_value(gradients, self.limit),
            false => clip_by_global_norm(gradients, self.limit).0,
        };
        self.optimizer.apply(parameters, &clipped)
    }
}
