//! Rendering by an installed Graphviz.

use chainrule_base::error::{Error, Result};
use chainrule_base::files::write_file;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The output formats of `dot`, by file extension.
const KINDS: [&str; 3] = ["svg", "pdf", "png"];

/// Renders a file with a program that reads DOT. The program never gets the file name, which could look like an option.
pub(crate) fn render(dot: &str, program: &OsStr, path: &Path) -> Result<()> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("").to_ascii_lowercase();
    let Some(kind) = KINDS.iter().find(|&&kind| kind == ending) else {
        return Err(refused(format!("{} does not end in .svg, .pdf or .png", path.display())));
    };
    let name = program.display();
    let output = match run(dot, program, &format!("-T{kind}")) {
        Ok(output) => output,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let instead = with_dot(path);
            write_file(&instead, dot.as_bytes())?;
            return Err(refused(format!(
                "there is no program `{name}` to draw {}; install Graphviz, or use `save`, which needs no program; the \
                 graph was written to {} instead",
                path.display(),
                instead.display()
            )));
        }
        Err(e) => return Err(refused(format!("`{name}` cannot be run: {e}"))),
    };
    // An empty output is a failure without a status.
    if !output.status.success() || output.stdout.is_empty() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim();
        let said = if said.is_empty() { "it said nothing" } else { said };
        return Err(refused(format!("`{name}` did not draw {} ({}): {said}", path.display(), output.status)));
    }
    write_file(path, &output.stdout)
}

/// `graph.pdf.dot` for `graph.pdf`, a name that is unlikely to be taken.
fn with_dot(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".dot");
    PathBuf::from(name)
}

fn run(dot: &str, program: &OsStr, kind: &str) -> io::Result<Output> {
    let mut command = Command::new(program);
    command.arg(kind).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let input = child.stdin.take();
    // Written from another thread: a program that writes before it has read everything would otherwise deadlock with us.
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // A program that does not read to the end reports why by its status.
            input.map(|mut input| input.write_all(dot.as_bytes()))
        });
        child.wait_with_output()
    })
}

fn refused(problem: String) -> Error {
    Error::Argument { what: "graphviz", problem }
}
