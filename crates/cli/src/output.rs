//! What a command prints.

use crate::failure::Failure;
use std::io::Write;

/// Writes to the standard output.
pub(crate) fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// Writes text, or a value as JSON if that is wanted.
pub(crate) fn say(
    json: bool,
    text: impl FnOnce() -> String,
    value: impl FnOnce() -> serde_json::Value,
) -> Result<(), Failure> {
    let mut text = if json { format!("{:#}", value()) } else { text() };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    write(text.as_bytes())
}
