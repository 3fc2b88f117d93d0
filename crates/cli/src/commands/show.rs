use crate::failure::Failure;
use crate::loaded::{FileKind, ModelFile, read_state};
use crate::output::say;
use chainrule::State;
use clap::Args;
use serde_json::json;

/// Shows what a file holds: of a model its ops, parameters, numbers and floating-point operations by scope, of weights their shapes.
#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    model: ModelFile,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(crate) fn run(self) -> Result<bool, Failure> {
        if FileKind::of(&self.model.file)? == FileKind::State {
            let state = read_state(&self.model.file)?;
            say(self.json, || table(&state), || entries(&state))?;
            return Ok(true);
        }
        let loaded = self.model.load()?;
        let summary = loaded.tape.summary();
        say(self.json, || summary.to_string(), || json!(summary))?;
        Ok(true)
    }
}

/// The entries of a state, a line each.
fn table(state: &State<f64>) -> String {
    let width = state.names().map(|name| name.chars().count()).max().unwrap_or(0);
    let lines = state.iter().map(|(name, array)| format!("{name:width$}  {:?}\n", array.shape()));
    let numbers: usize = state.iter().map(|(_, array)| array.len()).sum();
    format!("{}{} entries, {numbers} numbers\n", lines.collect::<String>(), state.len())
}

fn entries(state: &State<f64>) -> serde_json::Value {
    let shapes = state.iter().map(|(name, array)| (name.to_owned(), json!(array.shape())));
    json!({ "entries": shapes.collect::<serde_json::Map<_, _>>() })
}
