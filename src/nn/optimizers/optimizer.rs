//! Optimisers: updates of parameters, recorded as nodes of the graph.

use super::norms::global_norm;
use crate::{Float, State, Var};
use ndarray::{ArrayD, IxDyn};
use std::fmt::Debug;

/// An update rule for parameters, recorded as nodes of the graph.
///
/// The learning rate is a number or a [schedule](super::Rate). [`Clip`](super::Clip) limits gradients, [`Accumulate`](super::Accumulate)
/// adds those of several batches, [`Groups`](super::Groups) has other settings for some parameters; each is an optimiser too.
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
    /// node of its new value, including the optimiser's own state. The nodes are marked as [updates](crate::Tape::updating).
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

    /// As [`updates`](Self::updates), with the gradients and their norm, to be watched or drawn.
    ///
    /// ```
    /// use chainrule::nn::{Optimizer, Sgd};
    /// use chainrule::{Plan, State, Tape};
    /// let tape = Tape::new();
    /// let w = tape.parameter("w", [2]);
    /// let loss = w.square().sum();
    /// let step = Sgd::new(0.1).step(loss, &[w]);
    /// let mut plan = Plan::<f32>::compile([loss, step.norm], step.updates)?;
    /// let mut state: State<f32> = [("w", ndarray::arr1(&[1.5, 2.0]))].into_iter().collect();
    /// assert_eq!(plan.run(&mut state)?.item(step.norm), 5.0);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// As [`updates`](Self::updates); and if there are no parameters, whose gradients have no norm.
    #[track_caller]
    fn step<'t>(&self, loss: Var<'t>, parameters: &[Var<'t>]) -> TrainingStep<'t> {
        match loss.try_grad(parameters) {
            Ok(gradients) => {
                let norm = global_norm(&gradients);
                let updates = self.apply(parameters, &gradients);
                TrainingStep { gradients, norm, updates }
            }
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

/// A recorded step of an optimiser: see [`Optimizer::step`].
#[derive(Debug, Clone)]
pub struct TrainingStep<'t> {
    /// The gradient of the loss with respect to each parameter, before it is clipped.
    pub gradients: Vec<Var<'t>>,
    /// Their [norm](super::global_norm) as one vector.
    pub norm: Var<'t>,
    /// Pairs of a parameter and the node of its new value.
    pub updates: Vec<(Var<'t>, Var<'t>)>,
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
