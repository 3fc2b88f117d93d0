//! The formats by the endings of files, and files as they are opened.

use crate::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A format that holds a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StateFormat {
    Safetensors,
    Npz,
    Npy,
}

impl StateFormat {
    /// The format of a file's ending.
    pub(super) fn of(what: &'static str, path: &Path) -> crate::error::Result<Self> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        match ending.as_str() {
            "safetensors" => Ok(Self::Safetensors),
            "npz" => Ok(Self::Npz),
            "npy" => Ok(Self::Npy),
            _ => Err(refused(what, path, "a state is in a file that ends in .safetensors, .npz or .npy")),
        }
    }
}

/// The error of a file.
pub(crate) fn refused(what: &'static str, path: &Path, problem: &str) -> Error {
    Error::Argument { what, problem: format!("{}: {problem}", path.display()) }
}

/// Opens a file, and says how many bytes it has.
pub(super) fn open(path: &Path) -> Result<(File, u64), String> {
    let cannot = |e: std::io::Error| format!("cannot be read: {e}");
    let file = File::open(path).map_err(cannot)?;
    let known = file.metadata().map_err(cannot)?;
    match known.is_file() {
        true => Ok((file, known.len())),
        false => Err("is not a file".to_owned()),
    }
}

/// The bytes of a file.
pub(crate) fn all_bytes(path: &Path) -> Result<Vec<u8>, String> {
    let (file, length) = open(path)?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes).map_err(|e| format!("cannot be read: {e}"))?;
    Ok(bytes)
}
