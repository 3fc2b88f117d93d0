//! Models as JSON, to be read by people.

use super::container::{FORMAT, WRITER, unknown};
use super::graph::Model;
use crate::base::float::Float;
use crate::base::state::State;
use crate::shown::{CELL, shown};
use serde::{Deserialize, Serialize};

/// What stands in a file, by reference.
#[derive(Serialize)]
#[serde(bound = "")]
struct WrittenModel<'m, F: Float> {
    format: u32,
    chainrule: &'m str,
    precision: &'m str,
    model: &'m Model,
    #[serde(skip_serializing_if = "State::is_empty")]
    state: &'m State<F>,
}

/// The part of a file that every version has.
#[derive(Deserialize)]
struct Version {
    format: u32,
    chainrule: String,
    #[serde(default)]
    precision: String,
}

#[derive(Deserialize)]
#[serde(bound = "")]
struct ReadModel<F: Float> {
    model: Model,
    #[serde(default)]
    state: State<F>,
}

pub(super) fn write<F: Float>(model: &Model, state: &State<F>) -> Result<Vec<u8>, String> {
    let written = WrittenModel { format: FORMAT, chainrule: WRITER, precision: F::NAME, model, state };
    let mut bytes = serde_json::to_vec_pretty(&written).map_err(|e| e.to_string())?;
    bytes.push(b'\n');
    Ok(bytes)
}

pub(super) fn read<F: Float>(bytes: &[u8]) -> Result<(Model, State<F>), String> {
    let damaged = |e: serde_json::Error| format!("damaged: {e}");
    let Version { format, chainrule, precision } = serde_json::from_slice(bytes).map_err(damaged)?;
    if format != FORMAT {
        return Err(unknown(format, &chainrule));
    }
    match precision.as_str() {
        written if written == F::NAME => {
            let ReadModel { model, state } = serde_json::from_slice(bytes).map_err(damaged)?;
            Ok((model, state))
        }
        "f32" => {
            let ReadModel::<f32> { model, state } = serde_json::from_slice(bytes).map_err(damaged)?;
            Ok((model, state.cast()))
        }
        "f64" => {
            let ReadModel::<f64> { model, state } = serde_json::from_slice(bytes).map_err(damaged)?;
            if state.is_empty() {
                return Ok((model, State::new()));
            }
            Err("its state holds f64, which f32 would round; load it in f64 and `cast` that".to_owned())
        }
        other => Err(format!("damaged: there is no precision `{}`", shown(other, CELL))),
    }
}
