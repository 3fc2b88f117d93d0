//! The folder that examples write to: cargo's target folder, wherever `CARGO_TARGET_DIR` or the configuration puts it.

use std::path::{Path, PathBuf};

/// That folder, as a relative path if it is below the current one.
pub(crate) fn folder() -> PathBuf {
    // An example is built as `debug/examples/name` in it.
    let program = std::env::current_exe().unwrap_or_default();
    let built = program.parent().filter(|folder| folder.ends_with("examples"));
    let folder = built.and_then(|folder| folder.ancestors().nth(2)).unwrap_or(Path::new("target"));
    let here = std::env::current_dir().unwrap_or_default();
    folder.strip_prefix(here).unwrap_or(folder).to_owned()
}
