//! Models in files of both formats.

use super::graph::Model;
use super::{container, json};
use crate::base::float::Float;
use crate::base::state::State;
use crate::error::Result;
use crate::files::{all_bytes, refused};
use chainrule_base::files::write_file;
use std::path::Path;

impl Model {
    /// Writes the model and numbers for its parameters to a file; an empty state for none. By the file's ending:
    ///
    /// - `.chainrule`: the crate's own format: graph and tables packed, then the state as `safetensors` in its precision;
    /// - `.json`: the same to be read by people, much longer.
    ///
    /// Both are read back bit for bit, and equal models give equal bytes. Places in source code are left out, so that a file
    /// does not change when a line moves. The file is a temporary one beside `path` until it is whole and on the disk; then it
    /// takes the place of what was there.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) if the ending is another, the graph has two ops that a file cannot tell apart, or the file cannot
    /// be written. Then what was at `path` is still there.
    ///
    /// # Cost
    ///
    /// Linear; the bytes of the file are in memory while they are written.
    pub fn save<F: Float>(&self, path: impl AsRef<Path>, state: &State<F>) -> Result<()> {
        let path = path.as_ref();
        let bytes = match ModelFormat::of("save", path)? {
            ModelFormat::Packed => container::write(self, state),
            ModelFormat::Json => json::write(self, state),
        };
        write_file(path, &bytes.map_err(|problem| refused("save", path, &problem))?)
    }

    /// Reads a file that [`save`](Self::save) wrote, and the state in it. Ops are looked up when a [tape](Self::tape) is made.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) if the file cannot be read, is damaged, was written in a format that is not known here (the message
    /// says by which version), or holds f64 and is loaded in f32.
    ///
    /// # Cost
    ///
    /// Linear in the file, which is in memory while it is read; nothing is taken from its counts that its bytes do not
    /// bear out.
    pub fn load<F: Float>(path: impl AsRef<Path>) -> Result<(Self, State<F>)> {
        let path = path.as_ref();
        let format = ModelFormat::of("load", path)?;
        let read = all_bytes(path).and_then(|bytes| match format {
            ModelFormat::Packed => container::read(&bytes),
            ModelFormat::Json => json::read(&bytes),
        });
        let (model, state): (Self, State<F>) = read.map_err(|problem| refused("load", path, &problem))?;
        model.check().map_err(|problem| refused("load", path, &problem))?;
        Ok((model, state))
    }
}

/// A format that holds a model.
#[derive(Debug, Clone, Copy)]
enum ModelFormat {
    Packed,
    Json,
}

impl ModelFormat {
    /// The format of a file's ending.
    fn of(what: &'static str, path: &Path) -> Result<Self> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        match ending.as_str() {
            "chainrule" => Ok(Self::Packed),
            "json" => Ok(Self::Json),
            _ => Err(refused(what, path, "a model is in a file that ends in .chainrule or .json")),
        }
    }
}
