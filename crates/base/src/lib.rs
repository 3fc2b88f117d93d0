//! What the crates of `chainrule` share, and each re-exports as its own: the one [`Error`] type, [`Location`]s in
//! source code, [texts as they are shown](shown) and [numbers as they are written](written).

pub mod error;
pub mod location;
pub mod shown;
pub mod written;

pub use error::{Error, Result};
pub use location::Location;
