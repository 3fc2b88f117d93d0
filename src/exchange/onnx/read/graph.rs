//! A model from its bytes, and its graph on a tape.

use super::node::{OnnxNode, Reading, Results};
use super::value::OnnxValue;
use crate::base::shape::checked_size;
use crate::base::state::State;
use crate::error::{Error, Result};
use crate::exchange::exported::ExportPrecision;
use crate::exchange::onnx::messages::{DimensionValue, GraphProto, ModelProto, TensorProto, ValueInfoProto};
use crate::exchange::onnx::model::OnnxModel;
use crate::tape::{Limits, Tape, Var};
use prost::Message;
use rustc_hash::FxHashMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path};

/// The graph of a model on a tape.
#[derive(Debug)]
pub struct OnnxGraph<'t> {
    /// The inputs, in the order of the model.
    pub inputs: Vec<Var<'t>>,
    /// The outputs, in the order of the model and with its names.
    pub outputs: Vec<Var<'t>>,
    /// The initialisers of real numbers, which are parameters of the tape.
    pub state: State<f64>,
}

fn refused(problem: String) -> Error {
    Error::Argument { what: "onnx", problem }
}

impl OnnxModel {
    /// A model from its bytes.
    ///
    /// # Errors
    ///
    /// If they are no model.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let model =
            ModelProto::decode(bytes).map_err(|error| refused(format!("this is no model: {error}")))?;
        if model.graph.is_none() {
            return Err(refused("this is no model: it has no graph".to_owned()));
        }
        Ok(Self { model, precision: ExportPrecision::F32, fixed: Vec::new() })
    }

    /// A model from a file, and its weights from files beside it, if they are there.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, is no model, or names weights outside of its folder.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let unread = |e: std::io::Error| refused(format!("{} cannot be read: {e}", path.display()));
        let mut loaded = Self::from_bytes(&std::fs::read(path).map_err(unread)?)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for tensor in loaded.model.graph.iter_mut().flat_map(|graph| &mut graph.initializer) {
            if tensor.data_location == Some(1) {
                move_in(tensor, folder)
                    .map_err(|problem| refused(format!("tensor `{}`: {problem}", tensor.name)))?;
            }
        }
        Ok(loaded)
    }

    /// Records the graph: inputs by their names, with the sizes of axes that the model leaves open (`("batch", 8)`); initialisers
    /// of real numbers as parameters, whose values are in [`OnnxGraph::state`]. What depends on known whole numbers alone, shapes and
    /// positions, is computed at once.
    ///
    /// Operator sets from 13 on. Numbers of 16 bits and strings are not read, nor are control flow and sequences.
    ///
    /// ```
    /// # fn main() -> chainrule::Result<()> {
    /// use chainrule::{Tape, exchange::{Export, ExportPrecision, OnnxModel}};
    /// let tape = Tape::new();
    /// let x = tape.input("x", [8, 3]);
    /// let y = x.softmax(-1).named("y");
    /// let bytes = Export::with_open_batch([y], [], [x])?.to_onnx(ExportPrecision::F64)?.to_bytes();
    ///
    /// let tape = Tape::new();
    /// let graph = OnnxModel::from_bytes(&bytes)?.record(&tape, &[("batch", 2)])?;
    /// assert_eq!(graph.outputs[0].shape(), [2, 3]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If an operator has no counterpart, which is named with its node; or shapes or numbers do not fit, or a result is larger than
    /// [`Limits`] allow by default.
    pub fn record<'t>(&self, tape: &'t Tape, sizes: &[(&str, usize)]) -> Result<OnnxGraph<'t>> {
        let opset = self.model.opset_import.iter().find(|set| ["", "ai.onnx"].contains(&set.domain.as_str()));
        match opset.map(|set| set.version) {
            Some(13..) => {}
            other => {
                let found = other.map_or("none".to_owned(), |version| version.to_string());
                return Err(refused(format!("the operator set is {found}; 13 and later are read")));
            }
        }
        let default = GraphProto::default();
        let graph = self.model.graph.as_ref().unwrap_or(&default);
        record(graph, tape, sizes).map_err(refused)
    }
}

/// Reads the numbers of a tensor from a file in a folder, no more than its shape has.
fn move_in(tensor: &mut TensorProto, folder: &Path) -> std::result::Result<(), String> {
    let entry = |key: &str| tensor.external_data.iter().find(|e| e.key == key).map(|e| e.value.clone());
    let location = entry("location").ok_or("its file is not named")?;
    let inside = Path::new(&location).components().all(|part| matches!(part, Component::Normal(_)));
    if !inside {
        return Err(format!("`{location}` is not in the folder of the model"));
    }
    let number = |key: &str| entry(key).map_or(Some(0), |text| text.parse::<u64>().ok());
    let (Some(offset), Some(length)) = (number("offset"), number("length")) else {
        return Err("offset and length are no numbers".to_owned());
    };
    let path = folder.join(&location);
    let unread = |e: std::io::Error| format!("{} cannot be read: {e}", path.display());
    let mut file = std::fs::File::open(&path).map_err(unread)?;
    file.seek(SeekFrom::Start(offset)).map_err(unread)?;
    let mut data = Vec::new();
    let length = if length == 0 { u64::MAX } else { length };
    // The vector grows with the bytes that arrive.
    file.take(length).read_to_end(&mut data).map_err(unread)?;
    tensor.raw_data = Some(data);
    tensor.data_location = None;
    tensor.external_data.clear();
    Ok(())
}

