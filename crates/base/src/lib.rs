//! What the crates of `chainrule` share and re-export: the [`Error`] type, [`Location`]s in source code,
//! [display texts](shown) and [exact serialisation of floats](written).

pub mod error;
pub mod location;
pub mod shown;
pub mod written;

pub use error::{Error, Result};
pub use location::Location;
