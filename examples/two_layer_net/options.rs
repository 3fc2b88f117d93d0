//! The command-line options.

use chainrule::check::Mode;
use clap::builder::RangedU64ValueParser;
use clap::{Parser, ValueEnum};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Check the gradients of a two-layer network, then train it on the handwritten digits of MNIST.
#[derive(Debug, Parser, Serialize)]
#[command(name = "two_layer_net")]
pub(crate) struct Options {
    /// How the gradients are checked before the training
    #[arg(long, value_enum, default_value_t = CheckMode::Chapter)]
    pub(crate) check: CheckMode,
    /// How many steps to train; 0 for the gradient check alone
    #[arg(long, default_value_t = 10_000, value_parser = between(0, 10_000_000))]
    pub(crate) iterations: usize,
    /// How many images a step sees
    #[arg(long, default_value_t = 100, value_parser = between(1, 60_000))]
    pub(crate) batch: usize,
    /// How many units the hidden layer has
    #[arg(long, default_value_t = 50, value_parser = between(1, 1_000))]
    pub(crate) hidden: usize,
    /// How far a step goes against the gradient
    #[arg(long, default_value_t = 0.1, value_parser = positive, allow_negative_numbers = true)]
    pub(crate) learning_rate: f64,
    /// What all random numbers come from: the first weights, and which images a step sees
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// The precision of the training; gradients are always checked in f64
    #[arg(long, value_enum, default_value_t = Dtype::F32)]
    pub(crate) dtype: Dtype,
    /// The folder with the four files of MNIST [default: data/mnist of this project]
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    data: Option<PathBuf>,
    /// The folder to write report.json, graph.dot, graph.svg and curves.svg to [default: two_layer_net in cargo's target]
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    out: Option<PathBuf>,
    /// How many threads a matrix product may use; the same number gives the same results
    #[arg(long, default_value_t = 1, value_parser = between(1, 256))]
    pub(crate) threads: usize,
}

/// How thoroughly gradients are checked.
#[derive(Debug, Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CheckMode {
    /// Every parameter, by the chapter's central differences with h = 1e-4
    Chapter,
    /// Every parameter, at steps chosen for each layer, with an estimate of the error
    Full,
    /// A few random directions for each layer
    Quick,
}

impl From<CheckMode> for Mode {
    fn from(mode: CheckMode) -> Self {
        match mode {
            CheckMode::Chapter => Self::CHAPTER,
            CheckMode::Full => Self::Full,
            CheckMode::Quick => Self::QUICK,
        }
    }
}

/// A precision.
#[derive(Debug, Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Dtype {
    F32,
    F64,
}

impl Options {
    /// The folder for what is written.
    pub(crate) fn out(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| crate::target::folder().join("two_layer_net"))
    }

    /// The folder with the data: the given one, or else the project's, or else the one below the current folder.
    pub(crate) fn data(&self) -> PathBuf {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist");
        match &self.data {
            Some(data) => data.clone(),
            None if project.is_dir() => project,
            None => PathBuf::from("data/mnist"),
        }
    }
}

fn between(least: u64, most: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(least..=most)
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(x) if f64::is_finite(x) && x > 0.0 => Ok(x),
        _ => Err("wanted a number greater than 0".to_owned()),
    }
}
