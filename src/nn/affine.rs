//! The affine map of a batch.

use super::{He, Init, Layer, Parameter, Zeros};
use crate::Var;

/// The affine map: `y = x · W + b`, with x `[n, inputs]`, W `[inputs, outputs]`, b `[outputs]`, y `[n, outputs]`.
///
/// Its parameters are `weight` (W, initialised by [`He`] by default, see [`init`](Self::init)) and `bias` (b, zeros).
///
/// ```
/// use chainrule::{State, Tape, nn::{Affine, Sequential}};
/// use ndarray::{array, arr2};
///
/// let net = Sequential::new().push(Affine::new(2, 1));
/// let tape = Tape::new();
/// let y = net.forward(tape.leaf("x", arr2(&[[1.0, 2.0], [3.0, 4.0]])));
///
/// let mut state = State::<f64>::new();
/// state.insert("affine1/weight", arr2(&[[10.0], [100.0]]));
/// state.insert("affine1/bias", array![0.5]);
/// tape.load(&state)?;
/// assert_eq!(y.value().into_array(), arr2(&[[210.5], [430.5]]).into_dyn());
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Affine {
    weight: Parameter,
    bias: Parameter,
}

impl Affine {
    /// A map from `inputs` to `outputs` numbers.
    pub fn new(inputs: usize, outputs: usize) -> Self {
        Self {
            weight: Parameter::new("weight", [inputs, outputs], He),
            bias: Parameter::new("bias", [outputs], Zeros),
        }
    }

    /// The same map with another initialiser of its weight.
    #[must_use]
    pub fn init(self, init: impl Init + 'static) -> Self {
        let weight = Parameter::new(&self.weight.name, self.weight.shape, init);
        Self { weight, ..self }
    }
}

impl Layer for Affine {
    fn kind(&self) -> &str {
        "affine"
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![self.weight.clone(), self.bias.clone()]
    }

    fn outputs(&self, _: Option<usize>) -> Option<usize> {
        self.bias.shape.first().copied()
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let tape = x.tape();
        x.matmul(self.weight.on(tape)) + self.bias.on(tape)
    }
}
