//! The interface of a layer: named parameters and a recorded forward pass.

use super::Init;
use crate::{Tape, Var};
use std::fmt::Debug;
use std::sync::Arc;

/// A part of a network: its parameters, and how it records its forward pass.
///
/// A layer is a description. It holds no values and belongs to no tape, so several networks can share it. Users' layers
/// implement the same trait:
///
/// ```
/// use chainrule::nn::{Init, Layer, Parameter, Sequential, Zeros};
/// use chainrule::{Tape, Var};
///
/// /// `y = x · e^s`, with one learnt s for each of n columns.
/// #[derive(Debug)]
/// struct Scale(Parameter);
///
/// impl Scale {
///     fn new(columns: usize) -> Self {
///         Self(Parameter::new("log", [columns], Zeros))
///     }
/// }
///
/// impl Layer for Scale {
///     fn kind(&self) -> &str {
///         "scale"
///     }
///     fn parameters(&self) -> Vec<Parameter> {
///         vec![self.0.clone()]
///     }
///     fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
///         x * self.0.on(x.tape()).exp()
///     }
/// }
///
/// let net = Sequential::new().push(Scale::new(3)).push(Scale::new(3));
/// let tape = Tape::new();
/// net.forward(tape.input("x", [2, 3]));
/// let names: Vec<_> = net.parameters(&tape).iter().filter_map(|p| p.name()).collect();
/// assert_eq!(names, ["scale1/log", "scale2/log"]);
/// ```
pub trait Layer: Debug + Send + Sync {
    /// The prefix of its name in a network, such as `affine` for `affine1`, `affine2`.
    fn kind(&self) -> &str;

    /// Its parameters, in the order in which a network lists and initialises them; none by default.
    fn parameters(&self) -> Vec<Parameter> {
        Vec::new()
    }

    /// The size of the last axis of its result, given that of its input; the same by default.
    ///
    /// `None` is an unknown size. Only the printed table of a network uses it.
    fn outputs(&self, inputs: Option<usize>) -> Option<usize> {
        inputs
    }

    /// Records its forward pass on the tape of `x`, with its parameters in the current [scope](Tape::scope).
    ///
    /// # Panics
    ///
    /// If `x` does not have the shape that the layer takes.
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t>) -> Var<'t>;

    /// What it remembers beside its parameters, such as running statistics: kept in the state, but not learnt; none by
    /// default.
    fn buffers(&self) -> Vec<Parameter> {
        Vec::new()
    }

    /// Records its forward pass in training; [`forward`](Self::forward) by default, which is that of evaluation.
    ///
    /// A layer of other layers calls this method of each, or else they behave as in evaluation.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    #[track_caller]
    fn train<'t>(&self, x: Var<'t>, training: &mut Training<'t>) -> Var<'t> {
        let _ = training;
        self.forward(x)
    }
}

/// What a forward pass in training has beside that of evaluation: the source of its noise, and updates of what layers
/// remember. The mode is part of the graph: a network is recorded once for training, and once for evaluation.
///
/// ```
/// use chainrule::nn::{Affine, BatchNorm, Dropout, MseLoss, Optimizer, Relu, Sequential, Sgd, Training};
/// use chainrule::{Plan, Tape};
/// use ndarray::{Array2, arr0};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let net = Sequential::new()
///     .push(Affine::new(3, 8))
///     .push(BatchNorm::new(8))
///     .push(Relu)
///     .push(Dropout::new(0.5))
///     .push(Affine::new(8, 1));
/// let tape = Tape::new();
/// let (x, t) = (tape.input("x", [4, 3]), tape.input("t", [4, 1]));
/// let (key, step) = (tape.index_leaf("key", arr0(1)), tape.index_input("step", []));
///
/// let mut training = Training::new(key, step);
/// let loss = MseLoss::default().forward(net.train(x, &mut training), t);
/// let mut updates = Sgd::new(0.1).updates(loss, &net.parameters(&tape));
/// updates.extend(training.into_updates());
/// let mut plan = Plan::<f64>::compile([loss], updates)?;
///
/// let mut state = net.init(&mut ChaCha8Rng::seed_from_u64(1));
/// plan.feed(x, &Array2::from_shape_fn((4, 3), |(i, j)| (i * 3 + j) as f64))?;
/// plan.feed(t, &Array2::ones((4, 1)))?;
/// plan.feed_indices(step, &arr0(0))?;
/// plan.run(&mut state)?;
/// assert!(state.get("batch_norm1/running_mean").unwrap().iter().any(|&mean| mean != 0.0));
///
/// let evaluation = net.forward(x);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Debug)]
pub struct Training<'t> {
    key: Var<'t>,
    step: Var<'t>,
    streams: usize,
    updates: Vec<(Var<'t>, Var<'t>)>,
}

