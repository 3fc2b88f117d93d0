//! What a program is told.

use clap::{Parser, ValueEnum};
use serde::Serialize;

/// Runs one workload in one engine and prints what it took, as a line of JSON.
#[derive(Parser, Debug, Clone)]
pub struct Arguments {
    /// What to run
    #[arg(value_enum, ignore_case = true)]
    pub workload: Workload,
    /// The precision
    #[arg(long, value_enum, default_value = "f32")]
    pub dtype: Dtype,
    /// The way to run it, where an engine has several; the names are in its program
    #[arg(long, default_value = "")]
    pub variant: String,
    /// Threads that the engine may use, where it can be told
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// Steps that are timed
    #[arg(long, default_value_t = 100)]
    pub steps: usize,
    /// Steps before them that are not
    #[arg(long, default_value_t = 10)]
    pub warm: usize,
}

/// The jobs; `../README.md` says what each of them is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
pub enum Workload {
    /// A training step of 784-50-10 on 100 images
    A,
    /// The gradient check of the same network on 3 images
    B,
    /// A graph of a million scalars
    C,
    /// A training step of 784-512-512-10 on 128 images
    D,
    /// A chain of a thousand small elementwise ops
    E,
    /// A training step of a LeNet on 64 images
    F,
    /// A training step of a block of a transformer
    H,
    /// A training step of an LSTM over 32 times
    I,
}

/// A precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// Single precision
    F32,
    /// Double precision
    F64,
}

/// For a program that has no such workload, or not that way.
pub fn refuse(arguments: &Arguments) -> crate::Outcome {
    let Arguments { workload, dtype, variant, .. } = arguments;
    Err(format!("no workload {workload:?} in {dtype:?} with variant `{variant}` here").into())
}
