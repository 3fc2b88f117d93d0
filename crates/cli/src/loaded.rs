//! A model from a file, on a tape.

use crate::failure::Failure;
use chainrule::exchange::OnnxModel;
use chainrule::graph::{Kind, Leaf, Node};
use chainrule::{Model, NodeId, Registry, State, Tape, Var};
use clap::Args;
use ndarray::ArrayD;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use std::path::{Path, PathBuf};

/// The kinds of files that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// A graph with outputs, updates and weights.
    Model,
    Onnx,
    /// Named arrays.
    State,
    /// StableHLO, which is written and not read.
    StableHlo,
}

impl FileKind {
    /// The kind of a file, by its ending.
    pub(crate) fn of(path: &Path) -> Result<Self, Failure> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("chainrule" | "json") => Ok(Self::Model),
            Some("onnx") => Ok(Self::Onnx),
            Some("safetensors" | "npz" | "npy") => Ok(Self::State),
            Some("mlir") => Ok(Self::StableHlo),
            _ => Err(Failure::of(
                path,
                "the ending says no kind of file that is known: models are .chainrule, .json and .onnx, weights .safetensors, .npz \
                 and .npy",
            )),
        }
    }
}

/// A model that a command takes.
#[derive(Debug, Args)]
pub(crate) struct ModelFile {
    /// The model: .chainrule, .json or .onnx.
    pub(crate) file: PathBuf,
    /// A size that an ONNX model leaves open, such as batch=8.
    #[arg(long = "size", value_name = "NAME=SIZE", value_parser = size)]
    sizes: Vec<(String, usize)>,
}

fn size(text: &str) -> Result<(String, usize), String> {
    let (name, size) = text.split_once('=').ok_or("a size is written as NAME=SIZE, such as batch=8")?;
    let size = size.parse().map_err(|_| format!("`{size}` is no whole number"))?;
    Ok((name.to_owned(), size))
}

/// Numbers for a model.
#[derive(Debug, Args)]
pub(crate) struct Numbers {
    /// An input from a file with one array, such as x=x.npy.
    #[arg(long = "feed", value_name = "NAME=FILE", value_parser = feed)]
    feeds: Vec<(String, PathBuf)>,
    /// Weights from a file, instead of those in the model.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// The seed of the normal random numbers that stand for inputs and weights that have none.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}

fn feed(text: &str) -> Result<(String, PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("an input is written as NAME=FILE, such as x=x.npy")?;
    Ok((name.to_owned(), file.into()))
}

/// A model on a tape of its own.
pub(crate) struct Loaded {
    pub(crate) tape: Tape,
    outputs: Vec<NodeId>,
    updates: Vec<(NodeId, NodeId)>,
    pub(crate) state: State<f64>,
}

/// Reads a file of weights.
pub(crate) fn read_state(path: &Path) -> Result<State<f64>, Failure> {
    match FileKind::of(path)? {
        FileKind::State => Ok(State::load(path)?),
        _ => Err(Failure::of(path, "this is no file of weights: those are .safetensors, .npz and .npy")),
    }
}

impl ModelFile {
    /// Another file, with the same sizes.
    pub(crate) fn at(self, file: PathBuf) -> Self {
        Self { file, ..self }
    }

    /// Reads the model.
    pub(crate) fn load(&self) -> Result<Loaded, Failure> {
        let path = &self.file;
        match FileKind::of(path)? {
            FileKind::Model => {
                let (model, state) = Model::load::<f64>(path)?;
                let tape = model.tape(&Registry::default()).map_err(|problem| Failure::of(path, problem))?;
                let outputs = model.outputs(&tape).iter().map(|y| y.id()).collect();
                let updates = model.updates(&tape).iter().map(|(p, new)| (p.id(), new.id())).collect();
                Ok(Loaded { outputs, updates, state, tape })
            }
            FileKind::Onnx => {
                let tape = Tape::new();
                let sizes: Vec<(&str, usize)> =
                    self.sizes.iter().map(|(name, size)| (name.as_str(), *size)).collect();
                let graph = OnnxModel::load(path)?.record(&tape, &sizes);
                let graph = graph.map_err(|problem| {
                    let problem = problem.to_string();
                    let remedy =
                        if problem.contains("left open") { ", such as `--size batch=8`" } else { "" };
                    Failure::of(path, problem + remedy)
                })?;
                let (outputs, state) = (graph.outputs.iter().map(|y| y.id()).collect(), graph.state);
                Ok(Loaded { outputs, updates: Vec::new(), state, tape })
            }
            FileKind::State => Err(Failure::of(path, "this is a file of weights, and holds no graph")),
            FileKind::StableHlo => Err(Failure::of(path, "StableHLO is written, and not read; XLA runs it")),
        }
    }
}

impl Loaded {
    pub(crate) fn outputs(&self) -> Vec<Var<'_>> {
        self.outputs.iter().filter_map(|&id| self.tape.var(id)).collect()
    }

