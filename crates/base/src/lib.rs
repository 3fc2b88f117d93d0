//! What the crates of `chainrule` share and re-export: the [`Error`] type, [`Location`]s in source code,
//! [display texts](shown), [exact serialisation of floats](written) and [files written as a whole](files).

pub mod error;
pub mod files;
pub mod location;
pub mod mismatch;
pub mod shown;
pub mod written;

pub use error::{Error, Result};
pub use location::Location;
pub use mismatch::Mismatch;
