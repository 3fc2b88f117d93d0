//! Optimisers: updates of parameters, recorded as nodes of the graph.

use crate::{Float, State, Tape, Var};
use ndarray::{ArrayD, IxDyn};
use std::fmt::Debug;

/// An update rule for parameters, recorded as nodes of the graph.
///
/// The state that an optimiser keeps from step to step consists of parameters of the tape too, such as
/// `momentum/affine1/weight`, named after the optimiser and one parameter, whatever scope the optimiser is called in. So
/// several optimisers of one kind do not interfere on one tape, in one plan or in several, as long as no parameter is
/// updated by two of the same name. [`init`](Self::init) puts zeros for them into the state of the network.
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
    /// Names and shapes of its state for these parameters; none by default.
    ///
    /// # Panics
    ///
    /// If it keeps state for a var without a name.
    #[track_caller]
    fn memory(&self, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
        let _ = parameters;
        Vec::new()
    }

    /// Records one step for parameters with given gradients, which may be clipped or averaged: pairs of a parameter and the
    /// node of its new value, including the optimiser's own state. The nodes are marked as [updates](Tape::updating).
    ///
    /// # Panics
    ///
    /// If there are not as many gradients as parameters, or one has another shape than its parameter.
    #[track_caller]
    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)>;

    /// Records the gradients of `loss` and one step: pairs of a parameter and the node of its new value.
    ///
    /// # Panics
    ///
    /// If `loss` is not one number, or an op on the path to a parameter is not differentiable.
    #[track_caller]
    fn updates<'t>(&self, loss: Var<'t>, parameters: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        match loss.try_grad(parameters) {
            Ok(gradients) => self.apply(parameters, &gradients),
            Err(e) => panic!("{e}"),
        }
    }

    /// Sets its [`memory`](Self::memory) in a state to zeros, replacing earlier values.
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

    /// Adds the entries of its [`memory`](Self::memory) that the state lacks, to continue with a saved state and additional
    /// parameters. They are zeros; where the state has one number for all parameters, as `adam/step` for `adam/step/w`, that
    /// number.
    ///
    /// # Panics
    ///
    /// As [`memory`](Self::memory).
    #[track_caller]
    fn init_missing<F: Float>(&self, parameters: &[Var<'_>], state: &mut State<F>)
    where
        Self: Sized,
    {
        for (name, shape) in self.memory(parameters) {
            if state.get(&name).is_some() {
                continue;
            }
            let mut above = name.match_indices('/').filter_map(|(at, _)| state.get(&name[..at]));
            let shared = above.find(|array| array.ndim() == 0 && shape.is_empty());
            let first = shared.map_or(F::zero(), |number| number.sum());
            state.insert(&name, ArrayD::from_elem(IxDyn(&shape), first));
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

/// Gradient descent: `p ← p − η g`, with learning rate η and gradient g. Keeps no state.
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
/// Polyak 1964, *Some methods of speeding up the convergence of iteration methods*, in PyTorch's form: η scales v when it is
/// applied, not when it is accumulated. Its state is `momentum/p` for each parameter p, or `name/p` if it is
/// [named](Self::named).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Momentum {
    name: &'static str,
    learning_rate: f64,
    momentum: f64,
}

impl Momentum {
    /// With learning rate η and momentum μ, often 0.9.
    pub fn new(learning_rate: f64, momentum: f64) -> Self {
        Self { name: "momentum", learning_rate, momentum }
    }

    /// The same with another name than `momentum` for its state and its scope.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

impl Optimizer for Momentum {
    #[track_caller]
    fn memory(&self, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
        memory_of(self.name, parameters)
    }

    fn apply<'t>(&self, parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Vec<(Var<'t>, Var<'t>)> {
        let Some(tape) = tape_of(parameters, gradients) else { return Vec::new() };
        let (_updating, _root) = (tape.updating(), tape.root_scope());
        let _scope = tape.scope(self.name);
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

/// The tape of some parameters, after a check that each has a gradient of its shape; `None` if there are none.
#[track_caller]
pub(super) fn tape_of<'t>(parameters: &[Var<'t>], gradients: &[Var<'t>]) -> Option<&'t Tape> {
    assert_eq!(parameters.len(), gradients.len(), "apply: there must be one gradient for each parameter");
    for (p, g) in parameters.iter().zip(gradients) {
        assert_eq!(p.shape(), g.shape(), "apply: the gradient of {p:?} must have its shape");
    }
    parameters.first().map(|p| p.tape())
}

/// State of the shape of each parameter, named below a scope.
#[track_caller]
pub(super) fn memory_of(scope: &str, parameters: &[Var<'_>]) -> Vec<(String, Vec<usize>)> {
    let mut memory = Vec::with_capacity(parameters.len());
    for &p in parameters {
        memory.push((format!("{scope}/{}", name_of(p)), p.shape()));
    }
    memory
}

/// The name of a parameter.
#[track_caller]
pub(super) fn name_of(parameter: Var<'_>) -> String {
    match parameter.name() {
        Some(name) => name,
        None => panic!("{parameter:?} has no name; an optimiser updates `tape.parameter(name, shape)`"),
    }
}
