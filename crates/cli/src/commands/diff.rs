use crate::failure::Failure;
use crate::loaded::ModelFile;
use crate::output::say;
use chainrule::picture::diff;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Compares the graphs of two models, node by node; exit status 1 if they differ.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    #[command(flatten)]
    before: ModelFile,
    /// The other model.
    after: PathBuf,
    /// Draws both as one picture: .svg, .html, .png, .pdf, .dot or .mmd.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Diff {
    pub(crate) fn run(self) -> Result<bool, Failure> {
        let before = self.before.load()?;
        let after = self.before.at(self.after).load()?;
        let found = diff(&before.tape.graph(), &after.tape.graph());
        if let Some(path) = &self.output {
            found.picture()?.save(path)?;
        }
        let lines = found.to_string();
        let value = || json!({ "equal": found.is_empty(), "differences": lines.lines().collect::<Vec<_>>() });
        let text = || if found.is_empty() { "the graphs are equal\n".to_owned() } else { lines.clone() };
        say(self.json, text, value)?;
        Ok(found.is_empty())
    }
}
