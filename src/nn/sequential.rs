//! Networks: layers in order.

use super::{Layer, Parameter, Training};
use crate::shown::{CELL, LIST, grouped, shown};
use crate::{Float, State, Tape, Var};
use rand::Rng;
use std::fmt;
use std::sync::Arc;

/// Layers in order, each applied to the result of the one before.
///
/// Layers are numbered by kind, from 1, in the order of insertion: `affine1`, `relu1`, `affine2`. Each is recorded in the
/// scope of its name, which prefixes the names of its parameters: `affine1/weight`. Networks with a layer of the same name
/// on the same tape share its parameters; [`push_named`](Self::push_named) keeps a name when layers are recombined, and
/// prefixes all names of a network that becomes part of another.
///
/// ```
/// use chainrule::nn::{Affine, Relu, Sequential, Softmax};
///
/// let net = Sequential::new().push(Affine::new(784, 50)).push(Relu).push(Affine::new(50, 10));
/// let hidden: Sequential = net.layers().take(2).map(|(_, layer)| layer.clone()).collect();
/// let probabilities = net.clone().push(Softmax);
/// assert_eq!(hidden.len(), 2);
/// assert_eq!(probabilities.to_string(), "\
/// layer     output  parameters                   numbers
/// affine1       50  weight [784, 50], bias [50]   39,250
/// relu1         50                                     0
/// affine2       10  weight [50, 10], bias [10]       510
/// softmax1      10                                     0
/// total                                           39,760
/// ");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Sequential {
    layers: Vec<(String, Arc<dyn Layer>)>,
}

impl Sequential {
    /// A network without layers, which returns its input.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same network with one more layer at its end, named by its kind and the next free number.
    #[must_use]
    pub fn push(self, layer: impl Layer + 'static) -> Self {
        self.push_shared(Arc::new(layer))
    }

    fn push_shared(mut self, layer: Arc<dyn Layer>) -> Self {
        let kind = layer.kind();
        let numbered =
            |(name, other): &&(String, Arc<dyn Layer>)| other.kind() == kind && name.starts_with(kind);
        let first = 1 + self.layers.iter().filter(numbered).count();
        let name = (first..).map(|n| format!("{kind}{n}")).find(|name| self.get(name).is_none());
        self.layers.extend(name.map(|name| (name, layer)));
        self
    }

    /// The same network with one more layer at its end, under the given name.
    ///
    /// ```
    /// use chainrule::nn::{Affine, Relu, Sequential};
    ///
    /// let encoder = Sequential::new().push(Affine::new(784, 16)).push(Relu);
    /// let net = Sequential::new().push_named("encoder", encoder).push_named("head", Affine::new(16, 10));
    /// let tape = chainrule::Tape::new();
    /// let names: Vec<_> = net.parameters(&tape).iter().filter_map(|p| p.name()).collect();
    /// assert_eq!(names, ["encoder/affine1/weight", "encoder/affine1/bias", "head/weight", "head/bias"]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the name is empty or another layer of this network has it.
    #[track_caller]
    #[must_use]
    pub fn push_named(mut self, name: &str, layer: impl Layer + 'static) -> Self {
        assert!(!name.is_empty(), "push_named: a layer needs a name that is not empty");
        assert!(
            self.get(name).is_none(),
            "push_named: there is already a layer `{name}`; layers of one network have different names"
        );
        self.layers.push((name.to_owned(), Arc::new(layer)));
        self
    }

