//! A model, its weights, and the files it is saved in.

use super::messages::{ModelProto, StringStringEntryProto, TensorProto};
use super::writer::write;
use crate::Float;
use crate::base::state::State;
use crate::error::{Error, Result};
use crate::exchange::exported::{Export, ExportPrecision, ValueRole};
use crate::portable::ElementType;
use chainrule_base::files::write_file;
use prost::Message;
use std::path::Path;

/// A model of ONNX, of operator set 18.
///
/// Inputs and parameters are inputs of the model, by their names; outputs are outputs. The new value of the parameter `w` is the
/// output `w.next`. An operation that onnxruntime does not have in double precision is written with others that it has.
///
/// ```
/// # fn main() -> chainrule::Result<()> {
/// use chainrule::{State, Tape, exchange::{Export, ExportPrecision}};
/// let tape = Tape::new();
/// let (x, w) = (tape.input("x", [8, 3]), tape.parameter("w", [3, 2]));
/// let y = x.matmul(w).relu().named("y");
/// let mut state = State::<f32>::new();
/// state.insert("w", ndarray::Array2::ones((3, 2)));
/// let model = Export::with_open_batch([y], [], [x])?.to_onnx(ExportPrecision::F32)?.with_weights(&state)?;
/// assert!(model.to_bytes().len() > 100);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct OnnxModel {
    pub(in crate::exchange::onnx) model: ModelProto,
    pub(in crate::exchange::onnx) precision: ExportPrecision,
    /// The names of parameters that are not updated.
    pub(in crate::exchange::onnx) fixed: Vec<String>,
}

/// Weights of this many bytes stand beside the model, where they do.
const LARGE: usize = 1024;

impl Export {
    /// A model of ONNX.
    ///
    /// # Errors
    ///
    /// If the batch size is left open, and something depends on it in another way than by a multiple and a number.
    pub fn to_onnx(&self, precision: ExportPrecision) -> Result<OnnxModel> {
        let problem = |problem| Error::Argument { what: "export", problem };
        let model = write(self, precision).map_err(problem)?;
        let updated = |name: &str| self.results.iter().any(|r| r.role == ValueRole::State && r.name == name);
        let fixed = self.arguments.iter().filter(|a| a.role == ValueRole::State && !updated(&a.name));
        let fixed = fixed.map(|a| a.name.clone()).collect();
        Ok(OnnxModel { model, precision, fixed })
    }
}

impl OnnxModel {
    /// With the parameters of a state as constants of the model, in the place of inputs; those that are updated stay inputs.
    ///
    /// # Errors
    ///
    /// If the state has no array for one of them, or one of another shape.
    pub fn with_weights<F: Float>(mut self, state: &State<F>) -> Result<Self> {
        let Some(graph) = &mut self.model.graph else { return Ok(self) };
        let problem = |problem| Error::Argument { what: "export", problem };
        for name in &self.fixed {
            let Some(at) = graph.input.iter().position(|input| input.name == *name) else { continue };
            let array = state.get(name).ok_or_else(|| problem(format!("the state has no `{name}`")))?;
            let numbers: Vec<f64> = array.iter().map(|x| x.wide()).collect();
            let tensor = self.precision.onnx_tensor(name, ElementType::Real, &numbers, array.shape());
            let declared = graph.input.remove(at);
            let wanted =
                declared.r#type.and_then(|t| t.tensor_type).and_then(|t| t.shape).unwrap_or_default();
            if wanted != super::nodes::shape_of(&tensor.dims) {
                return Err(problem(format!("`{name}` of the state has shape {:?}", array.shape())));
            }
            graph.initializer.push(tensor);
        }
        Ok(self)
    }

    /// The model in one piece, its weights inside.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.model.encode_to_vec()
    }

    /// Saves the model in one file, its weights inside. (A file of protobuf has at most 2 GiB.)
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        write_file(path.as_ref(), &self.to_bytes())
    }

    /// Saves the model, and its weights in a file beside it: `net.onnx` and `net.onnx.data`.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn save_with_weights_beside(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let mut beside = path.file_name().unwrap_or_default().to_owned();
        beside.push(".data");
        let location = beside.to_string_lossy().into_owned();
        let (mut model, mut data) = (self.model.clone(), Vec::new());
        for tensor in model.graph.iter_mut().flat_map(|graph| &mut graph.initializer) {
            move_out(tensor, &location, &mut data);
        }
        write_file(&path.with_file_name(beside), &data)?;
        write_file(path, &model.encode_to_vec())
    }
}

fn move_out(tensor: &mut TensorProto, location: &str, data: &mut Vec<u8>) {
    let Some(own) = tensor.raw_data.take_if(|own| own.len() >= LARGE) else { return };
    // Pages of memory are mapped from multiples of their size.
    data.resize(data.len().next_multiple_of(4096), 0);
    let entries = [
        ("location", location.to_owned()),
        ("offset", data.len().to_string()),
        ("length", own.len().to_string()),
    ];
    tensor.external_data = entries
        .into_iter()
        .map(|(key, value)| StringStringEntryProto { key: key.to_owned(), value })
        .collect();
    tensor.data_location = Some(1);
    data.extend(own);
}
