//! A page in the user's browser.

use chainrule_base::error::{Error, Result};
use chainrule_base::files::temp_file::create_unique;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A launcher that still runs after this time has succeeded: it has become the browser, or waits for it.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Writes a page to a new temporary file named after the title and opens it in the browser, as
/// [`Picture::show`](crate::Picture::show) does; returns the file.
///
/// # Errors
///
/// If the file cannot be written, or no program opens it; the message then names the file.
pub fn show_page(title: &str, page: &str) -> Result<PathBuf> {
    let path = kept(&std::env::temp_dir(), title, page)?;
    opened(path.clone(), launchers(&path))
}

/// The programs that may open a file, in the order in which they are tried.
#[cfg(not(target_family = "wasm"))]
fn launchers(path: &Path) -> Vec<Command> {
    open::commands(path)
}

/// A page that runs the crate opens no other.
#[cfg(target_family = "wasm")]
fn launchers(_: &Path) -> Vec<Command> {
    Vec::new()
}

/// Writes a page to a new file.
pub(crate) fn kept(folder: &Path, title: &str, page: &str) -> Result<PathBuf> {
    let written =
        create_unique(folder, &format!("chainrule-{}", word(title)), "html").and_then(|(path, mut file)| {
            file.write_all(page.as_bytes())?;
            Ok(path)
        });
    written.map_err(|e| refused(format!("no page can be written in {}: {e}", folder.display())))
}

/// A title as part of a file name.
fn word(title: &str) -> String {
    let parts = title.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    let word = parts.collect::<Vec<_>>().join("-");
    let word: String = word.chars().take(40).collect();
    if word.is_empty() { "graph".to_owned() } else { word.to_lowercase() }
}

/// Opens a file with the first launcher that succeeds.
pub(crate) fn opened(path: PathBuf, launchers: impl IntoIterator<Item = Command>) -> Result<PathBuf> {
    let mut problems = Vec::new();
    for mut launcher in launchers {
        let name = launcher.get_program().display().to_string();
        match start(&mut launcher) {
            Ok(()) => return Ok(path),
            Err(e) if e.kind() == io::ErrorKind::NotFound => problems.push(format!("there is no `{name}`")),
            Err(e) => problems.push(format!("`{name}`: {e}")),
        }
    }
    let problems = problems.join(", ");
    Err(refused(format!("nothing here opens a page ({problems}); it was written to {}", path.display())))
}

/// Starts a launcher and waits until it exits or has run for a while: some stay as long as the browser does.
fn start(launcher: &mut Command) -> io::Result<()> {
    let mut child = launcher.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(io::Error::other(status.to_string())),
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
    Ok(())
}

fn refused(problem: String) -> Error {
    Error::Argument { what: "show", problem }
}
