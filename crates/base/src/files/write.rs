//! Atomic file writes.

use super::temp_file::TempFile;
use crate::error::{Error, Result};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The most symbolic links that are followed, as on Linux.
const LINKS: usize = 40;
/// The most retries if the temporary file vanishes during the write.
const TRIES: usize = 3;

/// Writes a file atomically, as everything that saves does: a temporary file in the same folder replaces
/// the old file and takes over its permissions; symbolic links are followed; devices and pipes are written to directly.
///
/// # Errors
///
/// If the file is read-only or cannot be written; the message names it.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes).map_err(|e| refused(format!("{} cannot be written: {e}", path.display())))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = &end_of_links(path)?;
    let present = fs::metadata(path).ok();
    if present.as_ref().is_some_and(|present| present.is_file() && present.permissions().readonly()) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    // A device or a pipe cannot be replaced by a file.
    if present.as_ref().is_some_and(|present| !present.is_file() && !present.is_dir()) {
        return fs::write(path, bytes);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut tries = 0;
    loop {
        let (temp_file, mut file) = TempFile::create_in(folder)?;
        file.write_all(bytes).and_then(|()| file.sync_all())?;
        drop(file);
        if let Some(present) = present.as_ref().filter(|present| present.is_file()) {
            fs::set_permissions(temp_file.path(), present.permissions())?;
        }
        match temp_file.persist(path) {
            // A process that does not see this one removed the temporary file as stale.
            Err(e) if e.kind() == io::ErrorKind::NotFound && tries < TRIES => tries += 1,
            done => return done,
        }
    }
}

/// Resolves symbolic links; the target need not exist.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match fs::canonicalize(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
        match fs::read_link(&path) {
            // A relative target is relative to the link's folder.
            Ok(next) => path = path.parent().map_or(next.clone(), |folder| folder.join(&next)),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("it is a link that leads to no end"))
}

/// The error of a file that is not written.
pub fn refused(problem: String) -> Error {
    Error::Argument { what: "save", problem }
}
