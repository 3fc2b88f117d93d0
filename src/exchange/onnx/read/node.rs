//! A node with its operands and attributes, and how it is recorded.

use super::value::{OnnxNumbers, OnnxValue};
use crate::base::state::State;
use crate::exchange::onnx::messages::{AttributeProto, NodeProto};
use crate::tape::op::Op;
use crate::tape::{Tape, Var};
use ndarray::{ArrayD, IxDyn};
use rustc_hash::FxHashMap;

/// What is known of a model while it is read.
pub(super) struct Reading<'t> {
    pub(super) tape: &'t Tape,
    pub(super) values: FxHashMap<String, OnnxValue<'t>>,
    pub(super) state: State<f64>,
    /// Initialisers that were recorded.
    pub(super) parameters: FxHashMap<String, Var<'t>>,
}

/// One node of a model.
pub(super) struct OnnxNode<'a, 't> {
    pub(super) proto: &'a NodeProto,
    /// The operands; one that is left out is none.
    pub(super) x: Vec<Option<OnnxValue<'t>>>,
}

/// What a node gives.
pub(super) type Results<'t> = Result<Vec<OnnxValue<'t>>, String>;

impl<'t> OnnxNode<'_, 't> {
    pub(super) fn attribute(&self, name: &str) -> Option<&AttributeProto> {
        self.proto.attribute.iter().find(|attribute| attribute.name == name)
    }

    pub(super) fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).and_then(|attribute| attribute.i).unwrap_or(default)
    }

    pub(super) fn float(&self, name: &str, default: f64) -> f64 {
        self.attribute(name).and_then(|attribute| attribute.f).map_or(default, f64::from)
    }

    pub(super) fn ints(&self, name: &str) -> Option<&[i64]> {
        self.attribute(name).map(|attribute| &attribute.ints[..])
    }

    pub(super) fn text(&self, name: &str, default: &str) -> String {
        let text = self.attribute(name).and_then(|attribute| attribute.s.as_deref());
        text.map_or_else(|| default.to_owned(), |text| String::from_utf8_lossy(text).into_owned())
    }

    /// Whether an operand is real numbers.
    pub(super) fn is_real(&self, i: usize) -> bool {
        matches!(self.x.get(i), Some(Some(OnnxValue::Real(_) | OnnxValue::Constant(..))))
    }

    pub(super) fn has(&self, i: usize) -> bool {
        self.x.get(i).is_some_and(Option::is_some)
    }

    pub(super) fn operand(&self, i: usize) -> Result<&OnnxValue<'t>, String> {
        self.x.get(i).and_then(Option::as_ref).ok_or_else(|| format!("operand {i} is missing"))
    }

    /// Whole numbers that are known.
    pub(super) fn known(&self, i: usize) -> Result<&OnnxNumbers<i64>, String> {
        match self.operand(i)? {
            OnnxValue::Known(numbers) => Ok(numbers),
            _ => Err(format!("operand {i} is computed, and has to be known when the graph is recorded")),
        }
    }

    /// One real number that is known, or the default of an operand that is left out.
    pub(super) fn number(&self, i: usize, default: f64) -> Result<f64, String> {
        match self.x.get(i) {
            None | Some(None) => Ok(default),
            Some(Some(OnnxValue::Constant(numbers, _))) if numbers.data.len() == 1 => Ok(numbers.data[0]),
            Some(Some(OnnxValue::Known(numbers))) if numbers.data.len() == 1 => Ok(numbers.data[0] as f64),
            _ => Err(format!("operand {i} has to be one number that is known when the graph is recorded")),
        }
    }

    /// Axes of an attribute or of an operand, counted from the front; none if there are none.
    pub(super) fn axes(&self, i: usize, rank: usize) -> Result<Option<Vec<usize>>, String> {
        let given = match self.ints("axes") {
            Some(axes) => axes,
            None if self.has(i) => &self.known(i)?.data[..],
            None => return Ok(None),
        };
        let mut axes = given.iter().map(|&a| axis(a, rank)).collect::<Result<Vec<_>, _>>()?;
        axes.sort_unstable();
        match axes.windows(2).any(|pair| pair[0] == pair[1]) {
            true => Err(format!("axes {given:?} name one twice")),
            false => Ok(Some(axes)),
        }
    }
}

/// An axis counted from the front.
pub(super) fn axis(a: i64, rank: usize) -> Result<usize, String> {
    let from_front = if a < 0 { a.checked_add(rank as i64) } else { Some(a) };
    let axis = from_front.and_then(|a| usize::try_from(a).ok()).filter(|&a| a < rank);
    axis.ok_or_else(|| format!("there is no axis {a} of {rank}"))
}

impl<'t> Reading<'t> {
    /// Records an op.
    pub(super) fn apply(&self, op: impl Op, x: &[Var<'t>]) -> Result<Var<'t>, String> {
        self.tape.try_apply(op, x).map_err(|error| error.to_string())
    }

    /// A value as real numbers; truths count as such.
    pub(super) fn real(&mut self, value: &OnnxValue<'t>) -> Result<Var<'t>, String> {
        match value {
            OnnxValue::Real(var) | OnnxValue::Truth(var) => Ok(*var),
            OnnxValue::Index(var) => self.apply(crate::ops::ToReal, &[*var]),
            OnnxValue::Known(numbers) => {
                let data = numbers.data.iter().map(|&n| n as f64).collect();
                Ok(self.tape.constant(array(&numbers.shape, data)?))
            }
            OnnxValue::Constant(numbers, None) => {
                Ok(self.tape.constant(array(&numbers.shape, numbers.data.clone())?))
            }
            OnnxValue::Constant(numbers, Some(name)) => {
                if let Some(known) = self.parameters.get(name) {
                    return Ok(*known);
                }
                let parameter = self.tape.parameter(name, &numbers.shape);
                self.state.insert(name, array(&numbers.shape, numbers.data.clone())?);
                self.parameters.insert(name.clone(), parameter);
                Ok(parameter)
            }
        }
    }

    /// An operand as real numbers.
    pub(super) fn x(&mut self, node: &OnnxNode<'_, 't>, i: usize) -> Result<Var<'t>, String> {
        let value = node.operand(i)?;
        self.real(value)
    }

    /// A value as indices.
    pub(super) fn indices(&self, value: &OnnxValue<'t>, n: usize) -> Result<Var<'t>, String> {
        match value {
            OnnxValue::Index(var) => Ok(*var),
            OnnxValue::Known(numbers) => {
                let place =
                    |&i: &i64| usize::try_from(if i < 0 { i.saturating_add(n as i64) } else { i }).ok();
                let data: Option<Vec<usize>> =
                    numbers.data.iter().map(|i| place(i).filter(|&i| i < n)).collect();
                let data = data.ok_or_else(|| format!("an index lies past an axis of {n} elements"))?;
                let array = ArrayD::from_shape_vec(IxDyn(&numbers.shape), data).map_err(|e| e.to_string())?;
                let name = format!("indices{}", self.tape.graph().len());
                Ok(self.tape.index_leaf(&name, array))
            }
            OnnxValue::Real(var) | OnnxValue::Truth(var) => self.apply(crate::ops::ToIndex, &[*var]),
            OnnxValue::Constant(..) => Err("indices are wanted, not real numbers".to_owned()),
        }
    }
}

pub(super) fn array(shape: &[usize], data: Vec<f64>) -> Result<ArrayD<f64>, String> {
    ArrayD::from_shape_vec(IxDyn(shape), data).map_err(|error| error.to_string())
}
