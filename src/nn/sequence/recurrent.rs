//! Recurrent layers: a cell, unrolled over time.

use super::stacked::Recurrent;
use crate::Var;
use crate::nn::init::{Init, OutputsAt, Xavier, Zeros};
use crate::nn::{Layer, Parameter};

/// Weights of the input and of the state before it, with their biases, of so many gates beside each other.
#[derive(Debug, Clone)]
struct Gates {
    hidden: usize,
    parameters: [Parameter; 4],
}

impl Gates {
    fn new(inputs: usize, hidden: usize, gates: usize) -> Self {
        let weight =
            |name, columns| Parameter::new(name, [gates * hidden, columns], OutputsAt::new(0, Xavier));
        let bias = |name| Parameter::new(name, [gates * hidden], Zeros);
        let parameters =
            [weight("weight_ih", inputs), weight("weight_hh", hidden), bias("bias_ih"), bias("bias_hh")];
        Self { hidden, parameters }
    }

    fn init(mut self, init: impl Init + Clone + 'static) -> Self {
        for at in [0, 1] {
            let Parameter { name, shape, .. } = self.parameters[at].clone();
            self.parameters[at] = Parameter::new(&name, shape, OutputsAt::new(0, init.clone()));
        }
        self
    }

    /// The same with more behind the names of its parameters.
    fn with_suffix(mut self, suffix: &str) -> Self {
        self.parameters.iter_mut().for_each(|p| p.name.push_str(suffix));
        self
    }

    /// The part of the input `[…, inputs]`.
    #[track_caller]
    fn of_input<'t>(&self, x: Var<'t>) -> Var<'t> {
        x.matmul(self.parameters[0].on(x.tape()).t()) + self.parameters[2].on(x.tape())
    }

    /// What gives the part of the state, on the tape of a var: recorded once for all times, so that the products of all times
    /// are added up as they are computed.
    #[track_caller]
    fn of_state<'t>(&self, x: Var<'t>) -> StateMap<'t> {
        StateMap { weight: self.parameters[1].on(x.tape()).t(), bias: self.parameters[3].on(x.tape()) }
    }

    /// The parts of the input at each time, which are one product.
    #[track_caller]
    fn over_time<'t>(&self, kind: &str, x: Var<'t>) -> Vec<Var<'t>> {
        let (shape, inputs) = (x.shape(), self.parameters[0].shape[1]);
        assert!(
            matches!(shape[..], [_, times, last] if times > 0 && last == inputs),
            "{kind} takes sequences [n, times, {inputs}] of at least one time, got shape {shape:?}"
        );
        self.of_input(x).unstack(1)
    }

    /// Zeros `[n, hidden]` for the part of an input `[n, gates · hidden]`.
    #[track_caller]
    fn zeros<'t>(&self, part: Var<'t>) -> Var<'t> {
        let like = part.slice(ndarray::s![.., ..self.hidden]);
        part.tape().constant(0.0).broadcast_like(like)
    }
}

/// The map from a state to its part of the gates.
#[derive(Clone, Copy)]
struct StateMap<'t> {
    weight: Var<'t>,
    bias: Var<'t>,
}

impl<'t> StateMap<'t> {
    /// The part of the state `[n, hidden]`.
    #[track_caller]
    fn of(self, h: Var<'t>) -> Var<'t> {
        h.matmul(self.weight) + self.bias
    }
}

/// What all recurrent layers have.
macro_rules! recurrent {
    ($layer:ident, $kind:literal, $gates:literal, $state:ty, |$self:ident, $map:ident, $part:ident, $h:ident| $cell:expr,
     |$z:ident| $first:expr, |$s:ident| $output:expr) => {
        impl $layer {
            /// Of sequences of so many inputs, with a state of so many hidden units. Weights are those of [`Xavier`], biases
            /// zeros.
            pub fn new(inputs: usize, hidden: usize) -> Self {
                Self(Gates::new(inputs, hidden, $gates))
            }

            /// The same with another initialiser of its weights, which are drawn as of shape `[inputs, outputs]`.
            #[must_use]
            pub fn init(self, init: impl Init + Clone + 'static) -> Self {
                Self(self.0.init(init))
            }

            /// Records one step: the state behind an input `[n, inputs]` and a state.
            ///
            /// # Panics
            ///
            /// If a shape is another.
            #[track_caller]
            pub fn step<'t>(&self, x: Var<'t>, state: $state) -> $state {
                self.cell(self.0.of_state(x), self.0.of_input(x), state)
            }

            #[track_caller]
            fn cell<'t>(&self, map: StateMap<'t>, part: Var<'t>, state: $state) -> $state {
                let ($self, $map, $part, $h) = (self, map, part, state);
                let _ = $self;
                $cell
            }

            /// Records all steps of sequences `[n, times, inputs]` from a state, which is zeros if not given: the outputs
            /// of all times, `[n, times, hidden]`, and the last state.
            ///
            /// # Panics
            ///
            /// If a shape is another, or there is no time.
            #[track_caller]
            pub fn unroll<'t>(&self, x: Var<'t>, state: Option<$state>) -> (Var<'t>, $state) {
                let parts = self.0.over_time($kind, x);
                let map = self.0.of_state(x);
                let mut state = match state {
                    Some(state) => state,
                    None => {
                        let $z = self.0.zeros(parts[0]);
                        $first
                    }
                };
                let mut outputs = Vec::with_capacity(parts.len());
                for part in parts {
                    state = self.cell(map, part, state);
                    let $s = state;
                    outputs.push($output);
                }
                (x.tape().stack(&outputs, 1), state)
            }
        }

        impl Recurrent for $layer {
            type State<'t> = $state;

            fn with_suffix(self, suffix: &str) -> Self {
                Self(self.0.with_suffix(suffix))
            }

            fn unroll<'t>(&self, x: Var<'t>, state: Option<$state>) -> (Var<'t>, $state) {
                self.unroll(x, state)
            }
        }

        /// The outputs of all times, from a state of zeros.
        impl Layer for $layer {
            fn kind(&self) -> &str {
                $kind
            }

            fn parameters(&self) -> Vec<Parameter> {
                self.0.parameters.to_vec()
            }

            fn outputs(&self, _: Option<usize>) -> Option<usize> {
                Some(self.0.hidden)
            }

            fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
                self.unroll(x, None).0
            }
        }
    };
}

