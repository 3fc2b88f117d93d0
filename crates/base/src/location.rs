//! Where in the user's source a node was recorded.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A place in source code: file, line and column of the call that recorded a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Location {
    /// The file, as the compiler was given it.
    pub file: Box<str>,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1.
    pub column: u32,
}

impl From<&std::panic::Location<'_>> for Location {
    fn from(l: &std::panic::Location<'_>) -> Self {
        Self { file: l.file().into(), line: l.line(), column: l.column() }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
