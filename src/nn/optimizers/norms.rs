//! Norms of gradients, and gradients within limits.

use crate::Var;

/// The norm of gradients as one vector: `√Σᵢ Σ gᵢ²`.
///
/// # Panics
///
/// If there are no gradients.
#[track_caller]
#[must_use]
pub fn global_norm<'t>(gradients: &[Var<'t>]) -> Var<'t> {
    let Some(first) = gradients.first() else { panic!("global_norm: there must be at least one gradient") };
    let _updating = first.tape().updating();
    let mut sum = first.square().sum();
    for g in &gradients[1..] {
        sum += g.square().sum();
    }
    sum.sqrt()
}

/// Gradients whose [norm as one vector](global_norm) is at most `limit`, with the norm that they had: each is multiplied by
/// `limit / max(norm, limit)`, so that none changes below the limit.
///
/// Pascanu, Mikolov and Bengio 2013, *On the difficulty of training recurrent neural networks*, algorithm 1. PyTorch's
/// `clip_grad_norm_` divides by `norm + 10⁻⁶` instead. If the norm is not finite, neither are the results.
///
/// ```
/// let tape = chainrule::Tape::new();
/// let g = tape.leaf("g", ndarray::arr1(&[3.0, 4.0]));
/// let (clipped, norm) = chainrule::nn::clip_by_global_norm(&[g], 1.0);
/// assert_eq!(norm.value().item(), 5.0);
/// assert_eq!(clipped[0].value().as_slice().unwrap(), [0.6000000000000001, 0.8]);
/// ```
///
/// # Panics
///
/// If there are no gradients, or the limit is not more than 0.
#[track_caller]
#[must_use]
pub fn clip_by_global_norm<'t>(gradients: &[Var<'t>], limit: f64) -> (Vec<Var<'t>>, Var<'t>) {
    assert!(limit > 0.0, "clip_by_global_norm: a limit is more than 0, got {limit:?}");
    let norm = global_norm(gradients);
    let _updating = norm.tape().updating();
    let factor = limit / norm.maximum(limit);
    let mut clipped = Vec::with_capacity(gradients.len());
    for &g in gradients {
        clipped.push(g * factor);
    }
    (clipped, norm)
}

/// Gradients with every element between `−limit` and `limit`; as PyTorch's `clip_grad_value_`.
///
/// # Panics
///
/// If the limit is not more than 0.
#[track_caller]
#[must_use]
pub fn clip_by_value<'t>(gradients: &[Var<'t>], limit: f64) -> Vec<Var<'t>> {
    assert!(limit > 0.0, "clip_by_value: a limit is more than 0, got {limit:?}");
    let Some(first) = gradients.first() else { return Vec::new() };
    let _updating = first.tape().updating();
    let mut clipped = Vec::with_capacity(gradients.len());
    for &g in gradients {
        clipped.push(g.minimum(limit).maximum(-limit));
    }
    clipped
}
