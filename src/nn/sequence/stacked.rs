//! Recurrent layers on top of each other, and in both directions.

use crate::Var;
use crate::nn::{Dropout, Layer, Parameter, Training};

/// A layer that goes through sequences `[n, times, inputs]` with a state: [`Rnn`](super::Rnn), [`Lstm`](super::Lstm),
/// [`Gru`](super::Gru), or a user's own.
pub trait Recurrent: Layer + Clone {
    /// What it hands from one time to the next.
    type State<'t>;

    /// The same layer with more behind the names of its parameters.
    #[must_use]
    fn with_suffix(self, suffix: &str) -> Self;

    /// Records all times from a state, or from the layer's own first one: the outputs `[n, times, hidden]`, and the last state.
    ///
    /// # Panics
    ///
    /// If a shape is not what the layer takes.
    #[track_caller]
    fn unroll<'t>(&self, x: Var<'t>, state: Option<Self::State<'t>>) -> (Var<'t>, Self::State<'t>);
}

/// Recurrent layers on top of each other, of sequences `[n, times, inputs]` to `[n, times, hidden]`; with two directions, each
/// layer has one that goes through the times from first to last and one from last to first, and the result is
/// `[n, times, 2 hidden]`, the outputs of the first beside those of the second.
///
/// It is PyTorch's `num_layers`, `bidirectional` and `dropout`, with the same names of parameters: `weight_ih_l0`,
/// `weight_ih_l0_reverse`, `weight_ih_l1`, … Schuster and Paliwal 1997, *Bidirectional recurrent neural networks*.
///
/// ```
/// use chainrule::{Tape, nn::{Lstm, Orthogonal, Stacked}};
/// let tape = Tape::new();
/// let x = tape.input("x", [32, 10, 5]);
/// let net = Stacked::new(2, 5, 7, Lstm::new).bidirectional().dropout(0.1);
/// let (outputs, states) = net.unroll(x, None, None);
/// assert_eq!(outputs.shape(), [32, 10, 14]);
/// assert_eq!(states.len(), 4); // (h, c) of each layer and direction
/// let other = Stacked::new(2, 5, 7, |inputs, hidden| Lstm::new(inputs, hidden).init(Orthogonal(1.0)));
/// # let _ = other;
/// ```
#[derive(Debug, Clone)]
pub struct Stacked<L> {
    layers: usize,
    inputs: usize,
    hidden: usize,
    make: fn(usize, usize) -> L,
    dropout: Option<Dropout>,
    bidirectional: bool,
    /// One for each layer and direction, the directions of a layer beside each other.
    parts: Vec<L>,
}

impl<L: Recurrent> Stacked<L> {
    /// So many layers on sequences of so many inputs, each with so many hidden units, made by a function of both numbers, as
    /// `Lstm::new` is one.
    ///
    /// # Panics
    ///
    /// If there is no layer.
    #[track_caller]
    pub fn new(layers: usize, inputs: usize, hidden: usize, make: fn(usize, usize) -> L) -> Self {
        assert!(layers > 0, "stacked: there is at least one layer, got 0");
        let stacked =
            Self { layers, inputs, hidden, make, dropout: None, bidirectional: false, parts: Vec::new() };
        stacked.made()
    }

    /// With a second direction of each layer, from the last time to the first.
    #[must_use]
    pub fn bidirectional(self) -> Self {
        Self { bidirectional: true, ..self }.made()
    }

    /// With dropout, in training, of what each layer but the last hands to the next.
    ///
    /// # Panics
    ///
    /// If p is not from 0 to 1.
    #[track_caller]
    #[must_use]
    pub fn dropout(self, p: f64) -> Self {
        Self { dropout: Some(Dropout::new(p)), ..self }
    }

    fn directions(&self) -> usize {
        1 + usize::from(self.bidirectional)
    }

    fn made(mut self) -> Self {
        let directions = self.directions();
        let part = |layer: usize, suffix: &str| {
            let inputs = if layer == 0 { self.inputs } else { directions * self.hidden };
            (self.make)(inputs, self.hidden).with_suffix(&format!("_l{layer}{suffix}"))
        };
        self.parts = (0..self.layers)
            .flat_map(|layer| {
                ["", "_reverse"].into_iter().take(directions).map(move |suffix| (layer, suffix))
            })
            .map(|(layer, suffix)| part(layer, suffix))
            .collect();
        self
    }

    /// Records all layers on sequences `[n, times, inputs]`, from given states or from the layers' own; in training, or else in
    /// evaluation. Returns the outputs of the last layer, and the last state of each layer and direction: those of a layer
    /// beside each other, as in PyTorch's `h_n`.
    ///
    /// # Panics
    ///
    /// If a shape is another, there is no time, or there are not as many states as layers and directions together.
    #[track_caller]
    pub fn unroll<'t>(
        &self,
        x: Var<'t>,
        states: Option<Vec<L::State<'t>>>,
        mut training: Option<&mut Training<'t>>,
    ) -> (Var<'t>, Vec<L::State<'t>>) {
        let (wanted, directions) = (self.parts.len(), self.directions());
        let mut states: Vec<Option<L::State<'t>>> = match states {
            Some(states) => states.into_iter().map(Some).collect(),
            None => (0..wanted).map(|_| None).collect(),
        };
        assert_eq!(states.len(), wanted, "stacked: there is one state for each layer and direction");
        let (mut y, mut last) = (x, Vec::with_capacity(wanted));
        for (layer, parts) in self.parts.chunks(directions).enumerate() {
            if let (Some(dropout), Some(training), true) = (&self.dropout, training.as_deref_mut(), layer > 0)
            {
                y = dropout.train(y, training);
            }
            let mut outputs = Vec::with_capacity(directions);
            for (direction, part) in parts.iter().enumerate() {
                let state = states[last.len()].take();
                let backwards = direction == 1;
                let x = if backwards { y.flip(1) } else { y };
                let (own, state) = part.unroll(x, state);
                outputs.push(if backwards { own.flip(1) } else { own });
                last.push(state);
            }
            y = if let [own] = outputs[..] { own } else { x.tape().concat(&outputs, -1) };
        }
        (y, last)
    }
}

/// The outputs of all times, from the layers' own first states.
impl<L: Recurrent> Layer for Stacked<L> {
    fn kind(&self) -> &str {
        self.parts[0].kind()
    }

    fn parameters(&self) -> Vec<Parameter> {
        self.parts.iter().flat_map(Layer::parameters).collect()
    }

    fn outputs(&self, _: Option<usize>) -> Option<usize> {
        Some(self.directions() * self.hidden)
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        self.unroll(x, None, None).0
    }

    fn buffers(&self) -> Vec<Parameter> {
        self.parts.iter().flat_map(Layer::buffers).collect()
    }

    fn train<'t>(&self, x: Var<'t>, training: &mut Training<'t>) -> Var<'t> {
        self.unroll(x, None, Some(training)).0
    }
}