/// A recurrent layer, `h ← tanh(W x + b + V h + c)`, of sequences `[n, times, inputs]` to `[n, times, hidden]`.
///
/// Elman 1990, *Finding structure in time*. Its parameters are those of PyTorch: `weight_ih` (W), `weight_hh` (V), `bias_ih` (b)
/// and `bias_hh` (c).
#[derive(Debug, Clone)]
pub struct Rnn(Gates);

recurrent!(Rnn, "rnn", 1, Var<'t>, |layer, map, part, h| (part + map.of(h)).tanh(), |zeros| zeros, |h| h);

/// A long short-term memory of sequences `[n, times, inputs]` to `[n, times, hidden]`. Its state is `(h, c)`:
/// `c ← σ(f) c + σ(i) tanh(g)`, `h ← σ(o) tanh(c)`, with the gates i, f, g, o, in this order, `W x + b + V h + b'`.
///
/// Hochreiter and Schmidhuber 1997, *Long short-term memory*, with the forget gate of Gers, Schmidhuber and Cummins 2000. Its
/// parameters are those of PyTorch: `weight_ih` (W), `weight_hh` (V), `bias_ih` (b) and `bias_hh` (b').
///
/// ```
/// use chainrule::{Tape, nn::Lstm};
/// let tape = Tape::new();
/// let x = tape.input("x", [32, 10, 5]);
/// let (outputs, (h, c)) = Lstm::new(5, 7).unroll(x, None);
/// assert_eq!(outputs.shape(), [32, 10, 7]);
/// assert_eq!([h.shape(), c.shape()], [[32, 7], [32, 7]]);
/// ```
#[derive(Debug, Clone)]
pub struct Lstm(Gates);

recurrent!(
    Lstm,
    "lstm",
    4,
    (Var<'t>, Var<'t>),
    |layer, map, part, state| {
        let (h, c) = state;
        let [i, f, g, o] = (part + map.of(h)).split([layer.0.hidden; 4], -1);
        let c = f.sigmoid() * c + i.sigmoid() * g.tanh();
        (o.sigmoid() * c.tanh(), c)
    },
    |zeros| (zeros, zeros),
    |state| state.0
);

/// A gated recurrent unit of sequences `[n, times, inputs]` to `[n, times, hidden]`: `h ← (1 − σ(z)) n + σ(z) h`, with
/// `n = tanh(a + σ(r) s)`; the gates r and z are `W x + b + V h + b'`, and a is `W x + b`, s is `V h + b'`, in the order
/// r, z, n.
///
/// Cho and others 2014, *Learning phrase representations using RNN encoder-decoder*, in the form of cuDNN, where the reset gate
/// follows the product. Its parameters are those of PyTorch: `weight_ih` (W), `weight_hh` (V), `bias_ih` (b) and `bias_hh` (b').
#[derive(Debug, Clone)]
pub struct Gru(Gates);

recurrent!(
    Gru,
    "gru",
    3,
    Var<'t>,
    |layer, map, part, h| {
        let [r, z, n] = part.split([layer.0.hidden; 3], -1);
        let [of_r, of_z, of_n] = map.of(h).split([layer.0.hidden; 3], -1);
        let (r, z) = ((r + of_r).sigmoid(), (z + of_z).sigmoid());
        let n = (n + r * of_n).tanh();
        n + z * (h - n)
    },
    |zeros| zeros,
    |h| h
);
