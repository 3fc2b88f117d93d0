//! Optimisers: updates of parameters, recorded like everything else.

use crate::{Float, State, Tape, Var};
use ndarray::{ArrayD, IxDyn};
use std::fmt::Debug;

/// A rule by which parameters follow their gradients, as nodes of the graph.
///
/// What an optimiser remembers from step to step is parameters of the tape too, such as `momentum/affine1/weight`. They
/// start as zeros, which [`init`](Self::init) puts into the state beside the network's own.
///
/// ```
/// use chainrule::nn::{Momentum, Optimizer};
/// use chainrule::{State, Tape};
/// use ndarray::arr0;
///
/// let tape = Tape::new();
/// let w = tape.parameter("w", &[][..]);
/// let (optimizer, mut state) = (Momentum::new(0.1, 0.9), State::<f64>::new());
/// let updates = optimizer.updates(w.square(), &[w]);
/// state.insert("w", arr0(3.0));
/// optimizer.init(&[w], &mut state);
///
/// tape.load(&state)?;
/// let new: Vec<_> = updates.iter().map(|(p, y)| (p.name().unwrap(), y.value().item())).collect();
/// assert_eq!(new, [("w".to_owned(), 3.0 - 0.1 * 6.0), ("momentum/w".to_owned(), 6.0)]);
/// # Ok::<(), chainrule::Error>(())
/// ```
pub trait Optimizer: Debug + Send + Sync {
    /// Name and shape of what it remembers of these parameters; nothing unless said otherwise.
    ///
    /// # Panics
    ///
    /// If something is remembered of a var that has no name.
    #[track_caller]
    fn memory(&self, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
        let _ = parameters;
        Vec::new()
    }

    /// Records one step for parameters whose gradients are given: pairs of a parameter and the node that holds its new
    /// value, memory included. The nodes are marked as [updates](Tape::updating).
    ///
    /// This is the door for gradients that were clipped or averaged before.
    ///
    /// # Panics
    ///
    /// If there are not as many gradients as parameters, or one has another shape.
    #[track_caller]
    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)>;

    /// Records the gradients of `loss` and one step: pairs of a parameter and the node that holds its new value.
    ///
    /// Call it in no scope, so that the names of its memory are those of [`memory`](Self::memory).
    ///
    /// # Panics
    ///
    /// If `loss` is not one number, or there is no derivative on the way to a parameter.
    #[track_caller]
    fn updates<'t>(&self, loss: Var<'t>, parameters: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        match loss.try_grad(parameters) {
            Ok(gradients) => self.apply(parameters, &gradients),
            Err(e) => panic!("{e}"),
        }
    }

    /// Puts zeros for its memory into a state, in place of what stood there under these names.
    ///
    /// # Panics
    ///
    /// As [`memory`](Self::memory).
    #[track_caller]
    fn init<F: Float>(&self, parameters: &[Var<'_>], state: &mut State<F>)
    where
        Self: Sized,
    {
        for (name, shape) in self.memory(parameters) {
            state.insert(&name, ArrayD::<F>::zeros(IxDyn(&shape)));
        }
    }
}

/// An optimiser chosen at run time.
impl<O: Optimizer + ?Sized> Optimizer for Box<O> {
    fn memory(&self, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
        (**self).memory(parameters)
    }

    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        (**self).apply(parameters, gradients)
    }
}

/// Gradient descent: `p ← p − η g`, with learning rate η and gradient g. Remembers nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sgd {
    learning_rate: f64,
}

impl Sgd {
    /// With this learning rate η.
    pub fn new(learning_rate: f64) -> Self {
        Self { learning_rate }
    }
}

impl Optimizer for Sgd {
    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        let Some(tape) = tape_of(parameters, gradients) else { return Vec::new() };
        let _updating = tape.updating();
        let _scope = tape.scope("sgd");
        let rate = tape.constant(self.learning_rate);
        let mut new = Vec::new();
        for (&p, &g) in parameters.iter().zip(gradients) {
            new.push((p, p - rate * g));
        }
        new
    }
}

/// Gradient descent with momentum: `v ← μ v + g`, `p ← p − η v`, with v from 0.
///
/// Polyak 1964, *Some methods of speeding up the convergence of iteration methods*, in PyTorch's form: η multiplies v when
/// it is used, not when it is gathered. Remembers `momentum/p` for each parameter p.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Momentum {
    learning_rate: f64,
    momentum: f64,
}

impl Momentum {
    /// With learning rate η and momentum μ, often 0.9.
    pub fn new(learning_rate: f64, momentum: f64) -> Self {
        Self { learning_rate, momentum }
    }
}

impl Optimizer for Momentum {
    fn memory(&self, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
        let names = names_of(parameters).into_iter().zip(parameters);
        names.map(|(name, p)| (format!("momentum/{name}"), p.shape())).collect()
    }

    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        let Some(tape) = tape_of(parameters, gradients) else { return Vec::new() };
        let _updating = tape.updating();
        let _scope = tape.scope("momentum");
        let (rate, momentum) = (tape.constant(self.learning_rate), tape.constant(self.momentum));
        let (mut new, mut memory) = (Vec::new(), Vec::new());
        for (&p, &g) in parameters.iter().zip(gradients) {
            let v = tape.parameter(&name_of(p), p.shape());
            let new_v = momentum * v + g;
            new.push((p, p - rate * new_v));
            memory.push((v, new_v));
        }
        [new, memory].concat()
    }
}

/// The tape of some parameters, each of which has a gradient of its shape; `None` if there are none.
#[track_caller]
pub(super) fn tape_of<'t>(parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Option<&'t Tape> {
    assert_eq!(parameters.len(), gradients.len(), "apply: there must be one gradient for each parameter");
    for (p, g) in parameters.iter().zip(gradients) {
        assert_eq!(p.shape(), g.shape(), "apply: the gradient of {p:?} must have its shape");
    }
    parameters.first().map(|p| p.tape())
}

/// The name of a parameter.
#[track_caller]
pub(super) fn name_of(parameter: Var<'_>) -> String {
    match parameter.name() {
        Some(name) => name,
        None => panic!("{parameter:?} has no name; an optimiser updates `tape.parameter(name, shape)`"),
    }
}

/// The names of parameters.
#[track_caller]
pub(super) fn names_of(parameters: &[Var<'_>]) -> Vec<String> {
    let mut names = Vec::new();
    // A loop, not a closure: the panic names the caller's line.
    for &parameter in parameters {
        names.push(name_of(parameter));
    }
    names
}
