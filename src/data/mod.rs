#![cfg(feature = "mnist")]
//! Data sets, read from files into arrays (feature `mnist`).
//!
//! The engine does not use this module; it lets the examples and the main training job run on a fresh machine. [`mnist`]
//! has the handwritten digits, and `idx` reads their file format. Reading a file returns the data or a [`DataError`]
//! whatever its bytes are, never panics, and takes at most a small multiple of the memory of the bytes in the file.

mod error;
mod idx;
pub mod mnist;
mod size;

pub use error::DataError;