impl<'t> Training<'t> {
    /// With a key, which is the seed of all noise, and the number of the step, which is fed before each run: one index
    /// each, an [`index_leaf`](Tape::index_leaf) or an [`index_input`](Tape::index_input).
    pub fn new(key: Var<'t>, step: Var<'t>) -> Self {
        Self { key, step, streams: 0, updates: Vec::new() }
    }

    /// Uniform numbers from 0 to 1 of the shape of `x`, others at each call: [`Var::rand_like`].
    #[track_caller]
    pub fn rand_like(&mut self, x: Var<'t>) -> Var<'t> {
        self.streams += 1;
        x.rand_like(self.key, self.step, self.streams - 1)
    }

    /// Normal numbers of the shape of `x`, others at each call: [`Var::randn_like`].
    #[track_caller]
    pub fn randn_like(&mut self, x: Var<'t>) -> Var<'t> {
        self.streams += 1;
        x.randn_like(self.key, self.step, self.streams - 1)
    }

    /// Adds an update: a parameter, and the node of its value after the step.
    pub fn update(&mut self, parameter: Var<'t>, new: Var<'t>) {
        self.updates.push((parameter, new));
    }

    /// The updates of what layers remember, for the plan, beside those of the optimiser.
    pub fn into_updates(self) -> Vec<(Var<'t>, Var<'t>)> {
        self.updates
    }
}

impl<L: Layer + ?Sized> Layer for Arc<L> {
    fn kind(&self) -> &str {
        (**self).kind()
    }

    fn parameters(&self) -> Vec<Parameter> {
        (**self).parameters()
    }

    fn outputs(&self, inputs: Option<usize>) -> Option<usize> {
        (**self).outputs(inputs)
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        (**self).forward(x)
    }

    fn buffers(&self) -> Vec<Parameter> {
        (**self).buffers()
    }

    fn train<'t>(&self, x: Var<'t>, training: &mut Training<'t>) -> Var<'t> {
        (**self).train(x, training)
    }
}

/// The description of a parameter: its name within the layer, its shape, and its initialiser.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The name, such as `weight`, without the name of the layer.
    pub name: String,
    /// The shape.
    pub shape: Vec<usize>,
    /// The initialiser.
    pub init: Arc<dyn Init>,
}

impl Parameter {
    /// A parameter of this name and shape.
    pub fn new(name: &str, shape: impl Into<Vec<usize>>, init: impl Init + 'static) -> Self {
        Self { name: name.to_owned(), shape: shape.into(), init: Arc::new(init) }
    }

    /// Its var in the current [scope](Tape::scope) of a tape: recorded by the first call, the same var after that.
    ///
    /// # Panics
    ///
    /// If there is a parameter of that name with another shape.
    #[track_caller]
    pub fn on<'t>(&self, tape: &'t Tape) -> Var<'t> {
        tape.parameter(&self.name, &self.shape)
    }

    /// How many numbers it holds, saturating at `usize::MAX`.
    pub fn len(&self) -> usize {
        self.shape.iter().fold(1, |count, &n| count.saturating_mul(n))
    }

    /// Whether it holds no numbers.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
