#![cfg(feature = "files")]
//! Models in files: a [`Model`] is a graph with its outputs and updates, which is saved with or without the numbers of its
//! parameters, and opened as a tape again.

mod container;
mod graph;
mod json;
mod saved;

pub use graph::Model;
