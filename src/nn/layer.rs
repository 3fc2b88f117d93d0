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
