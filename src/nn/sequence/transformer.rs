//! The block of a transformer.

use super::MultiHeadAttention;
use crate::Var;
use crate::nn::{Affine, Dropout, Gelu, Layer, LayerNorm, Parameter, Sequential, Training};
use std::sync::Arc;

/// A block of a transformer, of tokens `[n, tokens, width]`: attention, then an affine map, an activation and an affine map of
/// each token, both with a shortcut, a layer normalisation and dropout.
///
/// With the normalisation before (the default; Xiong and others 2020, *On layer normalization in the transformer
/// architecture*): `x + attention(norm1(x))`, `x + mlp(norm2(x))`; or behind
/// ([`post_norm`](Self::post_norm), Vaswani and others 2017): `norm1(x + attention(x))`, `norm2(x + mlp(x))`. Its parts are
/// named `norm1`, `attention`, `norm2`, `mlp`.
#[derive(Debug, Clone)]
pub struct TransformerBlock {
    norm1: LayerNorm,
    attention: MultiHeadAttention,
    norm2: LayerNorm,
    mlp: Sequential,
    dropout: Option<Dropout>,
    post_norm: bool,
}

impl TransformerBlock {
    /// With this attention, of tokens of this width, and so many hidden units of each token, with [`Gelu`] between.
    pub fn new(width: usize, hidden: usize, attention: MultiHeadAttention) -> Self {
        Self::with_activation(width, hidden, attention, Gelu)
    }

    /// With another activation.
    pub fn with_activation(
        width: usize,
        hidden: usize,
        attention: MultiHeadAttention,
        activation: impl Layer + 'static,
    ) -> Self {
        let mlp = Sequential::new()
            .push(Affine::new(width, hidden))
            .push(Arc::new(activation))
            .push(Affine::new(hidden, width));
        let [norm1, norm2] = [LayerNorm::new(width), LayerNorm::new(width)];
        Self { norm1, attention, norm2, mlp, dropout: None, post_norm: false }
    }

    /// With normalisations behind the sums.
    #[must_use]
    pub fn post_norm(self) -> Self {
        Self { post_norm: true, ..self }
    }

    /// With dropout, in training, of what attention and map give.
    ///
    /// # Panics
    ///
    /// If p is not from 0 to 1.
    #[track_caller]
    #[must_use]
    pub fn dropout(self, p: f64) -> Self {
        Self { dropout: Some(Dropout::new(p)), ..self }
    }

    /// Records the block, with padding as [`MultiHeadAttention::attend`] takes it; in training, or else in evaluation.
    ///
    /// # Panics
    ///
    /// If a shape is another.
    #[track_caller]
    pub fn record<'t>(
        &self,
        x: Var<'t>,
        padding: Option<Var<'t>>,
        mut training: Option<&mut Training<'t>>,
    ) -> Var<'t> {
        if self.post_norm {
            let attended = self.attended(x, padding, training.as_deref_mut());
            let x = within(self.sum(x, attended, training.as_deref_mut()), "norm1", &self.norm1, None);
            let mapped = within(x, "mlp", &self.mlp, training.as_deref_mut());
            within(self.sum(x, mapped, training), "norm2", &self.norm2, None)
        } else {
            let normed = within(x, "norm1", &self.norm1, None);
            let attended = self.attended(normed, padding, training.as_deref_mut());
            let x = self.sum(x, attended, training.as_deref_mut());
            let normed = within(x, "norm2", &self.norm2, None);
            let mapped = within(normed, "mlp", &self.mlp, training.as_deref_mut());
            self.sum(x, mapped, training)
        }
    }

    /// A shortcut and what goes beside it, of which some is dropped in training.
    #[track_caller]
    fn sum<'t>(&self, x: Var<'t>, part: Var<'t>, training: Option<&mut Training<'t>>) -> Var<'t> {
        match (&self.dropout, training) {
            (Some(dropout), Some(training)) => x + dropout.train(part, training),
            _ => x + part,
        }
    }

    #[track_caller]
    fn attended<'t>(
        &self,
        x: Var<'t>,
        padding: Option<Var<'t>>,
        training: Option<&mut Training<'t>>,
    ) -> Var<'t> {
        let _scope = x.tape().scope("attention");
        self.attention.record([x; 3], padding, training)
    }
}

/// A layer in the scope of its name.
#[track_caller]
fn within<'t>(x: Var<'t>, name: &str, layer: &dyn Layer, training: Option<&mut Training<'t>>) -> Var<'t> {
    let _scope = x.tape().scope(name);
    match training {
        Some(training) => layer.train(x, training),
        None => layer.forward(x),
    }
}

impl Layer for TransformerBlock {
    fn kind(&self) -> &str {
        "transformer"
    }

    fn parameters(&self) -> Vec<Parameter> {
        let parts: [(&str, &dyn Layer); 4] = [
            ("norm1", &self.norm1),
            ("attention", &self.attention),
            ("norm2", &self.norm2),
            ("mlp", &self.mlp),
        ];
        let named = |(part, layer): (&str, &dyn Layer)| {
            let own = layer.parameters().into_iter();
            own.map(|p| Parameter { name: format!("{part}/{}", p.name), ..p }).collect::<Vec<_>>()
        };
        parts.into_iter().flat_map(named).collect()
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        self.record(x, None, None)
    }

    fn train<'t>(&self, x: Var<'t>, training: &mut Training<'t>) -> Var<'t> {
        self.record(x, None, Some(training))
    }
}
