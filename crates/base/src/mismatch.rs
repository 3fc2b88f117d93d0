//! What two sets of named arrays do not share.

use crate::shown::first_of;
use std::fmt;

/// How the entries of a state differ from those that are wanted: an empty one says that they are the same names with the
/// same shapes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// The names that are wanted and not there.
    pub missing: Vec<String>,
    /// The names that are there and not wanted.
    pub surplus: Vec<String>,
    /// The names with another shape, the shape that is wanted, and the one that is there.
    pub reshaped: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl Mismatch {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.surplus.is_empty() && self.reshaped.is_empty()
    }
}

/// One sentence with the first names of each kind.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |names: &[String]| first_of(names.iter().map(|name| format!("`{name}`")));
        let mut parts = Vec::new();
        if !self.missing.is_empty() {
            parts.push(format!("missing: {}", quoted(&self.missing)));
        }
        if !self.surplus.is_empty() {
            parts.push(format!("surplus: {}", quoted(&self.surplus)));
        }
        if !self.reshaped.is_empty() {
            let shapes = self.reshaped.iter();
            let shapes = shapes.map(|(name, wanted, found)| format!("`{name}` {found:?}, wanted {wanted:?}"));
            parts.push(format!("of another shape: {}", first_of(shapes)));
        }
        match parts.is_empty() {
            true => f.write_str("no difference"),
            false => f.write_str(&parts.join("; ")),
        }
    }
}
