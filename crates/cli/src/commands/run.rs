use crate::failure::Failure;
use crate::loaded::{ModelFile, Numbers};
use crate::output::say;
use chainrule::State;
use clap::Args;
use ndarray::ArrayD;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Computes the outputs of a model, in f64.
///
/// Inputs that are not fed are random numbers, and indices 0.
#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    model: ModelFile,
    #[command(flatten)]
    numbers: Numbers,
    /// Writes the outputs to a file: .npz, .safetensors, or .npy of a single one.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Run {
    pub(crate) fn run(self) -> Result<bool, Failure> {
        let mut loaded = self.model.load()?;
        loaded.give(&self.numbers)?;
        let outputs = loaded.outputs();
        let mut found: State<f64> = State::new();
        let values = loaded.tape.values(outputs.iter().map(|y| y.id()))?;
        for (k, (y, (_, value))) in outputs.iter().zip(values).enumerate() {
            let name = y.name().unwrap_or_else(|| format!("output{k}"));
            found.insert(&name, value);
        }
        if let Some(path) = &self.output {
            found.save(path)?;
            return Ok(true);
        }
        let text =
            || found.iter().map(|(name, array)| format!("{name} {:?}\n{array}\n", array.shape())).collect();
        let value = || {
            let all = found.iter().map(|(name, array)| (name.to_owned(), nested(&array.to_owned())));
            Value::Object(all.collect())
        };
        say(self.json, text, value)?;
        Ok(true)
    }
}

/// An array as nested lists; what JSON has no number for as text.
fn nested(array: &ArrayD<f64>) -> Value {
    match array.ndim() {
        0 => {
            array.first().map_or(Value::Null, |x| if x.is_finite() { json!(x) } else { json!(x.to_string()) })
        }
        _ => Value::Array(array.outer_iter().map(|part| nested(&part.to_owned())).collect()),
    }
}