fn record<'t>(
    graph: &GraphProto,
    tape: &'t Tape,
    sizes: &[(&str, usize)],
) -> std::result::Result<OnnxGraph<'t>, String> {
    let (values, parameters) = (FxHashMap::default(), FxHashMap::default());
    let mut reading = Reading { tape, values, state: State::new(), parameters };
    for tensor in &graph.initializer {
        reading.values.insert(tensor.name.clone(), tensor.value(true)?);
    }
    let mut inputs = Vec::new();
    for info in &graph.input {
        // Before version 4 of the format, initialisers are inputs, too.
        if !reading.values.contains_key(&info.name) {
            let (value, var) =
                input(info, tape, sizes).map_err(|problem| format!("input `{}`: {problem}", info.name))?;
            reading.values.insert(info.name.clone(), value);
            inputs.push(var);
        }
    }
    for (k, proto) in graph.node.iter().enumerate() {
        let described = |problem: String| {
            let name =
                if proto.name.is_empty() { format!("node {k}") } else { format!("node `{}`", proto.name) };
            format!("{} ({name}): {problem}", proto.op_type)
        };
        let results = reading.node(proto).map_err(described)?;
        for (name, value) in proto.output.iter().zip(results) {
            if let OnnxValue::Real(var) | OnnxValue::Truth(var) | OnnxValue::Index(var) = &value {
                let fits = checked_size(&var.shape()).is_ok_and(|n| n <= Limits::ELEMENTS);
                if !fits {
                    return Err(described(format!(
                        "a result of shape {:?} is larger than is allowed",
                        var.shape()
                    )));
                }
            }
            reading.values.insert(name.clone(), value);
        }
    }
    let mut outputs = Vec::new();
    for info in &graph.output {
        let value = reading.values.get(&info.name).cloned();
        let value = value.ok_or_else(|| format!("nothing computes the output `{}`", info.name))?;
        let var = match value {
            OnnxValue::Index(var) => var,
            other => reading.real(&other)?,
        };
        // What has another name already, as an input that is handed on, keeps it.
        let unnamed = tape.graph().node(var.id()).name().is_none();
        outputs.push(if unnamed { var.named(&info.name) } else { var });
    }
    Ok(OnnxGraph { inputs, outputs, state: reading.state })
}

fn input<'t>(
    info: &ValueInfoProto,
    tape: &'t Tape,
    sizes: &[(&str, usize)],
) -> std::result::Result<(OnnxValue<'t>, Var<'t>), String> {
    let tensor = info.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()).ok_or("it is no tensor")?;
    let dims = tensor.shape.as_ref().ok_or("it has no shape")?;
    let size = |dim: &Option<DimensionValue>| match dim {
        Some(DimensionValue::DimValue(n)) => usize::try_from(*n).map_err(|_| format!("it has a size of {n}")),
        Some(DimensionValue::DimParam(name)) => {
            let given = sizes.iter().find(|(known, _)| known == name).map(|&(_, n)| n);
            given.ok_or_else(|| format!("the size `{name}` is left open; give it when recording"))
        }
        None => Err("a size is left open without a name".to_owned()),
    };
    let shape = dims.dim.iter().map(|dim| size(&dim.value)).collect::<std::result::Result<Vec<_>, _>>()?;
    checked_size(&shape)?;
    match tensor.elem_type {
        1 | 11 | 16 => {
            let var = tape.input(&info.name, shape);
            Ok((OnnxValue::Real(var), var))
        }
        9 => {
            let var = tape.input(&info.name, shape);
            Ok((OnnxValue::Truth(var), var))
        }
        6 | 7 => {
            let var = tape.index_input(&info.name, shape);
            Ok((OnnxValue::Index(var), var))
        }
        other => {
            Err(format!("its data type is {other}; float, double, bfloat16, int32, int64 and bool are read"))
        }
    }
}

impl<'t> Reading<'t> {
    /// The results of a node.
    fn node(&mut self, proto: &crate::exchange::onnx::messages::NodeProto) -> Results<'t> {
        if !["", "ai.onnx"].contains(&proto.domain.as_str()) {
            return Err(format!("operators of `{}` are not known", proto.domain));
        }
        let mut x = Vec::with_capacity(proto.input.len());
        for name in &proto.input {
            x.push(match name.as_str() {
                "" => None,
                name => {
                    Some(self.values.get(name).cloned().ok_or_else(|| format!("nothing computes `{name}`"))?)
                }
            });
        }
        let node = OnnxNode { proto, x };
        let name = proto.op_type.as_str();
        let found = self
            .whole(&node, name)
            .or_else(|| self.elementwise(&node, name))
            .or_else(|| self.shapes(&node, name))
            .or_else(|| self.reduce(&node, name))
            .or_else(|| self.layers(&node, name));
        found.unwrap_or_else(|| Err("this operator has no counterpart".to_owned()))
    }
}
