//! What the crate must be trusted with, one file for each kind of trust.

mod differences;
mod files;
mod functions;
mod hints;
mod kernels;
mod memory;
mod op_check;
mod panics;
mod pictures;
mod report;
mod saving;
mod scale;
mod training;
