//! New files beside others: for what is not complete yet, and for what shall have a name that nobody had.
//!
//! A process that is killed while it writes leaves such a file. Its name tells the process, and whoever writes a file in
//! the same folder next removes what ended processes left.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const NAME: &str = ".chainrule";
const ENDING: &str = "tmp";
/// Where it cannot be asked whether a process runs, a file that was not written to for so long is left by one that ended.
const STALE_AFTER: Duration = Duration::from_secs(3_600);

/// The files that this process is writing: a process may have the number of one that ended before it.
static OPEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn open() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // A set that another thread left is a whole set.
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that takes the place of another one when it is complete, and is gone if it does not.
pub(crate) struct TempFile {
    path: PathBuf,
    /// Whether the path is still the file's.
    pending: bool,
}

impl TempFile {
    /// A new one in a folder, after what ended processes left there is removed.
    pub(crate) fn create_in(folder: &Path) -> io::Result<(TempFile, File)> {
        // Nobody else may take the file for one that was left before it is known to be open.
        let mut open = open();
        remove_stale(folder, &open);
        let (path, file) = create_unique(folder, NAME, ENDING)?;
        open.insert(path.clone());
        Ok((TempFile { path, pending: true }, file))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it the name of another file, whose place it takes.
    pub(crate) fn persist(mut self, path: &Path) -> io::Result<()> {
        // As soon as the set is free again, its own name may be that of another thread's file.
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
            // The first problem is the one to tell.
            let _ = fs::remove_file(&self.path);
            open.remove(&self.path);
        }
    }
}

/// Removes what processes that ended left in a folder. What cannot be removed stays, which is no reason not to write.
fn remove_stale(folder: &Path, open: &BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(process);
        if process.is_some_and(|process| is_stale(process, &folder.join(&name), open)) {
            let _ = fs::remove_file(folder.join(&name));
        }
    }
}

/// The process whose file has this name, if it is such a name.
fn process(name: &str) -> Option<u32> {
    let middle = name.strip_prefix(NAME)?.strip_prefix('-')?.strip_suffix(ENDING)?.strip_suffix('.')?;
    let (process, number) = middle.split_once('-')?;
    number.parse::<u32>().ok()?;
    process.parse().ok()
}

/// Whether nobody writes to a file any more.
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

/// A file in a folder that nobody had before, not even by way of a link.
pub(crate) fn create_unique(folder: &Path, name: &str, ending: &str) -> io::Result<(PathBuf, File)> {
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
