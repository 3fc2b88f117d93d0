//! Temporary files for atomic writes, and files with unique names.
//!
//! A process that is killed while it writes leaves its temporary file. The file name holds the process id, and the next
//! write in the same folder removes the files of processes that have ended.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const NAME: &str = ".chainrule";
const ENDING: &str = "tmp";
/// The age at which a temporary file is stale, where it cannot be seen whether its process still runs.
const STALE_AFTER: Duration = Duration::from_secs(3_600);

/// The temporary files that this process has open; others with its process id are left by an earlier process.
static OPEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn open() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // A thread that panicked cannot have left the set half changed.
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A temporary file that replaces another file when it is complete, and is removed on drop otherwise.
pub struct TempFile {
    path: PathBuf,
    /// Whether the file still has its temporary name.
    pending: bool,
}

impl TempFile {
    /// Creates one in a folder, after removing stale ones there.
    pub fn create_in(folder: &Path) -> io::Result<(TempFile, File)> {
        // Held until the new file is registered, so that no other thread takes it for a stale one.
        let mut open = open();
        remove_stale(folder, &open);
        let (path, file) = create_unique(folder, NAME, ENDING)?;
        open.insert(path.clone());
        Ok((TempFile { path, pending: true }, file))
    }

    /// Where it is while it is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Renames it to `path`, replacing the file there.
    pub fn persist(mut self, path: &Path) -> io::Result<()> {
        // Held, since another thread may reuse the temporary name as soon as it is free.
        let mut open = open();
        fs::rename(&self.path, path)?;
        self.pending = false;
        open.remove(&self.path);
        Ok(())
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if self.pending {
            let mut open = open();
            // The error that led here is the one to report.
            let _ = fs::remove_file(&self.path);
            open.remove(&self.path);
        }
    }
}

/// Removes stale temporary files in a folder. A failure to do so is no reason not to write.
fn remove_stale(folder: &Path, open: &BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(process);
        if process.is_some_and(|process| is_stale(process, &folder.join(&name), open)) {
            let _ = fs::remove_file(folder.join(&name));
        }
    }
}

/// The process id in the name of a temporary file, if it is one.
fn process(name: &str) -> Option<u32> {
    let middle = name.strip_prefix(NAME)?.strip_prefix('-')?.strip_suffix(ENDING)?.strip_suffix('.')?;
    let (process, number) = middle.split_once('-')?;
    number.parse::<u32>().ok()?;
    process.parse().ok()
}

/// Whether the process that wrote a temporary file has ended.
fn is_stale(process: u32, path: &Path, open: &BTreeSet<PathBuf>) -> bool {
    if process == std::process::id() {
        return !open.contains(path);
    }
    let processes = Path::new("/proc");
    if processes.join("self").exists() {
        return !processes.join(process.to_string()).exists();
    }
    let age = fs::symlink_metadata(path).and_then(|known| known.modified()).map(|time| time.elapsed());
    matches!(age, Ok(Ok(age)) if age > STALE_AFTER)
}

/// Creates a file that did not exist, not even as a symbolic link.
pub fn create_unique(folder: &Path, name: &str, ending: &str) -> io::Result<(PathBuf, File)> {
    let process = std::process::id();
    let mut number = 0_u32;
    loop {
        let path = folder.join(format!("{name}-{process}-{number}.{ending}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && number < u32::MAX => number += 1,
            file => return Ok((path, file?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_process() {
        assert_eq!(process(".chainrule-71-0.tmp"), Some(71));
        for name in [
            "chainrule-71-0.tmp",
            ".chainrule-71.tmp",
            ".chainrule-71-0.tmp~",
            ".chainrule-x-0.tmp",
            ".chainrule--.tmp",
        ] {
            assert_eq!(process(name), None, "{name}");
        }
    }

    #[test]
    fn a_file_is_left_if_its_process_ended_or_does_not_know_it() {
        let own = std::process::id();
        let path = Path::new("a");
        assert!(is_stale(own, path, &BTreeSet::new()));
        assert!(!is_stale(own, path, &BTreeSet::from([path.to_owned()])));
        if Path::new("/proc/self").exists() {
            // No process has a number as large as this one.
            assert!(is_stale(u32::MAX, path, &BTreeSet::new()) && !is_stale(1, path, &BTreeSet::new()));
        }
    }
}
