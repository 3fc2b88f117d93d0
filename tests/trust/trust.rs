//! What the crate must be trusted with, one file for each kind of trust.

#[path = "../support/mod.rs"]
mod support;

mod differences;
mod files;
mod functions;
mod hints;
mod identity;
mod kernels;
mod matrices;
mod memory;
mod op_check;
mod optimisers;
mod panics;
mod pictures;
mod properties;
mod report;
mod resuming;
mod saving;
mod scale;
mod small;
mod threads;
mod training;
mod users_ops;

/// The root of the workspace.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
