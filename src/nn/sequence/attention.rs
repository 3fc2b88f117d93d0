//! Attention of several heads.

use super::positions::rotated;
use crate::Var;
use crate::nn::init::{Init, OutputsAt, Xavier, Zeros};
use crate::nn::{Dropout, Layer, Parameter, Training};

/// Attention of several heads, `softmax(Q Kᵀ / √d) V` of each, between tokens `[n, tokens, width]`.
///
/// Vaswani and others 2017, *Attention is all you need*, section 3.2.2. Names and shapes are those of PyTorch's
/// `MultiheadAttention`, whose weights load: `in_proj_weight` `[3 width, width]` (of queries, keys and values),
/// `in_proj_bias`, `out_proj/weight` `[width, width]`, `out_proj/bias`.
///
/// A token that may attend to none, because all are masked, gets a mean of values that is 0, with gradients of 0 (and
/// `out_proj/bias` as result); PyTorch gives NaN.
///
/// ```
/// use chainrule::{Tape, nn::{Layer, MultiHeadAttention}};
/// let tape = Tape::new();
/// let x = tape.input("x", [8, 64, 128]);
/// assert_eq!(MultiHeadAttention::new(128, 4).causal().rotary().forward(x).shape(), [8, 64, 128]);
/// ```
#[derive(Debug, Clone)]
pub struct MultiHeadAttention {
    heads: usize,
    causal: bool,
    rotary: bool,
    dropout: Option<Dropout>,
    parameters: [Parameter; 4],
}

impl MultiHeadAttention {
    /// Of tokens of a width, which is divided among so many heads.
    ///
    /// # Panics
    ///
    /// If the width is no multiple of the number of heads.
    #[track_caller]
    pub fn new(width: usize, heads: usize) -> Self {
        assert!(
            heads > 0 && width.is_multiple_of(heads),
            "attention: a width of {width} is not divided among {heads} heads; it is a multiple of their number"
        );
        let weight = |name, rows, init: OutputsAt<Xavier>| Parameter::new(name, [rows, width], init);
        Self {
            heads,
            causal: false,
            rotary: false,
            dropout: None,
            parameters: [
                weight("in_proj_weight", 3 * width, OutputsAt::new(0, Xavier)),
                Parameter::new("in_proj_bias", [3 * width], Zeros),
                weight("out_proj/weight", width, OutputsAt::new(0, Xavier)),
                Parameter::new("out_proj/bias", [width], Zeros),
            ],
        }
    }

    /// Each token attends to itself and those before it.
    #[must_use]
    pub fn causal(self) -> Self {
        Self { causal: true, ..self }
    }

    /// Queries and keys are turned by an angle for each position (rotary positions), so that their product depends on the
    /// distance of two tokens.
    ///
    /// # Panics
    ///
    /// If the width of a head is odd.
    #[track_caller]
    #[must_use]
    pub fn rotary(self) -> Self {
        let width = self.parameters[3].len() / self.heads;
        assert!(
            width.is_multiple_of(2),
            "attention: rotary positions turn pairs, and a head has a width of {width}"
        );
        Self { rotary: true, ..self }
    }

    /// With dropout, in training, of the weights behind the softmax: a token then attends to some of the others, and their
    /// weights are larger by as much.
    ///
    /// # Panics
    ///
    /// If p is not from 0 to 1.
    #[track_caller]
    #[must_use]
    pub fn dropout(self, p: f64) -> Self {
        Self { dropout: Some(Dropout::new(p)), ..self }
    }

    /// The same with another initialiser of its weights, which are drawn as of shape `[inputs, outputs]`.
    #[must_use]
    pub fn init(mut self, init: impl Init + Clone + 'static) -> Self {
        for at in [0, 2] {
            let Parameter { name, shape, .. } = self.parameters[at].clone();
            self.parameters[at] = Parameter::new(&name, shape, OutputsAt::new(0, init.clone()));
        }
        self
    }

