#![cfg(feature = "mnist")]
//! Data sets, read from files into arrays (feature `mnist`).
//!
//! Nothing in the engine knows of this module: it is here so that the examples and the main training job run
//! on a fresh machine. [`mnist`] holds the handwritten digits; their format, IDX, is read here. Whatever the
//! bytes of a file are, reading it gives the data or a [`DataError`], never a panic, and never takes more memory
//! than a small multiple of the bytes that are really there.

mod error;
mod idx;
pub mod mnist;
mod size;

pub use error::DataError;