    pub(crate) fn updates(&self) -> Vec<(Var<'_>, Var<'_>)> {
        let var = |id| self.tape.var(id);
        self.updates.iter().filter_map(|&(parameter, new)| Some((var(parameter)?, var(new)?))).collect()
    }

    /// The leaves of one kind, with their names, or ids such as `n3`, in the order of recording.
    pub(crate) fn leaves(&self, kind: Leaf) -> Vec<(String, Var<'_>)> {
        let graph = self.tape.graph();
        let leaves = graph.nodes().filter(|node| node.leaf() == Some(kind));
        let name = |node: Node<'_>| node.name().map_or_else(|| node.id().to_string(), str::to_owned);
        leaves.filter_map(|node| Some((name(node), self.tape.var(node.id())?))).collect()
    }

    /// Gives all leaves their numbers: what is said, what the model holds, and random numbers for the rest.
    pub(crate) fn give(&mut self, numbers: &Numbers) -> Result<(), Failure> {
        if let Some(path) = &numbers.state {
            self.state = read_state(path)?;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(numbers.seed);
        let inputs = [self.leaves(Leaf::Input), self.leaves(Leaf::Index)].concat();
        for (name, path) in &numbers.feeds {
            let Some((_, input)) = inputs.iter().find(|(input, _)| input == name) else {
                let names: Vec<&str> = inputs.iter().map(|(name, _)| name.as_str()).collect();
                return Err(Failure::Problem(format!(
                    "the model has no input `{name}`; its inputs are {}",
                    names.join(", ")
                )));
            };
            let state = read_state(path)?;
            let Some((_, array)) = state.iter().next().filter(|_| state.len() == 1) else {
                return Err(Failure::of(
                    path,
                    format!("it holds {} arrays, and an input is one", state.len()),
                ));
            };
            match self.kind(*input) {
                Kind::Real => self.tape.feed(*input, array.to_owned())?,
                Kind::Index => {
                    let is_index = |x: &f64| *x >= 0.0 && x.fract() == 0.0;
                    if !array.iter().all(is_index) {
                        return Err(Failure::of(
                            path,
                            format!("`{name}` takes indices, whole numbers from 0 on"),
                        ));
                    }
                    self.tape.feed_indices(*input, array.mapv(|x| x as usize))?;
                }
            }
        }
        let fed = |name: &str| numbers.feeds.iter().any(|(fed, _)| fed == name);
        let is_open = |input: Var<'_>| self.tape.values([input.id()]).is_err();
        for (_, input) in inputs.iter().filter(|(name, input)| !fed(name) && is_open(*input)) {
            match self.kind(*input) {
                Kind::Real => self.tape.feed(*input, normal(&input.shape(), &mut rng))?,
                // The only index that every axis has.
                Kind::Index => {
                    self.tape.feed_indices(*input, ArrayD::<usize>::zeros(ndarray::IxDyn(&input.shape())))?;
                }
            }
        }
        for (name, parameter) in self.leaves(Leaf::Parameter) {
            let shape = parameter.shape();
            match self.state.get(&name) {
                Some(array) if array.shape() == shape => self.tape.feed(parameter, array.to_owned())?,
                Some(array) => {
                    return Err(Failure::Problem(format!(
                        "parameter `{name}` has shape {shape:?}, and its weights {:?}",
                        array.shape()
                    )));
                }
                None => self.tape.feed(parameter, normal(&shape, &mut rng))?,
            }
        }
        Ok(())
    }

    fn kind(&self, var: Var<'_>) -> Kind {
        self.tape.graph().node(var.id()).kind()
    }
}

/// Normal random numbers.
pub(crate) fn normal(shape: &[usize], rng: &mut ChaCha8Rng) -> ArrayD<f64> {
    ArrayD::from_shape_simple_fn(ndarray::IxDyn(shape), || StandardNormal.sample(rng))
}