    /// Names and layers in order. A layer that is cloned from here can be [pushed](Self::push) into another network.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = (&str, &Arc<dyn Layer>)> {
        self.layers.iter().map(|(name, layer)| (name.as_str(), layer))
    }

    /// The layer with a name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Layer>> {
        self.layers.iter().find(|(other, _)| other == name).map(|(_, layer)| layer)
    }

    /// The number of layers.
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// Whether there are no layers.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Records the forward pass on the tape of `x`, each layer in the scope of its name.
    ///
    /// # Panics
    ///
    /// If a layer does not accept the shape it is given.
    #[track_caller]
    pub fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        let mut y = x;
        for (name, layer) in &self.layers {
            let _scope = y.tape().scope(name);
            y = layer.forward(y);
        }
        y
    }

    /// Records the forward pass in training, each layer in the scope of its name; see [`Training`].
    ///
    /// # Panics
    ///
    /// If a layer does not accept the shape it is given.
    #[track_caller]
    pub fn train<'t>(&self, x: Var<'t>, training: &mut Training<'t>) -> Var<'t> {
        let mut y = x;
        for (name, layer) in &self.layers {
            let _scope = y.tape().scope(name);
            y = layer.train(y, training);
        }
        y
    }

    /// The vars of its parameters on a tape, in the order of the layers: those that [`forward`](Self::forward) uses if it is
    /// called in the same scope. They are recorded if they do not exist yet.
    ///
    /// # Panics
    ///
    /// If the tape has a parameter of one of the names with another shape.
    #[track_caller]
    pub fn parameters<'t>(&self, tape: &'t Tape) -> Vec<Var<'t>> {
        let mut vars = Vec::new();
        for parameter in self.named_parameters() {
            vars.push(parameter.on(tape));
        }
        vars
    }

    /// Initial values of all parameters, and of what layers remember beside them, drawn layer by layer from the caller's generator.
    ///
    /// They are drawn in f64 and rounded to nearest: the same seed gives the same bytes, and networks in f32 and f64 start
    /// from the same numbers.
    ///
    /// ```
    /// use chainrule::nn::{Affine, Sequential};
    /// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    ///
    /// let net = Sequential::new().push(Affine::new(3, 2));
    /// let wide = net.init::<f64>(&mut ChaCha8Rng::seed_from_u64(7));
    /// let narrow = net.init::<f32>(&mut ChaCha8Rng::seed_from_u64(7));
    /// assert_eq!(wide.cast::<f32>(), narrow);
    /// ```
    pub fn init<F: Float>(&self, rng: &mut dyn Rng) -> State<F> {
        let mut state = State::new();
        for Parameter { name, shape, init } in
            self.named(|layer| [layer.parameters(), layer.buffers()].concat())
        {
            state.insert(&name, init.draw(&shape, rng).mapv(F::of));
        }
        state
    }

    /// The parameters of all layers under their full names.
    fn named_parameters(&self) -> Vec<Parameter> {
        self.named(|layer| layer.parameters())
    }

    /// What is asked of each layer, under full names.
    fn named(&self, parameters: impl Fn(&dyn Layer) -> Vec<Parameter>) -> Vec<Parameter> {
        let in_layer = |(scope, layer): &(String, Arc<dyn Layer>)| {
            let named = |p: Parameter| Parameter { name: format!("{scope}/{}", p.name), ..p };
            parameters(&**layer).into_iter().map(named).collect::<Vec<_>>()
        };
        self.layers.iter().flat_map(in_layer).collect()
    }
}

/// A network is a layer of kind `sequential`: its name in the outer network prefixes all names in it.
impl Layer for Sequential {
    fn kind(&self) -> &str {
        "sequential"
    }

    fn parameters(&self) -> Vec<Parameter> {
        self.named_parameters()
    }

    fn outputs(&self, inputs: Option<usize>) -> Option<usize> {
        self.layers.iter().fold(inputs, |inputs, (_, layer)| layer.outputs(inputs))
    }

    fn forward<'t>(&self, x: Var<'t>) -> Var<'t> {
        self.forward(x)
    }

    fn buffers(&self) -> Vec<Parameter> {
        self.named(|layer| layer.buffers())
    }

    fn train<'t>(&self, x: Var<'t>, training: &mut Training<'t>) -> Var<'t> {
        self.train(x, training)
    }
}

/// The layers in order, renumbered.
impl FromIterator<Arc<dyn Layer>> for Sequential {
    fn from_iter<I: IntoIterator<Item = Arc<dyn Layer>>>(layers: I) -> Self {
        layers.into_iter().fold(Self::new(), Self::push_shared)
    }
}

/// A table: each layer with the size of the last axis of its result, its parameters, and how many numbers they hold.
impl fmt::Display for Sequential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![["layer", "output", "parameters", "numbers"].map(str::to_owned)];
        let (mut outputs, mut total) = (None, 0);
        for (name, layer) in &self.layers {
            outputs = layer.outputs(outputs);
            let parameters = layer.parameters();
            let numbers = parameters.iter().map(Parameter::len).fold(0, usize::saturating_add);
            let list: Vec<String> = parameters.iter().map(|p| format!("{} {:?}", p.name, p.shape)).collect();
            let output = outputs.map_or_else(|| "?".to_owned(), |n| n.to_string());
            let (name, list) = (shown(name, CELL).into_owned(), shown(&list.join(", "), LIST).into_owned());
            rows.push([name, output, list, grouped(numbers)]);
            total = numbers.saturating_add(total);
        }
        rows.push(["total".to_owned(), String::new(), String::new(), grouped(total)]);
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [0, 1, 2, 3].map(width);
        for [layer, output, parameters, numbers] in &rows {
            let [w0, w1, w2, w3] = widths;
            writeln!(f, "{layer:w0$}  {output:>w1$}  {parameters:w2$}  {numbers:>w3$}")?;
        }
        Ok(())
    }
}
