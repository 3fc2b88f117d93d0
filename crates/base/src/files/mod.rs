//! Files that are written as a whole or not at all: `write` replaces a file by way of a `temp_file`.

pub mod temp_file;
pub mod write;

pub use write::write_file;