    /// Records attention of `queries` `[n, tokens, width]` to `keys` and `values` `[n, others, width]`. `padding` is
    /// `[n, others]`, not 0 for each key that none attends to; it has no gradient.
    ///
    /// # Panics
    ///
    /// If a shape is another.
    #[track_caller]
    pub fn attend<'t>(
        &self,
        queries: Var<'t>,
        keys: Var<'t>,
        values: Var<'t>,
        padding: Option<Var<'t>>,
    ) -> Var<'t> {
        self.record([queries, keys, values], padding, None)
    }

    /// As [`attend`](Self::attend), of `[queries, keys, values]`; in training, or else in evaluation.
    ///
    /// # Panics
    ///
    /// If a shape is another.
    #[track_caller]
    pub fn record<'t>(
        &self,
        [queries, keys, values]: [Var<'t>; 3],
        padding: Option<Var<'t>>,
        training: Option<&mut Training<'t>>,
    ) -> Var<'t> {
        let (tape, width) = (queries.tape(), self.parameters[3].len());
        for x in [queries, keys, values] {
            let shape = x.shape();
            assert!(
                matches!(shape[..], [_, _, last] if last == width),
                "attention takes tokens [n, tokens, {width}], got shape {shape:?}"
            );
        }
        let [weight, bias, out_weight, out_bias] = [0, 1, 2, 3].map(|at| self.parameters[at].on(tape));
        let head = width / self.heads;
        let heads = |x: Var<'t>, tokens: usize| {
            // The size of the batch is left open, so that the graph takes another.
            let n = if tokens * width == 0 { x.shape()[0] as isize } else { -1 };
            x.reshape([n, tokens as isize, self.heads as isize, head as isize]).permute([0, 2, 1, 3])
        };
        let [q, k, v] = if [keys.id(), values.id()] == [queries.id(); 2] {
            (queries.matmul(weight.t()) + bias).split([width; 3], -1)
        } else {
            let (weights, biases) = (weight.split([width; 3], 0), bias.split([width; 3], 0));
            let x = [queries, keys, values];
            [0, 1, 2].map(|at| x[at].matmul(weights[at].t()) + biases[at])
        };
        let (tokens, others) = (queries.shape()[1], keys.shape()[1]);
        let (mut q, mut k, v) = (heads(q, tokens), heads(k, others), heads(v, others));
        if self.rotary {
            (q, k) = (rotated(q), rotated(k));
        }
        let scores = q.matmul(k.permute([0, 1, 3, 2])) / (head as f64).sqrt();
        let causal = self.causal.then(|| tape.constant(1.0).broadcast_to([tokens, others]).triu(1));
        let padding = padding.map(|padding| padding.not_equal(0.0).expand_dims([1, 2]));
        let mask = match (causal, padding) {
            (Some(a), Some(b)) => Some(a.logical_or(b)),
            (one, other) => one.or(other),
        };
        let weights = match mask {
            // Not −∞, of which a row would be NaN; its softmax is as little, but where all are masked.
            Some(mask) => scores.masked_fill(mask, -1e30).softmax(-1).masked_fill(mask, 0.0),
            None => scores.softmax(-1),
        };
        let weights = match (&self.dropout, training) {
            (Some(dropout), Some(training)) => dropout.train(weights, training),
            _ => weights,
        };
        let mixed = weights.matmul(v).permute([0, 2, 1, 3]).reshape_like(queries);
        mixed.matmul(out_weight.t()) + out_bias
    }
}

/// The tokens attend to each other.
impl Layer for MultiHeadAttention {
    fn kind(&self) -> &str {
        "attention"
    }

    fn parameters(&self) -> Vec<Parameter> {
        self.parameters.to_vec()
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        self.attend(x, x, x, None)
    }

    fn train<'t>(&self, x: Var<'t>, training: &mut Training<'t>) -> Var<'t> {
        self.record([x; 3], None, Some(training))
    }
}
