//! What the programs in `bin`, one for each engine, have in common: the same jobs, from the same start, timed alike.
//!
//! A program is told a workload and prints one line of JSON: what it took and what it computed. `run.py` calls it.

mod arguments;
pub mod chain;
mod measure;
pub mod mnist;
pub mod networks;
mod random;
pub mod scalars;
pub mod training;

pub use arguments::{Arguments, Dtype, Workload, refuse};
pub use measure::{Time, measure, report};
pub use training::{Layer, Training};

/// What a program ends with.
pub type Outcome = Result<(), Box<dyn std::error::Error>>;
