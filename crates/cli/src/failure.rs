//! What ends a command before it has an answer.

use std::fmt::Display;

/// Why a command has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A sentence for the user.
    Problem(String),
    /// Nobody reads the output any more.
    Closed,
}

impl Failure {
    /// A problem with a file.
    pub(crate) fn of(path: &std::path::Path, problem: impl Display) -> Self {
        Self::Problem(format!("{}: {problem}", path.display()))
    }
}

impl From<chainrule::Error> for Failure {
    fn from(error: chainrule::Error) -> Self {
        Self::Problem(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Problem(format!("the output cannot be written: {error}")),
        }
    }
}
