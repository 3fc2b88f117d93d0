//! The results as JSON.

use crate::gradient_check::GradientCheck;
use crate::options::Options;
use crate::training::Training;
use chainrule::check::Mode;
use serde::Serialize;
use serde_json::{Value, json};
use std::error::Error;
use std::path::Path;

/// The chapter's names for the parameters of the two layers.
const NAMES: [(&str, &str); 4] =
    [("W1", "affine1/weight"), ("b1", "affine1/bias"), ("W2", "affine2/weight"), ("b2", "affine2/bias")];

#[derive(Serialize)]
struct Report<'a> {
    options: &'a Options,
    gradient_check: Value,
    training: &'a Training,
}

/// Writes `report.json`.
pub(crate) fn write(
    options: &Options,
    check: &GradientCheck,
    training: &Training,
    path: &Path,
) -> Result<(), Box<dyn Error>> {
    let found = &check.report;
    let step = match found.mode {
        Mode::Chapter { step } => Some(step),
        Mode::Full | Mode::Quick { .. } => None,
    };
    let mut gradient_check = json!({
        "seconds": check.seconds,
        "step": step,
        "mode": found.mode.name(),
        "passed": found.passed(),
        "nodes": &found.nodes,
        "faults": &found.faults,
        "unseen": found.unseen,
    });
    for (name, parameter) in NAMES {
        gradient_check[name] = serde_json::to_value(check.report.parameter(parameter))?;
    }
    let text = serde_json::to_string_pretty(&Report { options, gradient_check, training })?;
    std::fs::write(path, text).map_err(|e| format!("{}: cannot be written: {e}", path.display()).into())
}
