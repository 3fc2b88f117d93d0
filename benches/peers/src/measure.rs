//! The clock, and the line that says what it showed.

use crate::{Arguments, Dtype, Outcome, Workload};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Instant;

/// The mean time of a step in microseconds, after those that warm up.
pub fn measure(arguments: &Arguments, mut step: impl FnMut()) -> f64 {
    (0..arguments.warm).for_each(|_| step());
    let clock = Instant::now();
    (0..arguments.steps).for_each(|_| step());
    clock.elapsed().as_secs_f64() * 1e6 / arguments.steps as f64
}

#[derive(Serialize)]
struct Line<'a> {
    workload: Workload,
    dtype: Dtype,
    variant: &'a str,
    threads: usize,
    microseconds: f64,
    computed: BTreeMap<&'a str, f64>,
}

/// Prints what a step took, and what was computed, by name: the reason to believe the time.
pub fn report<const N: usize>(
    arguments: &Arguments,
    microseconds: f64,
    computed: [(&str, f64); N],
) -> Outcome {
    let Arguments { workload, dtype, threads, .. } = *arguments;
    let computed = computed.into();
    let line = Line { workload, dtype, variant: &arguments.variant, threads, microseconds, computed };
    println!("{}", serde_json::to_string(&line)?);
    Ok(())
}
